"""What has been ended before its time: sessions and API tokens that are no longer good, known in every process at once.

PostgreSQL announces each end when it is committed. A process that hears nothing trusts nothing: until it hears again
and has caught up on what it missed, each session is looked up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from app.adapters.listener import Listener
from app.adapters.postgres import SERVICE, Database

CHANNEL = "relais_ended"
LISTENING_LOST = "endings_not_heard"
_MISSED = """
    select 'session:' || id as name from relais.sessions where revoked_at > now() - $1::float8 * interval '1 second'
    union all
    select 'token:' || id from relais.api_tokens where revoked_at > now() - $1::float8 * interval '1 second'
"""
#: What PostgreSQL says where our schema is not, or not open to us.
_NO_SESSIONS = frozenset({"42P01", "3F000", "42501", "22023"})
#: Beyond it the oldest are forgotten: their tokens are looked up once more, and are found to be ended.
_MOST_KNOWN = 100_000


class Endings:
    """Names of what has ended, as `session:id` or `token:id`, for as long as anybody could hold a token of it."""

    def __init__(
        self, database: Database, seconds: float, *, heard: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._known: dict[str, float] = {}
        #: How often listening has begun: what was announced in between was announced to nobody.
        self.begun = 0
        #: Told of each end that is announced.
        self.heard = heard
        self._telling: set[asyncio.Task[None]] = set()
        self._listener = Listener(
            database=database,
            channels=(CHANNEL,),
            heard=lambda _, name: self._on_end(name),
            catch_up=self._catch_up,
            lost=LISTENING_LOST,
            # Somebody's own database, where nobody signs in.
            pointless=lambda error: error.code in _NO_SESSIONS,
        )

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def add(self, name: str) -> None:
        """Take note of an end."""
        now = time.monotonic()
        self._known.pop(name, None)
        self._known[name] = now + self._seconds
        while self._known:
            oldest = next(iter(self._known))
            if self._known[oldest] > now and len(self._known) <= _MOST_KNOWN:
                break
            del self._known[oldest]

    @property
    def hears(self) -> bool:
        """Whether every end is heard of."""
        return self._listener.hears

    @property
    def ended(self) -> bool:
        """Whether nobody will ever say anything here."""
        return self._listener.ended

    async def start(self) -> None:
        """Listen from now on."""
        self._listener.start()

    async def stop(self) -> None:
        """Listen no more."""
        await self._listener.stop()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _catch_up(self) -> None:
        """What was said while nobody listened."""
        self.begun += 1
        for row in await self._database.fetch(SERVICE, _MISSED, self._seconds, mode="write"):
            self.add(row["name"])

    def _on_end(self, name: str) -> None:
        self.add(name)
        if self.heard is not None:
            task = asyncio.ensure_future(self.heard(name))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
