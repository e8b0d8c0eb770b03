"""The pool of connections: who gets which one, who waits how long, and that no place is ever lost.

Connections to a real PostgreSQL; only how they are made is sometimes held up or made to fail.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

import asyncpg
import pytest
import pytest_asyncio
from app.adapters import pool as pool_module
from app.adapters.pool import Pool, PoolClosed

from tests.conftest import Urls, run_sql

Connection = asyncpg.Connection
LONG = 20.0
SHORT = 0.05


class Connector:
    """Makes connections, counts them, and may be told to wait or to fail."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.made: list[Connection] = []
        self.failures: list[BaseException] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = 0

    async def __call__(self) -> Connection:
        self.begun += 1
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        connection = await asyncpg.connect(self.url)
        self.made.append(connection)
        return connection


MakePool = Callable[[int], Pool[Connection]]


@pytest.fixture
def connector(urls: Urls) -> Connector:
    return Connector(urls.login)


@pytest_asyncio.fixture
async def make_pool(connector: Connector) -> AsyncGenerator[MakePool]:
    pools: list[Pool[Connection]] = []

    def make(size: int) -> Pool[Connection]:
        pools.append(Pool(connector, size))
        return pools[-1]

    yield make
    connector.gate.set()
    for pool in pools:
        await pool.close(1)


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something is so."""
    async with asyncio.timeout(LONG):
        while not condition():
            await asyncio.sleep(0)


async def parked(*tasks: asyncio.Task[Connection]) -> None:
    """Let these tasks come as far as they can without anybody's help."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


def taking(pool: Pool[Connection], timeout_seconds: float = LONG) -> asyncio.Task[Connection]:
    return asyncio.create_task(pool.acquire(timeout_seconds))


async def test_nothing_is_connected_before_it_is_needed(make_pool: MakePool, connector: Connector) -> None:
    pool = make_pool(3)
    assert connector.begun == 0
    pool.release(await pool.acquire(LONG))
    assert connector.begun == 1


async def test_the_last_one_given_back_is_the_first_one_lent(make_pool: MakePool, connector: Connector) -> None:
    pool = make_pool(3)
    lent = [await pool.acquire(LONG) for _ in range(3)]
    for connection in lent:
        pool.release(connection)
    assert [await pool.acquire(LONG) for _ in range(3)] == lent[::-1]
    assert connector.begun == 3
    for connection in lent:
        pool.release(connection)


async def test_no_more_than_its_size_are_ever_open(make_pool: MakePool, connector: Connector) -> None:
    pool = make_pool(2)
    busy = most = 0

    async def work() -> None:
        nonlocal busy, most
        connection = await pool.acquire(LONG)
        busy, most = busy + 1, max(most, busy + 1)
        await connection.execute("select 1")
        busy -= 1
        pool.release(connection)

    await asyncio.gather(*(work() for _ in range(40)))
    assert (most <= 2, connector.begun) == (True, 2)


async def test_those_being_opened_count(make_pool: MakePool, connector: Connector) -> None:
    connector.gate.clear()
    pool = make_pool(1)
    first, second = taking(pool), taking(pool)
    await parked(first, second)
    assert connector.begun == 1
    connector.gate.set()
    pool.release(await first)
    assert await second is first.result()
    pool.release(second.result())


