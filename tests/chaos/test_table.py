"""The table of `reference/degraded.md`, cell by cell, while others read and write; and what is there afterwards."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest

from tests.chaos.asking import Answer, Asker
from tests.chaos.faults import FAULTS, TABLE, Servers

#: So often every state is gone through: once in `make test`, as often as it says in `make chaos`.
ROUNDS = int(os.environ.get("RELAIS_TEST_CHAOS", "1"))
#: The longest wait of anybody, and the longest way back.
BOUND_SECONDS, RECOVERY_SECONDS = 2.0, 5.0
#: What a cell may take to be what it is: others find out first.
SETTLED_SECONDS = 4.0
WRITERS = READERS = 2


@dataclass(slots=True)
class Load:
    """Others who read and write all the time, and what they were told."""

    asker: Asker
    done: bool = False
    longest: float = 0.0
    #: How long a request takes that needs nobody: this machine has other things to do.
    slack: float = 0.0
    statuses: set[int] = field(default_factory=set[int])
    acknowledged: set[str] = field(default_factory=set[str])
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "Load":
        works = [self._write(number) for number in range(WRITERS)] + [self._read() for _ in range(READERS)]
        self._tasks = [asyncio.create_task(work) for work in (*works, self._look())]
        return self

    async def __aexit__(self, *problem: object) -> None:
        self.done = True
        await asyncio.gather(*self._tasks)

    async def _write(self, number: int) -> None:
        count = 0
        while not self.done:
            count += 1
            title = f"{id(self)}-{number}-{count}"
            if await self._timed(lambda title=title: self.asker.new_resource(title)) == 201:
                self.acknowledged.add(title)

    async def _read(self) -> None:
        while not self.done:
            await self._timed(lambda: self.asker.get("/rest/v1/resources?select=id&limit=5"))

    async def _look(self) -> None:
        while not self.done:
            self.slack = max(self.slack, (await self.asker.ask("live")).seconds)
            await asyncio.sleep(0.05)

    async def _timed(self, ask: Callable[[], Awaitable[httpx.Response]]) -> int:
        began = time.monotonic()
        status = (await ask()).status_code
        self.longest = max(self.longest, time.monotonic() - began)
        self.statuses.add(status)
        await asyncio.sleep(0.02)
        return status


def cell(state: str, kind: str) -> str:
    """What the table says of a class of requests in a state."""
    told = TABLE["states"][state]
    return told["cells"].get(kind, told["others"])


def difference(state: str, kind: str, answer: Answer) -> str | None:
    """How an answer is not what the table says."""
    wanted, parts = cell(state, kind), TABLE["states"][state]["told"]
    refused = answer.status == 503
    if refused != (wanted != "served") or (not refused and not 200 <= answer.status < 300):
        return f"{kind}: {answer.status} where the table says {wanted}"
    if kind == "realtime":
        return None
    if refused and "retry-after" not in answer.headers:
        return f"{kind}: 503 without Retry-After"
    if answer.headers.get("relais-degraded", "") != parts:
        return f"{kind}: Relais-Degraded is {answer.headers.get('relais-degraded')!r}"
    return None


async def differences(state: str, asker: Asker) -> list[str]:
    """What is not as the table says."""
    return [said for kind, answer in (await asker.all()).items() if (said := difference(state, kind, answer))]


async def is_well(asker: Asker) -> bool:
    answers = [await asker.ask(kind) for kind in ("ready", "read", "write", "sign_in", "realtime")]
    return all(answer.status < 300 and "relais-degraded" not in answer.headers for answer in answers)


@pytest.mark.parametrize("state", [name for name in FAULTS for _ in range(ROUNDS)])
async def test_the_table_is_true(asker: Asker, servers: Servers, state: str) -> None:
    told = state if state in TABLE["states"] else TABLE["same"][state]
    async with asyncio.timeout(60):
        while not await is_well(asker):
            await asyncio.sleep(0.2)
    async with Load(asker) as load:
        await asyncio.sleep(0.3)
        async with FAULTS[state](servers):
            # Those who ask at the very moment wait, but not for long.
            first = await asker.all()
            settled, wrong = time.monotonic() + SETTLED_SECONDS, ["not looked yet"]
            while wrong and time.monotonic() < settled + 4 * load.slack:
                wrong = await differences(told, asker)
        ended, recovered = time.monotonic(), False
        while not recovered and time.monotonic() < ended + 60:
            recovered = await is_well(asker)
        back = time.monotonic() - ended
    assert not wrong
    assert load.statuses <= {200, 201, 503}
    longest = max(load.longest, *(answer.seconds for answer in first.values()))
    assert longest <= BOUND_SECONDS + 2 * load.slack, (longest, load.slack)
    assert recovered
    assert back <= RECOVERY_SECONDS + 4 * load.slack, (back, load.slack)
    assert await kept(servers, load.acknowledged) == load.acknowledged


async def kept(servers: Servers, titles: set[str]) -> set[str]:
    """Those of these rows that are there."""
    connection = await asyncpg.connect(servers.postgres.admin_url)
    try:
        rows = await connection.fetch("select title from library.resources where title = any($1)", list(titles))
    finally:
        await connection.close()
    return {row[0] for row in rows}
