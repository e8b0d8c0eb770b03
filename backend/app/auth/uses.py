"""When sessions were used last, and from where: noted in memory, and written to PostgreSQL every now and then.

A request costs a look into a dictionary and nothing else. What a process that is killed has not written is lost: the
list of sessions is then some minutes less exact, and nothing more.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from app.adapters.postgres import SERVICE, Database
from app.errors import AppError

_SESSION = "session:"
#: A use from the same address is noted once in so many seconds, and what was noted is written as often.
NOTED_SECONDS = 120.0
WRITTEN_SECONDS = 30.0
_MOST_KNOWN = 20_000
#: Who waits for nobody waits for nobody who waits for them: a session that is being changed is in use anyway.
_WRITE = """
    with used as (
        select s.id, u.address, now() - u.age * interval '1 second' as at
        from unnest($1::text[], $2::text[], $3::float8[]) as u (id, address, age)
        join relais.sessions as s on s.id = u.id::uuid
        where s.revoked_at is null
        for no key update of s skip locked
    )
    update relais.sessions as s
    set last_used_at = greatest(s.last_used_at, used.at),
        address = case when used.at >= s.last_used_at then coalesce(nullif(used.address, '')::inet, s.address)
                  else s.address end
    from used where s.id = used.id
"""


class Uses:
    """The uses of sessions that one process sees."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        #: Until when a use from an address need not be noted again, the session used first first.
        self._noted: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._waiting: dict[str, tuple[float, str]] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, name: str, address: str) -> None:
        """Take note that a session (`session:id`) is used from an address."""
        now, known = self._clock(), self._noted.get(name)
        if known is not None and now < known[0] and address == known[1]:
            return
        if not name.startswith(_SESSION):
            return
        self._noted[name] = (now + NOTED_SECONDS, address)
        self._noted.move_to_end(name)
        self._waiting[name] = (now, address)
        if len(self._noted) > _MOST_KNOWN:
            forgotten, _ = self._noted.popitem(last=False)
            self._waiting.pop(forgotten, None)

    async def write(self) -> None:
        """Tell PostgreSQL what has been noted since the last time."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        now = self._clock()
        names = [name.removeprefix(_SESSION) for name in waiting]
        addresses = [_plain(address) for _, address in waiting.values()]
        ages = [now - at for at, _ in waiting.values()]
        # Not worth more than one try: whoever goes on using a session is noted again.
        with suppress(AppError):
            async with self._database.connection(SERVICE, "write") as connection:
                await connection.execute(_WRITE, names, addresses, ages)

    async def start(self) -> None:
        """Write from time to time."""
        self._task = asyncio.create_task(self._write_on())

    async def stop(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITTEN_SECONDS)
            await self.write()


def _plain(address: str) -> str:
    # The gateway passes on what the server or a proxy said, which may be a socket's name.
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return ""
