"""Two processes keep answers, many write and read through both, one writes past them, Redis forgets: nobody is wrong.

Every row counts upwards. Whoever reads has noted, before they asked, the highest number that anybody was told of; what
they are given must be no lower. What is written past the API may show later, by the bound that the documentation says.
"""

import asyncio
import random
import re
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
import pytest

from tests.accounts.conftest import Member, bearer, signed_up
from tests.cache.processes import api_process
from tests.conftest import Urls
from tests.own_redis import OwnRedis, own_redis

#: So long, and until enough was read and found.
SECONDS, MOST_SECONDS = 8.0, 240.0
READS, FOUND = 200, 1 / 20
#: So much later, at the most, what was written past the API shows.
ELSEWHERE_SECONDS = 1.0
LOCAL_SECONDS = 0.5
_CACHE = re.compile(r"cache;desc=(\w+)")


@dataclass
class Ground:
    """Two addresses of one library, and what may go wrong."""

    addresses: list[str]
    redis: OwnRedis
    urls: Urls


@dataclass
class Books:
    """What everybody was told, by row: (number, when it was acknowledged)."""

    told: dict[str, list[tuple[int, float]]] = field(default_factory=dict[str, "list[tuple[int, float]]"])
    began: float = field(default_factory=time.monotonic)
    hits: int = 0
    reads: int = 0

    @property
    def are_open(self) -> bool:
        """Whether there is more to be found out."""
        since = time.monotonic() - self.began
        return since < SECONDS or (since < MOST_SECONDS and not self.tell_enough)

    @property
    def tell_enough(self) -> bool:
        """Whether answers were kept, so that all this was about them."""
        return self.reads > READS and self.hits > self.reads * FOUND

    def note(self, row: str, number: int) -> None:
        self.told.setdefault(row, [(0, 0.0)]).append((number, time.monotonic()))

    def least(self, row: str, before: float) -> int:
        """The highest number that was acknowledged before a moment."""
        return max(number for number, at in self.told.get(row, [(0, 0.0)]) if at <= before)


@pytest.fixture(scope="module", params=[0.0, LOCAL_SECONDS], ids=["always asks", "at hand for a while"])
def ground(request: pytest.FixtureRequest, urls: Urls, data_dir: Path) -> Generator[tuple[Ground, float]]:
    local: float = request.param
    with own_redis() as redis, ExitStack() as stack:
        more = {"RELAIS_REDIS_URL": redis.url, "RELAIS_CACHE_LOCAL_SECONDS": str(local)}
        addresses = [stack.enter_context(api_process(urls, data_dir, more)) for _ in range(2)]
        yield Ground(addresses, redis, urls), local


async def test_no_reader_is_given_less_than_somebody_was_told_before(ground: tuple[Ground, float]) -> None:
    place, local = ground
    async with httpx.AsyncClient(base_url=place.addresses[0], timeout=20) as client:
        member = await signed_up(client)
        rows = [await _new_row(client, member) for _ in range(4)]
        elsewhere = await _new_row(client, member)
    books = Books()
    work = [_write(place, member, row, books) for row in rows]
    work += [_read(place, who, [*rows, elsewhere], books, local=local) for who in (None, member) * 4]
    work += [_write_elsewhere(place, elsewhere, books), _flush(place, books)]
    await asyncio.gather(*work)
    assert books.tell_enough, (books.hits, books.reads)


async def _new_row(client: httpx.AsyncClient, member: Member) -> str:
    body = {"title": "0", "description": "compte", "category": "compte"}
    answer = await client.post("/api/resources", json=body, headers=member.headers)
    return answer.json()["id"]


async def _write(place: Ground, member: Member, row: str, books: Books) -> None:
    number, chance = 0, random.Random(row)
    async with httpx.AsyncClient(timeout=20) as client:
        while books.are_open:
            number += 1
            url = f"{chance.choice(place.addresses)}/rest/v1/resources?id=eq.{row}"
            answer = await client.patch(url, json={"title": str(number)}, headers=member.headers)
            assert answer.status_code == 204, answer.text
            books.note(row, number)
            await asyncio.sleep(chance.uniform(0.02, 0.3))


async def _write_elsewhere(place: Ground, row: str, books: Books) -> None:
    connection = cast("Any", await asyncpg.connect(place.urls.admin))
    try:
        number = 0
        while books.are_open:
            number += 1
            await connection.execute(
                "update library.resources set title = $1 where id = $2::text::uuid", str(number), row
            )
            books.note(row, number)
            await asyncio.sleep(0.15)
    finally:
        await connection.close()


async def _read(place: Ground, member: Member | None, rows: list[str], books: Books, *, local: float) -> None:
    chance = random.Random(str(member))
    headers = bearer(member.access_token) if member is not None else {}
    elsewhere = rows[-1]
    async with httpx.AsyncClient(timeout=20) as client:
        while books.are_open:
            address, began = chance.choice(place.addresses), time.monotonic()
            least = {row: books.least(row, began - local) for row in rows[:-1]}
            least[elsewhere] = books.least(elsewhere, began - local - ELSEWHERE_SECONDS)
            url = f"{address}/rest/v1/resources?select=id,title&category=eq.compte&order=id"
            answer = await client.get(url, headers=headers)
            assert answer.status_code == 200, answer.text
            found = _CACHE.search(answer.headers["server-timing"])
            books.reads += 1
            books.hits += found is not None and found[1] == "hit"
            seen = {item["id"]: int(item["title"]) for item in answer.json()}
            late = {row: (seen[row], number) for row, number in least.items() if seen[row] < number}
            assert late == {}, (found and found[1], late)
            await asyncio.sleep(chance.uniform(0, 0.02))


async def _flush(place: Ground, books: Books) -> None:
    chance = random.Random(7)
    while books.are_open:
        await asyncio.sleep(chance.uniform(0.3, 1.2))
        await asyncio.to_thread(place.redis.say, "FLUSHALL")
