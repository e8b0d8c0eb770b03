"""Every request on the pages about reads beyond the dialect is answered as its page says, on the demo data."""

import re
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from app.main import create_app
from app.prepare import seed_database
from app.settings import Settings

from tests.conftest import Urls, client_of, run_sql, started
from tests.dialect.test_documented_queries import BLOCK, expected, in_block, sent, squeezed

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
#: What the pages say is set.
SET = re.compile(r"^RELAIS_REST_(\w+)=(.*)$", re.MULTILINE)
PAGES = ("conditional-reads", "cost-budgets", "long-queries", "read-all-rows")


@pytest_asyncio.fixture(scope="module")
async def seeded(settings: Settings, urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an API with the demo data."""
    settings = settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("demo")})
    await seed_database(settings)
    await run_sql(urls.admin, "analyze")
    return settings


@pytest.mark.parametrize("page", PAGES)
async def test_the_examples_of_a_page_answer_what_it_says(page: str, seeded: Settings) -> None:
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    options = {name.lower(): value for name, value in SET.findall(text)}
    rest = type(seeded.rest).model_validate(seeded.rest.model_dump() | options)
    examples = [in_block(page, block) for block in BLOCK.findall(text)]
    assert examples
    remembered: dict[str, str] = {}
    async with started(create_app(seeded.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        for example in examples:
            example.headers = {name: remembered.get(value, value) for name, value in example.headers.items()}
            answer = await sent(example, client, {})
            told = f"{example}\n{answer.status_code} {answer.headers}\n{answer.text}"
            assert answer.status_code == example.status, told
            for name, value in example.answer_headers.items():
                assert re.fullmatch(expected(value), squeezed(answer.headers.get(name, ""))), told
            if example.answer:
                assert re.fullmatch(expected(example.answer), squeezed(answer.text), re.DOTALL), told
            remembered |= tag_of(answer)


def tag_of(answer: httpx.Response) -> dict[str, str]:
    """What stands for the tag of the answer before on a page."""
    return {'"…"': answer.headers["etag"]} if "etag" in answer.headers else {}
