"""Who is let in: those whose session is good, as Redis remembers it and as PostgreSQL knows it, and nobody else."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
from app.adapters.postgres import Database
from app.adapters.redis import Redis
from app.auth.caller import Caller
from app.auth.guard import Guard
from app.errors import AppError
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import NOBODYS
from tests.conftest import Urls, started

NOWHERE = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")
ADDRESS = "203.0.113.7"
SESSION = """
    with person as (insert into relais.users (email) values ($1) returning id),
    member as (
        insert into relais.memberships (tenant_id, user_id) select relais.default_tenant_id(), id from person
        returning tenant_id, user_id)
    insert into relais.sessions (tenant_id, user_id, expires_at)
    select tenant_id, user_id, now() + $2::float8 * interval '1 second' from member
    returning id::text
"""
REVOKE = "update relais.sessions set revoked_at = now() where id = $1::text::uuid"


@dataclass(frozen=True, slots=True)
class Place:
    """A guard, and what it asks."""

    guard: Guard
    redis: Redis
    url: str
    settings: Settings

    async def sql(self, statement: str, *args: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement, *args)
        finally:
            await connection.close()

    async def session(self, seconds: float = 86400.0) -> Caller:
        """Somebody in a new session."""
        found = await self.sql(SESSION, f"{secrets.token_hex(6)}@example.org", seconds)
        return in_session(found)

    async def remembered(self, caller: Caller) -> bytes | None:
        """What Redis says of a session."""
        return await self.redis.client.get(self.redis.key(caller.credential))

    async def lets_in(self, caller: Caller, guard: Guard | None = None) -> bool:
        """Whether the guard does, in the same words for all kinds of endpoint."""
        outcomes = {await self.outcome(caller, kind, guard or self.guard) for kind in ("reads", "writes", "auth")}
        assert len(outcomes) == 1
        return outcomes == {None}

    async def outcome(self, caller: Caller, kind: Any, guard: Guard) -> str | None:
        try:
            await guard.count(caller, ADDRESS, kind)
        except AppError as error:
            return error.code
        return None

    async def without_database(self) -> Guard:
        """The same guard in a process that does not reach PostgreSQL."""
        database = Database(self.settings.database.model_copy(update={"url": NOWHERE, "connect_timeout_seconds": 0.2}))
        await database.open()
        return replace(self.guard, database=database)


def in_session(session: str) -> Caller:
    return Caller("authenticated", "{}", str(uuid.uuid4()), "", False, f"session:{session}")


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(settings)) as app:
        yield app


@pytest.fixture
async def place(app: FastAPI, settings: Settings, urls: Urls) -> Place:
    state = app.state.relais
    async with asyncio.timeout(20):
        while not state.guard.endings.hears:
            await asyncio.sleep(0.005)
    return Place(state.guard, state.redis, urls.admin, settings)


async def test_a_session_that_is_good_is_remembered_for_as_long_as_its_token(place: Place) -> None:
    caller = await place.session()
    assert await place.remembered(caller) is None
    assert await place.lets_in(caller)
    assert await place.remembered(caller) == b"good"
    lasts = await place.redis.client.ttl(place.redis.key(caller.credential))
    assert 0 < lasts <= place.settings.auth.access_token_seconds


async def test_what_is_remembered_is_not_asked_for_again(place: Place) -> None:
    """The hot path: one round trip to Redis and none to PostgreSQL, which may even be away."""
    caller = await place.session()
    assert await place.lets_in(caller)
    assert await place.lets_in(caller, await place.without_database())


async def test_without_redis_and_postgresql_nobody_with_a_session_is_let_in(place: Place) -> None:
    caller = await place.session()
    guard = await place.without_database()
    with pytest.raises(AppError) as raised:
        await guard.count(caller, ADDRESS, "reads")
    assert raised.value.status == 503
    assert await place.remembered(caller) is None, "not knowing is no knowledge"
    assert await place.lets_in(caller)


async def test_an_end_that_this_process_knows_of_needs_no_question(place: Place) -> None:
    caller = await place.session()
    place.guard.endings.add(caller.credential)
    with pytest.raises(AppError) as raised:
        await (await place.without_database()).count(caller, ADDRESS, "reads")
    assert (raised.value.code, raised.value.status) == ("SESSION_ENDED", 401)
    assert raised.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


async def test_an_end_is_told_to_redis_for_as_long_as_a_token_may_live(place: Place) -> None:
    caller = await place.session()
    assert await place.lets_in(caller)
    await place.guard.ended((caller.credential,))
    assert await place.remembered(caller) == b"ended"
    lasts = await place.redis.client.ttl(place.redis.key(caller.credential))
    assert 0 < lasts <= place.settings.auth.access_token_seconds
    assert not await place.lets_in(caller)


async def test_redis_may_say_that_a_session_ended_and_is_believed(place: Place) -> None:
    """Another process has ended it, and its announcement is still on its way."""
    caller = await place.session()
    await place.redis.client.set(place.redis.key(caller.credential), b"ended")
    assert await place.outcome(caller, "reads", place.guard) == "SESSION_ENDED"


@pytest.mark.parametrize("session", [NOBODYS, "00000000-0000-0000-0000-000000000000"])
async def test_a_session_that_never_was_is_over(place: Place, session: str) -> None:
    assert await place.outcome(in_session(session), "reads", place.guard) == "SESSION_ENDED"


async def test_a_session_past_its_time_is_over(place: Place) -> None:
    assert await place.outcome(await place.session(seconds=-1), "reads", place.guard) == "SESSION_ENDED"


@pytest.mark.parametrize("nonsense", [b"", b"goods", b"GOOD", b"\xff", b"1"])
async def test_nonsense_in_redis_is_no_answer(place: Place, nonsense: bytes) -> None:
    good, ended = await place.session(), await place.session()
    await place.sql(REVOKE, ended.credential.partition(":")[2])
    for caller in (good, ended):
        await place.redis.client.set(place.redis.key(caller.credential), nonsense)
    assert await place.lets_in(good)
    assert not await place.lets_in(ended)


async def test_a_key_of_another_type_is_no_answer(place: Place) -> None:
    caller = await place.session()
    await place.redis.client.rpush(place.redis.key(caller.credential), "good")
    assert await place.lets_in(caller)
    await place.sql(REVOKE, caller.credential.partition(":")[2])
    assert not await place.lets_in(caller)


async def test_whoever_hears_nothing_asks_postgresql(place: Place) -> None:
    caller = await place.session()
    assert await place.lets_in(caller)
    deaf = replace(place.guard, endings=type(place.guard.endings)(place.guard.database, 60))
    assert await place.lets_in(caller, deaf)
    await place.sql("delete from relais.sessions where id = $1::text::uuid", caller.credential.partition(":")[2])
    await place.redis.client.set(place.redis.key(caller.credential), b"good")
    assert not await place.lets_in(caller, deaf)


async def test_an_end_in_the_middle_of_many_questions_is_never_forgotten(place: Place) -> None:
    """Whoever was told that a session is good must not write so over its end."""
    for _ in range(30):
        caller = await place.session()

        async def end(caller: Caller = caller) -> None:
            await place.sql(REVOKE, caller.credential.partition(":")[2])
            await place.guard.ended((caller.credential,))

        asked = [place.outcome(caller, "reads", place.guard) for _ in range(8)]
        await asyncio.gather(*asked[:4], end(), *asked[4:])
        assert await place.remembered(caller) == b"ended"
        assert not await place.lets_in(caller)


async def test_whoever_has_no_session_is_asked_for_none(place: Place) -> None:
    nobody = Caller("anon", "{}", "", "", True)
    foreign = Caller("authenticated", "{}", str(uuid.uuid4()), "", False)
    for caller in (nobody, foreign):
        assert await place.lets_in(caller, await place.without_database())


async def test_callers_are_told_how_often_they_may_ask(place: Place) -> None:
    caller = await place.session()
    for kind in ("reads", "auth"):
        told = {name.decode(): value for name, value in await place.guard.count(caller, ADDRESS, kind)}
        assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= set(told)
        assert int(told["ratelimit-remaining"]) < int(told["ratelimit-limit"])


async def test_a_token_that_may_only_read_writes_nothing(place: Place, app: FastAPI) -> None:
    claims = {"sub": str(uuid.uuid4()), "role": "authenticated", "relais_scopes": ["read"]}
    token = f"Bearer {app.state.accounts.keys.sign(claims)}".encode()
    callers = app.state.relais.callers
    caller, _ = await place.guard.admit(callers, token, ADDRESS, "reads", reads=True)
    assert caller.scopes == {"read"}
    for kind in ("writes", "auth", "admin", "mail", "transfers"):
        with pytest.raises(AppError) as raised:
            await place.guard.admit(callers, token, ADDRESS, kind, reads=False)
        assert (raised.value.code, raised.value.status) == ("INSUFFICIENT_SCOPE", 403)


@pytest.mark.parametrize(
    "token",
    [
        b"hub_lib_",
        b"hub_lib_" + b"0" * 64,
        b"hub_lib_" + b"\xff" * 64,
        b"hub_lib_" + b"a" * 100_000,
        b"hub_lib_' or true --",
    ],
)
async def test_an_api_token_that_nobody_was_given_is_refused(place: Place, app: FastAPI, token: bytes) -> None:
    with pytest.raises(AppError) as raised:
        await place.guard.recognised(app.state.relais.callers, b"Bearer " + token)
    assert (raised.value.code, raised.value.status) == ("API_TOKEN_INVALID", 401)
