"""Requests and the exact answers that they must get: the cases of `cases/`, asked in this process."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from app.embedded import Servers
from app.gateway.parse import PREFIX
from app.main import create_app
from app.servers import resolved

from tests.conftest import Urls, settings_for, started

from .case_files import CONFIGURED, FILES, Case, configuration_of, read_cases
from .database import fingerprint
from .exchange import InProcess
from .serving import own_database

FEATURES = (
    "filters logic json select embed spread aggregates order_range count media insert upsert update delete put prefer"
    " rpc errors profiles options tokens"
).split()
PATHS = sorted(FILES.glob("*.json")) + sorted(FILES.glob("configured/*.json"))
CASES = [pytest.param(path, case, id=f"{path.stem}: {case.name}") for path in PATHS for case in read_cases(path)]


class Sides:
    """An application for each file of cases, begun when its first case is asked; the one before ends with it."""

    def __init__(self, servers: Servers, data_dir: Path, database: Urls) -> None:
        self.settings = settings_for(database, servers, data_dir)
        self.database = database
        self.stem = ""
        self.stack = AsyncExitStack()

    async def of(self, stem: str) -> InProcess:
        """The application that the cases of a file are asked of."""
        wanted = stem if stem in CONFIGURED else "open"
        if wanted != self.stem:
            await self.stack.aclose()
            settings = configuration_of(wanted).relais(self.settings, self.database.login)
            app = create_app(self.stack.enter_context(resolved(settings)))
            self.side, self.stem = InProcess(await self.stack.enter_async_context(started(app)), PREFIX), wanted
        return self.side


@pytest.fixture(scope="module")
def database(servers: Servers) -> Generator[Urls]:
    """An awkward database that no other file uses: plans change when pages are written, even in vain."""
    with own_database(servers) as urls:
        yield urls


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sides(servers: Servers, data_dir: Path, database: Urls) -> AsyncGenerator[Sides]:
    sides = Sides(servers, data_dir, database)
    before = await fingerprint(database.admin)
    yield sides
    await sides.stack.aclose()
    assert await fingerprint(database.admin) == before, "a case has left something behind"


def test_every_feature_has_its_file() -> None:
    assert sorted(FEATURES) == sorted(path.stem for path in FILES.glob("*.json"))
    assert sorted(CONFIGURED) == sorted(path.stem for path in FILES.glob("configured/*.json"))


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names) >= 450


@pytest.mark.parametrize(("path", "case"), CASES)
async def test_case(sides: Sides, path: Path, case: Case) -> None:
    side = await sides.of(path.stem)
    problems = case.problems(await side.ask(case.request))
    assert not problems, "\n".join([case.request.curl("$URL"), *problems])
