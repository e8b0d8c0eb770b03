"""Requests on the pages about what goes beyond the dialect, sent to the demo data: the answer is what the page says."""

import re
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import pytest
from app.main import create_app
from app.prepare import seed_database
from app.settings import Settings
from pydantic import SecretStr

from tests.auth.signing import SECRET, hmac_signer, signed
from tests.conftest import client_of, started
from tests.dialect.test_documented_queries import BLOCK, Example, expected, in_block, squeezed

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = ("read-as-somebody-else", "why-nothing")
#: The token of somebody, or their id.
_NAMED = re.compile(r"\$[A-Z]+(?:_ID)?")


def examples() -> Iterator[Example]:
    """All of them, page by page."""
    for page in PAGES:
        for block in BLOCK.findall((HOW_TO / f"{page}.md").read_text(encoding="utf-8")):
            yield in_block(page, block)


@pytest.fixture(scope="module")
async def seeded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an API with the demo data."""
    rest = settings.rest.model_copy(update={"jwt_secret": SecretStr(SECRET)})
    demo = settings.model_copy(update={"rest": rest, "data_dir": tmp_path_factory.mktemp("demo")})
    await seed_database(demo)
    async with started(create_app(demo)) as app, client_of(app) as client:
        yield client


@pytest.mark.parametrize("example", list(examples()), ids=str)
async def test_an_example_answers_what_its_page_says(example: Example, seeded: httpx.AsyncClient) -> None:
    listed = (await seeded.get("/rest/v1/profiles?select=username,id")).json()
    ids = {row["username"].upper(): row["id"] for row in listed}
    names = {f"${name}_ID": identifier for name, identifier in ids.items()}
    names |= {f"${name}": token_of(identifier) for name, identifier in ids.items()}

    def filled(text: str) -> str:
        return _NAMED.sub(lambda found: names[found[0]], text)

    headers = {name: filled(value) for name, value in example.headers.items()}
    answer = await seeded.request(example.method, f"/rest/v1/{filled(example.target)}", headers=headers)
    assert answer.status_code == example.status, answer.text
    for name, value in example.answer_headers.items():
        assert re.fullmatch(expected(filled(value)), squeezed(answer.headers.get(name, ""))), answer.headers
    if example.answer:
        assert re.fullmatch(expected(filled(example.answer)), squeezed(answer.text), re.DOTALL), answer.text


def token_of(user: str) -> str:
    """A token of a user, as another issuer would give it."""
    claims = {"sub": user, "role": "authenticated", "exp": int(time.time()) + 3600}
    return signed({"alg": "HS256", "typ": "JWT"}, claims, hmac_signer(SECRET.encode()))


def test_every_page_has_examples() -> None:
    assert {example.page for example in examples()} == set(PAGES)
