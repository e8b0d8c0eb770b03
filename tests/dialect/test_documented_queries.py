"""Every request on the pages about queries, sent to the demo data: the answer is what the page says.

A page shows a request in a block of `http`; what follows `→` is what must come back. `…` stands for anything, white
space for nothing. A request inside a sentence or a table, such as `resources?select=id`, is a GET; the status is 200
unless the same line names another one after it.
"""

import json
import re
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from app.main import create_app
from app.prepare import seed_database
from app.settings import Settings
from pydantic import SecretStr

from tests.auth.signing import SECRET, hmac_signer, signed
from tests.conftest import Urls, client_of, run_sql, started

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("queries", "queries-writing", "queries-functions", "queries-headers")
BLOCK = re.compile(r"```http\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"```.*?```", re.DOTALL)
INLINE = re.compile(r"`((?:rpc/)?[a-z_]+\?[^`\s…]+)`")
STATUS = re.compile(r"\b([2345]\d\d)\b")
#: What the pages say is switched on where they use it. Nothing that an example writes stays.
OPTIONS: dict[str, object] = {
    "db_aggregates_enabled": True,
    "db_plan_enabled": True,
    "db_tx_end": "rollback",
    "jwt_secret": SecretStr(SECRET),
}


@dataclass(slots=True)
class Example:
    """A request as a page shows it, and what is said of its answer."""

    page: str
    method: str
    target: str
    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict[str, str])
    answer: str = ""

    def __str__(self) -> str:
        return f"{self.page}: {self.method} {self.target}"


def examples() -> Iterator[Example]:
    """All of them, page by page."""
    for page in PAGES:
        text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
        for block in BLOCK.findall(text):
            yield in_block(page, block)
        for line in FENCED.sub("", text).splitlines():
            for found in INLINE.finditer(line):
                status = STATUS.search(line, found.end())
                yield Example(page, "GET", found[1], int(status[1]) if status else 200)


def in_block(page: str, block: str) -> Example:
    asked, arrow, said = block.partition("\n→ ")
    assert arrow, f"{page}: an example does not say what it answers:\n{block}"
    (request, *headers), body = parts(asked)
    (status, *answer_headers), answer = parts(said)
    method, target = request.split(" ", 1)
    return Example(
        page,
        method,
        target.removeprefix("/rest/v1/"),
        int(status.split(" ")[0]),
        dict(line.split(": ", 1) for line in headers),
        body.strip(),
        dict(line.split(": ", 1) for line in answer_headers),
        answer.strip(),
    )


def parts(text: str) -> tuple[list[str], str]:
    """The lines of a head, and what comes after an empty line."""
    head, _, rest = text.strip("\n").partition("\n\n")
    return head.split("\n"), rest


@pytest.fixture(scope="module")
def demo_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    rest = type(settings.rest).model_validate(settings.rest.model_dump() | OPTIONS)
    return settings.model_copy(update={"rest": rest, "data_dir": tmp_path_factory.mktemp("demo")})


@pytest_asyncio.fixture(scope="module")
async def seeded(demo_settings: Settings, urls: Urls) -> AsyncGenerator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """A client of an API with the demo data, and the tokens of its people by the names that the pages have for them."""
    await seed_database(demo_settings)
    # Estimates are the planner's, and it knows a table that was looked at.
    await run_sql(urls.admin, "analyze")
    async with started(create_app(demo_settings)) as app, client_of(app) as client:
        listed = (await client.get("/rest/v1/profiles?select=username,id")).json()
        yield client, {f"${row['username'].upper()}": token_of(row["id"]) for row in listed}


def token_of(user: str) -> str:
    claims = {"sub": user, "role": "authenticated", "exp": int(time.time()) + 3600}
    return signed({"alg": "HS256", "typ": "JWT"}, claims, hmac_signer(SECRET.encode()))


@pytest.mark.parametrize("example", list(examples()), ids=str)
async def test_an_example_answers_what_its_page_says(
    example: Example, seeded: tuple[httpx.AsyncClient, dict[str, str]]
) -> None:
    answer = await sent(example, *seeded)
    assert answer.status_code == example.status, answer.text
    for name, value in example.answer_headers.items():
        assert re.fullmatch(expected(value), squeezed(answer.headers.get(name, ""))), answer.headers
    if example.answer:
        assert re.fullmatch(expected(example.answer), squeezed(answer.text), re.DOTALL), answer.text


async def sent(example: Example, client: httpx.AsyncClient, names: dict[str, str]) -> httpx.Response:
    """The answer to an example, with tokens and ids in the place of their names."""

    def filled(text: str) -> str:
        return re.sub(r"\$[A-Z]+(?:_ID)?", lambda found: names[found[0]], text)

    headers = {"Content-Type": "application/json"} if example.body else {}
    for name, value in (headers | example.headers).items():
        headers[name] = filled(value)
    path = example.target if example.target.startswith("/") else f"/rest/v1/{example.target}"
    url = httpx.URL(f"http://relais.test{filled(path)}")
    return await client.request(example.method, url, headers=headers, content=example.body.encode())


def expected(text: str) -> str:
    """What a page says, as a pattern."""
    return ".*".join(re.escape(squeezed(part)) for part in text.split("…"))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_pages_have_examples_of_every_kind() -> None:
    found = list(examples())
    assert {example.method for example in found} >= {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}
    assert {example.page for example in found} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_json_on_a_page_is_json(page: str) -> None:
    for example in (item for item in examples() if item.page == page and item.body.startswith(("{", "["))):
        json.loads(example.body)
