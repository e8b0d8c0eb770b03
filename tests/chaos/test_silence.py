"""What is told of a state, to whom and for how long; and what is no such state."""

import asyncio

from tests.chaos.asking import Asker
from tests.chaos.faults import Servers

PAGE = {"Origin": "http://localhost:5173"}
#: Longer than a PostgreSQL may be silent, several times over.
LONG_SECONDS = 4.0


async def test_a_statement_that_takes_long_is_not_taken_for_silence(asker: Asker) -> None:
    answer = await asker.post("/rest/v1/rpc/take_time", {"seconds": LONG_SECONDS})
    assert (answer.status_code, answer.json()) == (200, "taken")
    assert "relais-degraded" not in answer.headers


async def test_whoever_waits_for_a_frozen_server_is_told_and_their_connection_is_used_no_more(
    asker: Asker, servers: Servers
) -> None:
    waiting = asyncio.create_task(asker.post("/rest/v1/rpc/take_time", {"seconds": 1.0}))
    await asyncio.sleep(0.3)
    servers.postgres.freeze()
    try:
        answer = await waiting
    finally:
        servers.postgres.thaw()
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "PGRST000", "1")
    while (answer := await asker.post("/rest/v1/rpc/take_time", {"seconds": 0})).status_code == 503:
        await asyncio.sleep(0.1)
    assert answer.json() == "taken"


async def test_a_server_without_room_is_told_for_a_moment(asker: Asker) -> None:
    answer = await asker.post("/rest/v1/rpc/fill_up", {})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "53200", "1")
    assert answer.headers["relais-degraded"] == "database"
    while "relais-degraded" in (await asker.ask("read")).headers:
        await asyncio.sleep(0.1)


async def test_what_a_function_says_of_room_is_no_news_of_the_server(asker: Asker) -> None:
    answer = await asker.post("/rest/v1/rpc/cry_wolf", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "53100")
    assert not {"relais-degraded", "retry-after"} & set(answer.headers)


async def test_pages_may_read_the_header_while_it_is_there(asker: Asker, servers: Servers) -> None:
    async def exposed(path: str) -> list[str]:
        answer = await asker.client.get(path, headers={**PAGE, **asker.member.headers})
        return answer.headers["access-control-expose-headers"].split(", ")

    before = await exposed("/rest/v1/resources?select=id")
    assert "Relais-Degraded" not in before
    servers.redis.kill()
    try:
        while "relais-degraded" not in (await asker.ask("read")).headers:
            await asyncio.sleep(0.05)
        # Nothing is kept without Redis, and so nothing is tagged.
        now = [*(name for name in before if name != "ETag"), "Relais-Degraded", "Retry-After"]
        assert await exposed("/rest/v1/resources?select=id") == now
        assert "Relais-Degraded" in await exposed("/api/resources")
    finally:
        servers.redis.start()
