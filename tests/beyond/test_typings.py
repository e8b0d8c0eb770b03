"""`relais catalog types`: what typed clients are told is what the database takes and gives."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from app.catalog.typings import TypedSchema, typed_schemas
from app.catalog.typings_py import python
from app.catalog.typings_ts import typescript
from app.embedded import Servers
from app.settings import Settings

from tests.conftest import Urls, environment_for, run_sql
from tests.javascript import SUITES, NoPackages, node, node_modules

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "how-to" / "types-for-clients.md"
WRITERS = {"ts": typescript, "py": python}


@pytest.fixture(scope="module")
async def awkward(settings: Settings, urls: Urls) -> Sequence[TypedSchema]:
    """The awkward schema, as it is told of."""
    await run_sql(urls.admin, (HERE / "typings.sql").read_text())
    rest = settings.rest.model_copy(update={"db_schemas": "awkward"})
    return await typed_schemas(settings.model_copy(update={"rest": rest}), ["library"])


@pytest.fixture(scope="module")
async def library(settings: Settings) -> Sequence[TypedSchema]:
    """What clients of the library are told."""
    return await typed_schemas(settings, ["library"])


def loaded(text: str, path: Path) -> ModuleType:
    """A Python file, imported."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def example(language: str) -> str:
    """What the page shows of a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", sorted(WRITERS))
async def test_an_awkward_schema_is_written_as_it_was(awkward: Sequence[TypedSchema], language: str) -> None:
    assert WRITERS[language](awkward) == (HERE / "golden" / f"awkward.{language}.txt").read_text()


async def test_what_python_is_told(awkward: Sequence[TypedSchema], tmp_path: Path) -> None:
    module: Any = loaded(python(awkward), tmp_path / "awkward_types.py")

    assert module.AuthorsInsert.__required_keys__ == {"name", "extra"}
    assert {"id", "shout"}.isdisjoint(get_type_hints(module.AuthorsInsert))
    assert module.AuthorsUpdate.__required_keys__ == frozenset()
    assert module.BooksMoreInsert.__required_keys__ == {"author id", "select", "price"}
    assert module.BooksMore2Row.__required_keys__ == {"only_one"}
    assert get_type_hints(module.AuthorsRow)["place"] == module.Point | None
    assert get_type_hints(module.AuthorsRow)["born"] == str | None
    assert module.AuthorsNamedArgs.__required_keys__ == {"wanted"}
    assert str(module.AuthorsNamedReturns) == "list['AuthorsRow']"


@pytest.mark.parametrize("language", sorted(WRITERS))
async def test_the_command_writes_types_of_the_modules(
    urls: Urls, servers: Servers, data_dir: Path, library: Sequence[TypedSchema], language: str
) -> None:
    command = [sys.executable, "-m", "app.cli", "catalog", "types", "--lang", language]
    environment = environment_for(urls, servers, data_dir)
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == WRITERS[language](library)


async def test_the_tenant_is_not_told_of(library: Sequence[TypedSchema]) -> None:
    assert not [table.name for table in library[0].tables for item in table.members if item.name == "tenant_id"]
    assert {table.name for table in library[0].tables} >= {"resources", "collections", "profiles"}


async def test_python_takes_the_types_of_the_library(library: Sequence[TypedSchema], tmp_path: Path) -> None:
    module: Any = loaded(python(library), tmp_path / "library_types.py")
    shown: dict[str, Any] = {}
    exec(example("python").replace("from database", "from library_types"), shown)
    assert shown["new"].keys() >= module.ResourcesInsert.__required_keys__
    assert "title" in module.ResourcesInsert.__required_keys__
    assert "id" not in module.ResourcesInsert.__required_keys__


async def test_supabases_client_takes_the_types(
    library: Sequence[TypedSchema], awkward: Sequence[TypedSchema], tmp_path: Path
) -> None:
    """The compiler finds nothing wrong with right uses, and each of the wrong ones."""
    suite = SUITES / "types"
    try:
        packages = node_modules(suite)
    except NoPackages as reason:
        pytest.fail(f"npm: {reason}")
    for name in ("package.json", "tsconfig.json", "usage.ts"):
        shutil.copy(suite / name, tmp_path)
    (tmp_path / "page.ts").write_text(example("ts"))
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "database.ts").write_text(typescript(library))
    (tmp_path / "awkward.ts").write_text(typescript(awkward))
    command = [node(), str(packages / "typescript" / "bin" / "tsc"), "-p", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
