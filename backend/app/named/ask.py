"""Queries of the gateway's dialect, asked by a route in its caller's name.

They go through the stages that every request of the gateway goes through: the same rules, the same plans, the same
statements. What a caller may not read is not there, what they may not change stays as it is.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from app.adapters.postgres import Stamp
from app.auth.caller import Caller
from app.errors import AppError, ErrorSpec, refuse
from app.gateway.conduct import Conductor
from app.gateway.engine import Engine
from app.gateway.errors import NO_CATALOG
from app.gateway.parse import Head, Route
from app.gateway.types import ResultSet
from app.middleware.trace import Trace

#: A key and a value of a query string, not encoded.
Pair = tuple[str, str]
#: A row to be written.
Row = Mapping[str, Any]
_JSON = {b"content-type": b"application/json"}
#: No value of the type; or with a NUL in it, in a query and in JSON.
_MALFORMED = frozenset({"22P02", "22021", "22P05"})


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, and how many there are in all if that was asked."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks as one caller, of one schema."""

    conductor: Conductor
    engine: Engine
    caller: Caller
    schema: str
    trace: Trace

    @property
    def stamp(self) -> Stamp:
        """The caller as PostgreSQL is told of them, for statements that are no query of the dialect."""
        return self.engine.stamp(self.caller, Head("GET", "/", "", {}), self.schema)

    async def rows(self, table: str, *pairs: Pair, count: bool = False, kept_as: str = "") -> Found:
        """The rows of a table; `count` asks how many there are beyond the page, too.

        Where the table's answers are kept, this one is called `cache:{kept_as}:…` instead of after its table.
        """
        prefer = {b"prefer": b"count=exact"} if count else {}
        result = await self._asked("GET", Route("table", table), pairs, prefer, kept_as=kept_as)
        return Found(orjson.loads(result.body), result.table_total if result.table_total is not None else -1)

    async def rows_of(self, function: str, arguments: Mapping[str, str], *pairs: Pair, count: bool = False) -> Found:
        """The rows that a function answers, which are filtered, ordered and paged like those of a table."""
        prefer = {b"prefer": b"count=exact"} if count else {}
        given = (*arguments.items(), *pairs)
        result = await self._asked("GET", Route("function", function), given, prefer)
        return Found(orjson.loads(result.body), result.table_total if result.table_total is not None else -1)

    async def one(self, table: str, *pairs: Pair, kept_as: str = "") -> dict[str, Any] | None:
        """The one row, or None."""
        found = (await self.rows(table, *pairs, ("limit", "1"), kept_as=kept_as)).rows
        return found[0] if found else None

    async def insert(self, table: str, row: Mapping[str, Any], *pairs: Pair) -> dict[str, Any]:
        """A new row, as it was stored: `select` says what of it."""
        result = await self._written("POST", table, pairs, row)
        return result[0]

    async def upsert(self, table: str, row: Mapping[str, Any], *pairs: Pair) -> dict[str, Any] | None:
        """A row that is new or replaces the one with the same key (`on_conflict`); None if it may not be changed."""
        result = await self._written("POST", table, pairs, row, b"resolution=merge-duplicates")
        return result[0] if result else None

    async def upsert_all(self, table: str, rows: Sequence[Row], *pairs: Pair) -> list[dict[str, Any]]:
        """Rows of the same columns, all or none, each new or in the place of the one with the same key."""
        return await self._written("POST", table, pairs, rows, b"resolution=merge-duplicates")

    async def insert_all(self, table: str, rows: Sequence[Row], *pairs: Pair) -> list[dict[str, Any]]:
        """New rows, all or none, as they were stored."""
        return await self._written("POST", table, pairs, rows)

    async def update(self, table: str, changes: Mapping[str, Any], *pairs: Pair) -> list[dict[str, Any]]:
        """The rows that were changed: those which the filters name and the caller may change."""
        return await self._written("PATCH", table, pairs, changes)

    async def delete(self, table: str, *pairs: Pair) -> list[dict[str, Any]]:
        """The rows that were deleted."""
        return await self._written("DELETE", table, pairs, None)

    async def call(self, function: str, arguments: Mapping[str, Any], *pairs: Pair) -> Any:
        """What a function answers: a scalar, an object, or rows."""
        route = Route("function", function)
        result = await self._asked("POST", route, pairs, _JSON, orjson.dumps(arguments))
        return orjson.loads(result.body) if result.body else None

    async def _written(
        self,
        method: str,
        table: str,
        pairs: Iterable[Pair],
        body: Row | Sequence[Row] | None,
        prefer: bytes = b"",
    ) -> list[dict[str, Any]]:
        wishes = b"return=representation" + (b"," + prefer if prefer else b"")
        headers = {b"prefer": wishes, **(_JSON if body is not None else {})}
        data = orjson.dumps(body) if body is not None else b""
        result = await self._asked(method, Route("table", table), pairs, headers, data)
        return orjson.loads(result.body)

    async def _asked(
        self,
        method: str,
        route: Route,
        pairs: Iterable[Pair],
        headers: Mapping[bytes, bytes],
        body: bytes = b"",
        *,
        kept_as: str = "",
    ) -> ResultSet:
        query = "&".join(f"{quote(key)}={quote(value, safe='')}" for key, value in pairs)
        profile = b"accept-profile" if method == "GET" else b"content-profile"
        told = {profile: self.schema.encode(), **headers}
        path = f"/rpc/{route.name}" if route.kind == "function" else f"/{route.name}"
        head = Head(method, path, query, told)
        request = self.engine.parsed(head, route, body)
        result = await self.conductor.result(self.engine, self.caller, head, request, name=kept_as)
        if result.kept is not None and self.trace.cache != "miss":
            self.trace.cache = "hit" if result.kept else "miss"
        return result


def asker(conductor: Conductor, caller: Caller, schema: str, trace: Trace) -> Ask:
    """Asks in this caller's name; 503 before the database has been looked at."""
    engine = conductor.current()
    if engine is None or schema not in engine.schemas:
        raise refuse(NO_CATALOG, headers={"Retry-After": "0"})
    return Ask(conductor, engine.unbounded, caller, schema, trace)


@contextmanager
def telling(specs: Mapping[str, ErrorSpec]) -> Generator[None]:
    """Errors of PostgreSQL, by their codes, as the errors that a route declares."""
    try:
        yield
    except AppError as error:
        spec = specs.get(error.code)
        if spec is None:
            raise
        raise refuse(spec) from error


def malformed_is(spec: ErrorSpec) -> AbstractContextManager[None]:
    """Ids that are none are ids of nothing."""
    return telling(dict.fromkeys(_MALFORMED, spec))