async def test_who_waits_longest_is_served_first(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    served: list[int] = []

    async def wait(number: int) -> None:
        mine = await pool.acquire(LONG)
        served.append(number)
        pool.release(mine)

    tasks = []
    for number in range(5):
        tasks.append(asyncio.create_task(wait(number)))
        await asyncio.sleep(0)
    pool.release(connection)
    await asyncio.gather(*tasks)
    assert served == [0, 1, 2, 3, 4]


async def test_a_newcomer_does_not_overtake_who_waits(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    waiting = taking(pool)
    await parked(waiting)
    pool.release(connection)
    newcomer = taking(pool)
    assert await waiting is connection
    await parked(newcomer)
    pool.release(connection)
    pool.release(await newcomer)


async def test_a_newcomer_does_not_take_the_room_of_who_waits(make_pool: MakePool, connector: Connector) -> None:
    pool = make_pool(1)
    closed = await pool.acquire(LONG)
    waiting = taking(pool)
    await parked(waiting)
    await closed.close()
    pool.release(closed)  # makes room for the one who waits, who has not run yet
    with pytest.raises(TimeoutError):
        await pool.acquire(SHORT)  # runs at once
    pool.release(await waiting)
    assert connector.begun == 2


async def test_waiting_ends_in_time(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    with pytest.raises(TimeoutError):
        await pool.acquire(SHORT)
    pool.release(connection)
    assert await pool.acquire(SHORT) is connection
    pool.release(connection)


async def test_who_gave_up_is_passed_over(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    impatient, patient = taking(pool, SHORT), taking(pool)
    with pytest.raises(TimeoutError):
        await impatient
    pool.release(connection)
    assert await patient is connection
    pool.release(connection)


async def test_who_is_cancelled_while_waiting_takes_nothing_along(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    cancelled, other = taking(pool), taking(pool)
    await parked(cancelled, other)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    pool.release(connection)
    assert await other is connection
    pool.release(connection)


async def test_who_is_cancelled_in_the_moment_of_being_served_hands_it_on(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    cancelled, other = taking(pool), taking(pool)
    await parked(cancelled, other)
    pool.release(connection)  # goes to the first, who has not run yet
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await other is connection
    pool.release(connection)


async def test_who_is_cancelled_while_opening_leaves_room(make_pool: MakePool, connector: Connector) -> None:
    connector.gate.clear()
    pool = make_pool(1)
    opening, waiting = taking(pool), taking(pool)
    await parked(opening, waiting)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    connector.gate.set()
    pool.release(await waiting)
    assert connector.begun == 2


async def test_who_is_cancelled_in_the_moment_of_getting_room_leaves_it(
    make_pool: MakePool, connector: Connector
) -> None:
    pool = make_pool(1)
    closed = await pool.acquire(LONG)
    cancelled, other = taking(pool), taking(pool)
    await parked(cancelled, other)
    await closed.close()
    pool.release(closed)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    pool.release(await other)
    pool.release(await pool.acquire(LONG))
    assert connector.begun == 2


async def test_who_cannot_connect_leaves_room_for_who_waits(make_pool: MakePool, connector: Connector) -> None:
    connector.gate.clear()
    connector.failures.append(OSError("away"))
    pool = make_pool(1)
    failing, waiting = taking(pool), taking(pool)
    await parked(failing, waiting)
    connector.gate.set()
    with pytest.raises(OSError, match="away"):
        await failing
    pool.release(await waiting)


async def test_when_nobody_can_connect_everybody_is_told(make_pool: MakePool, connector: Connector) -> None:
    connector.gate.clear()
    connector.failures.extend(OSError("away") for _ in range(6))
    pool = make_pool(2)
    tasks = [taking(pool) for _ in range(6)]
    await parked(*tasks)
    connector.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["away"] * 6
    pool.release(await pool.acquire(LONG))


async def test_a_failure_does_not_use_up_a_place(make_pool: MakePool, connector: Connector) -> None:
    pool = make_pool(1)
    for _ in range(5):
        connector.failures.append(OSError("away"))
        with pytest.raises(OSError, match="away"):
            await pool.acquire(LONG)
    pool.release(await pool.acquire(LONG))


async def test_a_broken_one_is_not_lent_again(make_pool: MakePool) -> None:
    pool = make_pool(1)
    broken = await pool.acquire(LONG)
    pool.release(broken, broken=True)
    other = await pool.acquire(LONG)
    assert other is not broken
    assert broken.is_closed()
    pool.release(other)


async def test_one_that_its_borrower_closed_is_not_lent_again(make_pool: MakePool) -> None:
    pool = make_pool(1)
    closed = await pool.acquire(LONG)
    await closed.close()
    waiting = taking(pool)
    await parked(waiting)
    pool.release(closed)
    other = await waiting
    assert await other.fetchval("select 1") == 1
    pool.release(other)


async def test_one_that_was_ended_while_idle_is_not_lent(make_pool: MakePool, urls: Urls) -> None:
    pool = make_pool(1)
    ended = await pool.acquire(LONG)
    pid = ended.get_server_pid()
    pool.release(ended)
    await run_sql(urls.admin, f"select pg_terminate_backend({pid})")
    await until(ended.is_closed)
    other = await pool.acquire(LONG)
    assert await other.fetchval("select 1") == 1
    pool.release(other)


async def test_one_in_an_open_transaction_is_not_lent_again(make_pool: MakePool) -> None:
    pool = make_pool(1)
    connection = await pool.acquire(LONG)
    await connection.transaction().start()
    pool.release(connection)
    other = await pool.acquire(LONG)
    assert other is not connection
    pool.release(other)


async def test_one_that_was_idle_for_too_long_is_replaced(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "IDLE_SECONDS", -1.0)
    pool = make_pool(1)
    old = await pool.acquire(LONG)
    pool.release(old)
    new = await pool.acquire(LONG)
    assert new is not old
    assert old.is_closed()
    pool.release(new)


async def test_closing_closes_what_is_idle_and_what_is_lent(make_pool: MakePool) -> None:
    pool = make_pool(2)
    idle, lent = await pool.acquire(LONG), await pool.acquire(LONG)
    pool.release(idle)
    await pool.close(SHORT)
    assert idle.is_closed()
    assert lent.is_closed()
    pool.release(lent)


async def test_closing_waits_for_what_is_lent(make_pool: MakePool) -> None:
    pool = make_pool(1)
    lent = await pool.acquire(LONG)
    closing = asyncio.create_task(pool.close(LONG))
    await asyncio.sleep(0)
    assert await lent.fetchval("select 1") == 1
    assert not closing.done()
    pool.release(lent)
    await closing
    assert lent.is_closed()


async def test_who_waits_is_told_of_the_closing(make_pool: MakePool) -> None:
    pool = make_pool(1)
    lent = await pool.acquire(LONG)
    waiting = taking(pool)
    await parked(waiting)
    closing = asyncio.create_task(pool.close(LONG))
    with pytest.raises(PoolClosed):
        await waiting
    pool.release(lent)
    await closing


async def test_a_closed_pool_lends_nothing(make_pool: MakePool) -> None:
    pool = make_pool(1)
    await pool.close(LONG)
    with pytest.raises(PoolClosed):
        await pool.acquire(LONG)


async def test_what_was_being_opened_when_the_pool_closed_does_not_stay_open(
    make_pool: MakePool, connector: Connector
) -> None:
    connector.gate.clear()
    pool = make_pool(1)
    opening = taking(pool)
    await parked(opening)
    closing = asyncio.create_task(pool.close(SHORT))
    connector.gate.set()
    outcome = (await asyncio.gather(opening, return_exceptions=True))[0]
    if isinstance(outcome, asyncpg.Connection):
        pool.release(outcome)
    await closing
    await until(lambda: all(connection.is_closed() for connection in connector.made))


async def test_a_crowd_that_fails_gives_up_and_is_cancelled_loses_no_place(
    make_pool: MakePool, connector: Connector
) -> None:
    pool = make_pool(3)

    async def work(number: int) -> None:
        connection = await pool.acquire(SHORT if number % 7 == 0 else LONG)
        try:
            await connection.execute("select pg_sleep(0.002)")
        except BaseException:
            pool.release(connection, broken=True)
            raise
        pool.release(connection, broken=number % 11 == 0)

    connector.failures.extend(OSError("away") for _ in range(5))
    tasks = [asyncio.create_task(work(number)) for number in range(120)]
    await asyncio.sleep(0.02)
    for task in tasks[::5]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    lent = await asyncio.gather(*(pool.acquire(LONG) for _ in range(3)))
    assert len(set(lent)) == 3
    for connection in lent:
        pool.release(connection)
