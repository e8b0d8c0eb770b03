"""Requests on the pages about writes, sent to the demo data one after the other: the answers are what the pages say."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from app.main import create_app
from app.prepare import seed_database
from app.settings import Settings
from pydantic import SecretStr

from tests.auth.signing import SECRET
from tests.conftest import client_of, started
from tests.dialect.test_documented_queries import BLOCK, expected, in_block, sent, squeezed, token_of

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.fixture(scope="module")
async def seeded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an API with the demo data."""
    rest = settings.rest.model_copy(update={"jwt_secret": SecretStr(SECRET)})
    demo = settings.model_copy(update={"rest": rest, "data_dir": tmp_path_factory.mktemp("demo")})
    await seed_database(demo)
    async with started(create_app(demo)) as app, client_of(app) as client:
        yield client


@pytest.mark.parametrize("page", ["write-together", "write-once", "change-what-you-saw"])
async def test_a_page_tells_what_is_answered(page: str, seeded: httpx.AsyncClient) -> None:
    listed = (await seeded.get("/rest/v1/profiles?select=username,id")).json()
    names = {f"${row['username'].upper()}": token_of(row["id"]) for row in listed}
    names |= {f"${row['username'].upper()}_ID": row["id"] for row in listed}
    blocks = BLOCK.findall((HOW_TO / f"{page}.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        example = in_block(page, block)
        answer = await sent(example, seeded, names)
        assert answer.status_code == example.status, answer.text
        for name, value in example.answer_headers.items():
            assert name.lower() in answer.headers, answer.headers
            assert re.fullmatch(expected(value), squeezed(answer.headers[name])), answer.headers
        if example.answer:
            assert re.fullmatch(expected(example.answer), squeezed(answer.text), re.DOTALL), answer.text
