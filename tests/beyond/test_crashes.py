"""A server that is killed after it committed and before it answered: whoever asks again is told what was done."""

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from app.embedded import Servers

from tests.beyond.desk import REPRESENTATION, count_of, desk_urls, rows_of, somebody
from tests.conftest import Urls, environment_for, run_sql
from tests.dialect.tokens import SECRET
from tests.own_redis import OwnRedis, own_redis

__all__ = ["desk_urls"]
PATIENCE_SECONDS = 60
ROUNDS = 2


class Mortal:
    """A server that is killed and started again, at one address."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {**environment, "RELAIS_SERVER_PORT": str(port)}
        self.address = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"], env=self.environment, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        # The gateway has looked at the database. Asked without a client that would cost more than the server.
        connection = HTTPConnection(self.address.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/rest/v1/counters", headers=somebody())
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


@pytest.fixture
def redis() -> Generator[OwnRedis]:
    with own_redis() as redis:
        yield redis


@pytest.fixture
def mortal(desk_urls: Urls, servers: Servers, data_dir: Path, redis: OwnRedis) -> Generator[Mortal]:
    environment = {
        **environment_for(desk_urls, servers, data_dir),
        "RELAIS_REST_DB_SCHEMAS": "desk,library",
        "RELAIS_REST_JWT_SECRET": SECRET,
        "RELAIS_REDIS_URL": redis.url,
        "RELAIS_REDIS_TIMEOUT_SECONDS": "60",
        "RELAIS_HTTP_TIMEOUT_SECONDS": "60",
    }
    server = Mortal(environment)
    server.start()
    try:
        yield server
    finally:
        server.kill()


async def test_what_was_committed_and_not_answered_is_answered_when_asked_again(
    mortal: Mortal, desk_urls: Urls, redis: OwnRedis
) -> None:
    # What is written there must be forgotten by Redis before it is answered, and Redis will not say that it has.
    await run_sql(desk_urls.admin, "select relais.announce_writes('desk.orders')")
    key, title = uuid4().hex, uuid4().hex
    headers = {**somebody(), **REPRESENTATION, "Idempotency-Key": key}
    request = {"url": f"{mortal.address}/rest/v1/orders", "json": {"title": title}, "headers": headers}
    redis.freeze()
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        asking = asyncio.create_task(client.post(**request))  # pyright: ignore[reportArgumentType]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await count_of(desk_urls, "relais.idempotency_keys", f"key = '{key}'"):
            assert time.monotonic() < deadline, "it was never committed"
            assert not asking.done(), "it was answered"
            await asyncio.sleep(0.02)
        assert not asking.done(), "it was answered"
        mortal.kill()
        with pytest.raises(httpx.TransportError):
            await asking
        redis.thaw()
        mortal.start()
        again = await client.post(**request)  # pyright: ignore[reportArgumentType]
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert [row["title"] for row in again.json()] == [title]
    assert await rows_of(desk_urls, "select id from desk.orders where title = $1", title) == [(again.json()[0]["id"],)]


async def test_killed_at_any_time_each_write_of_a_route_is_done_once(mortal: Mortal, desk_urls: Urls) -> None:
    rng, said = random.Random(), uuid4().hex
    await run_sql(
        desk_urls.admin,
        # Between what the route writes and the end of its transaction.
        "create or replace function public.slow_down() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.02); return null; end $$",
        "create or replace trigger slow_down after update on relais.idempotency_keys"
        " for each row execute function public.slow_down()",
    )
    asked = [f"{said}-{number}" for number in range(30)]
    answers: dict[str, httpx.Response] = {}

    async def ask(client: httpx.AsyncClient, title: str) -> None:
        headers = {**me, "Idempotency-Key": title}
        body = {"name": title, "isPublic": True}
        try:
            answer = await client.post(f"{mortal.address}/api/collections", json=body, headers=headers)
        except httpx.TransportError:
            return
        assert answer.status_code == 201, answer.text
        assert answers.setdefault(title, answer).content == answer.content

    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        body = {"email": f"{said}@example.org", "password": "Correct-Horse-7"}
        signed_up = await client.post(f"{mortal.address}/api/auth/signup", json=body)
        me = {"Authorization": f"Bearer {signed_up.json()['access_token']}"}
        for _ in range(ROUNDS):
            asking = asyncio.gather(*[ask(client, title) for title in asked])
            await asyncio.sleep(rng.uniform(0.05, 0.5))
            mortal.kill()
            await asking
            mortal.start()
        await asyncio.gather(*[ask(client, title) for title in asked])
    assert answers.keys() == set(asked)
    found = await rows_of(desk_urls, "select id::text from library.collections where name like $1", f"{said}-%")
    assert sorted(row[0] for row in found) == sorted(answer.json()["id"] for answer in answers.values())


async def test_killed_at_any_time_each_write_is_done_once(mortal: Mortal, desk_urls: Urls) -> None:
    rng, said = random.Random(), uuid4().hex
    asked = [f"{said}-{number}" for number in range(30)]
    answers: dict[str, httpx.Response] = {}

    async def ask(client: httpx.AsyncClient, text: str) -> None:
        headers = {**me, "Idempotency-Key": text}
        body = {"said": text, "seconds": 0.02}
        try:
            answer = await client.post(f"{mortal.address}/rest/v1/rpc/slowly", json=body, headers=headers)
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        answers[text] = answer

    me = somebody()
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        for _ in range(ROUNDS):
            asking = asyncio.gather(*[ask(client, text) for text in asked])
            await asyncio.sleep(rng.uniform(0, 0.3))
            mortal.kill()
            await asking
            mortal.start()
        answers.clear()
        await asyncio.gather(*[ask(client, text) for text in asked])
    assert answers.keys() == set(asked)
    assert await count_of(desk_urls, "desk.log", f"said like '{said}-%'") == len(asked)
