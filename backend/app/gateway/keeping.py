"""What may be kept, for whom it is the same, and for how long. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from app.auth.caller import Caller
from app.catalog.types import Name
from app.gateway.engine import Engine
from app.gateway.parse import READ_HEADERS, READS, Head
from app.gateway.prepare import Prepared
from app.gateway.reads import Reads
from app.gateway.types import ApiRequest, ReadNode, ResultSet

#: Of claims: when and by what token somebody proved who they are. Nothing that is shown depends on it.
_OF_THE_TOKEN = frozenset({"exp", "iat", "nbf", "jti", "sid", "session_id"})
#: PostgreSQL reads these words as a time that is another one each time.
_MOVING_TIME = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.IGNORECASE)
_NO_TOTAL = -1
#: Callers for whom a request that is the same to the letter is remembered.
_MOST_SCOPES = 256


@dataclass(slots=True)
class Keeping:
    """How the answer to a request is kept. One serves all requests that are the same to the letter and of one scope."""

    #: Of the entry, below the cache's own prefix.
    key: str
    #: Versions that it depends on: names below the same prefix.
    versions: tuple[str, ...]
    seconds: int
    #: The names of all of it as Redis knows them; the cache's own.
    keys: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds by table, from the modules. Only answers about these tables are kept."""

    seconds: Mapping[Name, int]

    def keeping(
        self, engine: Engine, caller: Caller, head: Head, request: ApiRequest, prepared: Prepared, *, name: str = ""
    ) -> Keeping | None:
        """How an answer is kept; None if it is not. `name` is what the entry is called instead of its table."""
        if prepared.reads is None or request.method not in READS or not engine.keeps or caller.acting:
            return None
        scope = (caller.role, caller.claims, caller.tenant_id, name)
        if scope in request.keepings:
            return request.keepings[scope]
        if len(request.keepings) >= _MOST_SCOPES:
            request.keepings.clear()
        found = request.keepings[scope] = self._made(engine, caller, head, request, prepared, name)
        return found

    def _made(
        self, engine: Engine, caller: Caller, head: Head, request: ApiRequest, prepared: Prepared, name: str
    ) -> Keeping | None:
        if _moves(request) or prepared.reads is None:
            return None
        seconds = self._of(prepared)
        if seconds <= 0:
            return None
        tenant = engine.tenant_of(caller)
        scope = scope_of(caller.role, caller.claims)
        query = hashlib.blake2b(digest_size=16)
        line = (head.method, head.path, head.query_string, tenant, str(request.max_rows))
        for part in (*(item.encode() for item in line), scope):
            query.update(b"%d:" % len(part) + part)
        for header in READ_HEADERS:
            value = head.headers.get(header, b"")
            query.update(b"%d:" % len(value) + value)
        called = name or request.target.name
        return Keeping(f"{called}:{query.hexdigest()}", version_names(prepared.reads, tenant), seconds)

    def _of(self, prepared: Prepared) -> int:
        known = self.seconds
        root = known.get(prepared.plan.read.source, 0)
        return min((known.get(source, root) for source in _sources(prepared.plan.read)), default=root) if root else 0


def _sources(node: ReadNode) -> list[Name]:
    return [node.source, *(source for child in node.embeds for source in _sources(child))]


def _moves(request: ApiRequest) -> bool:
    return any(isinstance(value, str) and _MOVING_TIME.search(value) is not None for value in request.values)


@lru_cache(4096)
def scope_of(role: str, claims: str) -> bytes:
    """Callers of one scope are shown the same."""
    values: dict[str, Any] = orjson.loads(claims) if claims else {}
    told = {name: value for name, value in values.items() if name not in _OF_THE_TOKEN}
    return orjson.dumps([role, told], option=orjson.OPT_SORT_KEYS)


def version_name(table: str, tenant: str = "") -> str:
    """What the version of a table is called; of its rows of one tenant if there is one."""
    return f"version:{table}:{tenant}" if tenant else f"version:{table}"


@lru_cache(4096)
def version_names(reads: Reads, tenant: str) -> tuple[str, ...]:
    """The versions that an answer depends on."""
    names: list[str] = []
    for table, pinned in reads:
        names.append(version_name(table))
        if pinned and tenant:
            names.append(version_name(table, tenant))
    return tuple(names)


def encoded(vector: bytes, result: ResultSet) -> bytes:
    """An entry: what it was computed from, how many rows, its tag, the bytes. The vector ends its line itself."""
    total = _NO_TOTAL if result.table_total is None else result.table_total
    return b"%b%d %d %b\n%b" % (vector, result.page_total, total, result.tag, result.body)


def decoded(entry: bytes) -> ResultSet:
    """What an entry holds, but for its vector."""
    end = entry.index(b"\n")
    page, total, tag = entry[:end].split(b" ")
    return ResultSet(entry[end + 1 :], int(page), None if int(total) == _NO_TOTAL else int(total), kept=True, tag=tag)
