"""Whose time is over is shown out, in every process at once; and what somebody may see is what they may see now."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from app.embedded import Servers

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, environment_for, run_sql
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import Ear, listening
from tests.realtime.test_events import ROWS, changes, new_resource

CONFIG = {"channel": "rows", "postgres_changes": ROWS}
EARS = 6
_LISTENERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'relais listener' and datname = current_database()
"""


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    """Two processes."""
    with own_server({**environment_for(urls, servers, data_dir), **CHEAP}, workers=2) as server:
        yield server


@pytest.fixture
async def database(urls: Urls) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def ears(stack: AsyncExitStack, server: OwnServer, token: str) -> list[Ear]:
    """So many that each process has some."""
    return [await stack.enter_async_context(listening(server.address, token)) for _ in range(EARS)]


async def shown_out(ears: list[Ear], seconds: float = 1.5) -> set[str]:
    """The codes that they are told, once they all are gone; a busy machine gets half a second on top."""
    began = time.monotonic()
    for ear in ears:
        await ear.until(lambda ear: not ear.client.connected, max(0.01, seconds - (time.monotonic() - began)))
    return {ear.of("error")[-1]["code"] for ear in ears}


async def api_token(client: httpx.AsyncClient, who: Member, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/api-tokens", json={"name": "Script", **more}, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_password_that_is_changed_ends_all_but_this_session(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    who = await signed_up(client)
    told = (await client.post("/api/auth/signin", json={"email": who.email, "password": who.password})).json()
    async with AsyncExitStack() as stack:
        others, own = await ears(stack, server, told["access_token"]), await ears(stack, server, who.access_token)
        body = {"currentPassword": who.password, "newPassword": "Autre-Cheval-9-batterie"}
        answer = await client.post("/api/auth/password/change", json=body, headers=who.headers)
        assert answer.status_code == 200, answer.text
        assert await shown_out(others) == {"SESSION_ENDED"}
        assert all(ear.client.connected for ear in own)


@pytest.mark.parametrize(
    "statement",
    [
        "update relais.users set disabled_at = now() where id = $1::text::uuid",
        "delete from relais.users where id = $1::text::uuid",
    ],
    ids=["disabled", "deleted"],
)
async def test_whoever_has_no_account_any_more_is_shown_out(
    server: OwnServer, client: httpx.AsyncClient, database: Any, statement: str
) -> None:
    who = await signed_up(client)
    token = (await api_token(client, who))["token"]
    async with AsyncExitStack() as stack:
        all_of_them = [*await ears(stack, server, who.access_token), *await ears(stack, server, token)]
        await database.execute(statement, who.id)
        assert await shown_out(all_of_them) == {"SESSION_ENDED"}


async def test_an_api_token_connects_until_it_is_revoked_or_ends(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who = await signed_up(client)
    revoked, made = await api_token(client, who), await new_resource(client, who, "Privée", "private")
    ending = await api_token(client, who, expiresInDays=1)
    soon = "update relais.api_tokens set expires_at = now() + interval '5 s' where id = $1::text::uuid"
    await database.execute(soon, ending["id"])
    async with (
        listening(server.address, revoked["token"]) as first,
        listening(server.address, ending["token"]) as second,
    ):
        for ear in (first, second):
            await ear.subscribe(CONFIG)
        await client.put(f"/api/resources/{made['id']}", json={"title": "Changée"}, headers=who.headers)
        for ear in (first, second):
            await ear.until(changes)
        await client.delete(f"/api/api-tokens/{revoked['id']}", headers=who.headers)
        assert await shown_out([first]) == {"SESSION_ENDED"}
        await second.until(lambda ear: ear.of("token:expiring"))
        await second.until(lambda ear: not ear.client.connected, 15)
        assert second.of("error")[-1]["code"] == "REALTIME_TOKEN_EXPIRED"


async def test_ends_that_nobody_heard_of_are_looked_up(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who, stays = await signed_up(client), await signed_up(client)
    async with AsyncExitStack() as stack:
        gone, here = await ears(stack, server, who.access_token), await ears(stack, server, stays.access_token)
        # They listen again soon; a row that is gone by then tells nobody.
        assert await database.fetch(_LISTENERS)
        await database.execute("delete from relais.sessions where user_id = $1::text::uuid", who.id)
        assert await shown_out(gone, 10) == {"SESSION_ENDED"}
        assert all(ear.client.connected for ear in here)


async def test_a_rank_that_changes_changes_what_is_told_at_once(
    server: OwnServer, client: httpx.AsyncClient, urls: Urls
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    rank = f"update library.user_roles set role = '{{}}' where user_id = '{other.id}'"

    async def made(title: str) -> None:
        await new_resource(client, owner, title, "private")
        shown = await new_resource(client, owner, f"{title}, vu de tous")
        await ear.until(lambda ear: [item for item in changes(ear) if item["new"].get("id") == shown["id"]])

    async with listening(server.address, other.access_token) as ear:
        await ear.subscribe(CONFIG)
        await made("Un")
        await run_sql(urls.admin, rank.format("moderator"))
        await made("Deux")
        await run_sql(urls.admin, rank.format("user"))
        await made("Trois")
        titles = [item["new"]["title"] for item in changes(ear)]
        assert titles == ["Un, vu de tous", "Deux", "Deux, vu de tous", "Trois, vu de tous"]


async def test_connections_and_events_are_counted(server: OwnServer, client: httpx.AsyncClient) -> None:
    who = await signed_up(client)

    async def figure(name: str) -> float:
        text = (await client.get("/metrics")).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    async with AsyncExitStack() as stack:
        before = await figure("relais_realtime_events_total{")
        await ears(stack, server, who.access_token)
        # Processes tell each other every five seconds.
        deadline = time.monotonic() + 20
        while await figure("websocket_connections{") < EARS or await figure("relais_realtime_events_total{") <= before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        text = (await client.get("/metrics")).text
        for event in ("sent", "gaps", "refused", "ended"):
            assert f'event="{event}"' in text
