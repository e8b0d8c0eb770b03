"""Keeps the catalog true: loads it at the start, listens for changes, loads it anew, and never lets a request wait.

What is built on a catalog (`Built`) is made here too, so that both are swapped as one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from app import log
from app.adapters.listener import Listener
from app.adapters.postgres import NOBODY, Database
from app.catalog.configuration import IGNORED, read_configuration
from app.catalog.introspect import Scope, introspect
from app.catalog.types import Catalog
from app.errors import AppError
from app.settings import RestSettings

Built = TypeVar("Built")
Made = TypeVar("Made", covariant=True)
LOADED = "catalog_loaded"
LOAD_FAILED = "catalog_load_failed"
#: Our own channel: written to by the event trigger where we own the database.
OWN_CHANNEL = "relais_catalog"
_FIRST_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 32.0
_PAUSE_SECONDS = 0.1
#: A request that met something missing has the catalog looked at, but not more often than this.
_LEAST_SECONDS_BETWEEN_DOUBTS = 2.0


class Builder(Protocol[Made]):
    """Makes of settings and a catalog what requests are answered with."""

    def check(self, settings: RestSettings) -> None:
        """`ValueError` if these settings cannot be used."""
        ...

    def __call__(self, settings: RestSettings, schemas: tuple[str, ...], catalog: Catalog) -> Made: ...


@dataclass(slots=True)
class Keeper(Generic[Built]):
    """Holds the picture of now."""

    database: Database
    settings: RestSettings
    schemas_of_modules: tuple[str, ...]
    build: Builder[Built]
    current: Built | None = None
    version: int = 0
    #: Called when a change is announced, and after every load: what was made of the picture before is old.
    changed: Callable[[], Awaitable[None]] | None = None
    _in_use: RestSettings | None = None
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _listener: Listener | None = None
    _loading_began: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    _telling: set[asyncio.Future[None]] = field(default_factory=set[asyncio.Future[None]])
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _doubted: float = -_LEAST_SECONDS_BETWEEN_DOUBTS

    async def start(self) -> None:
        """Load once, then go on in the background; a database that is away is waited for.

        Listening comes first: what changes between the two would be told to nobody.
        """
        if self.settings.db_channel_enabled:
            self._listener = Listener(
                database=self.database,
                channels=(OWN_CHANNEL, self.settings.db_channel),
                heard=self._heard,
                catch_up=self._catch_up,
                lost=LOAD_FAILED,
                first_delay_seconds=_FIRST_DELAY_SECONDS,
                longest_delay_seconds=_LONGEST_DELAY_SECONDS,
            )
            self._listener.start()
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_DELAY_SECONDS):
                    await self._listener.tried.wait()
        self._loading_began = True
        if not await self._loaded():
            self._wanted.set()
        self._tasks.append(asyncio.create_task(self._reload_when_wanted()))

    async def stop(self) -> None:
        """End what runs in the background."""
        if self._listener is not None:
            await self._listener.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def get(self) -> Built | None:
        """The picture of now."""
        return self.current

    async def doubt(self) -> bool:
        """Look at the database again because something was not there; whether that was done."""
        now = time.monotonic()
        if now - self._doubted < _LEAST_SECONDS_BETWEEN_DOUBTS:
            return False
        self._doubted = now
        return await self._loaded()

    async def _loaded(self) -> bool:
        async with self._lock:
            began = time.monotonic()
            try:
                # What one request sees before others do is no picture for all of them.
                with self.database.outside():
                    await self._load()
            except (AppError, OSError, ValueError) as error:
                reason = f"{error.message} {error.details or ''}" if isinstance(error, AppError) else str(error)
                log.event(LOAD_FAILED, {"reason": reason.strip()}, level="error")
                return False
            if self.changed is not None:
                await self.changed()
            log.event(LOADED, {"version": self.version, "ms": round((time.monotonic() - began) * 1000, 1)})
            return True

    async def _load(self) -> None:
        async with self.database.transaction(NOBODY, "read", isolation="repeatable_read") as connection:
            settings = self._usable(await read_configuration(connection, self.settings))
            schemas = settings.schemas() or self.schemas_of_modules
            scope = Scope(schemas, settings.extra_search_path(), settings.tenant_column)
            catalog = await introspect(connection, scope, self.version + 1)
            # Search path and the like were set for looking around.
            self.database.soil(connection)
        self.current = self.build(settings, schemas, catalog)
        self.version += 1
        self._in_use = settings

    def _usable(self, settings: RestSettings) -> RestSettings:
        """These settings, or those of before: a mistake in the database must not keep its tables from being seen."""
        try:
            self.build.check(settings)
        except ValueError as error:
            if self._in_use is None:
                raise
            log.event(IGNORED, {"reason": str(error)}, level="error")
            return self._in_use
        return settings

    async def _reload_when_wanted(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if await self._loaded():
                delay = _FIRST_DELAY_SECONDS
                # A migration tells of each of its statements: one load for all of them.
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY_SECONDS)
                self._wanted.set()

    async def _catch_up(self) -> None:
        if self._loading_began:
            # Whatever was said meanwhile was said to nobody.
            self._wanted.set()

    def _tell(self) -> None:
        if self.changed is not None:
            # Rules hold at once, whenever the new picture can be loaded.
            task = asyncio.ensure_future(self.changed())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _heard(self, channel: str, payload: str) -> None:
        if channel == OWN_CHANNEL or payload in ("", "reload schema", "reload config"):
            self._wanted.set()
            self._tell()
