"""Lets callers in: is the session or API token behind them still good, and do they ask more often than they may?

What must be asked of Redis is asked in one round trip, which requests of the same moment share; whoever has neither
session nor API token and only reads or writes waits for none. Without Redis PostgreSQL says whether a session is good,
and each process counts requests for itself.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.adapters.postgres import SERVICE, Database
from app.adapters.redis import Command, Redis, RedisUnavailable
from app.auth.attempts import Attempts
from app.auth.caller import Caller, CallerResolver
from app.auth.endings import Endings
from app.auth.limits import COUNTED_HERE, Headers, Kind, Limiter, counted_as
from app.auth.sessions import ROLE
from app.auth.tokens import bearer_token
from app.auth.uses import Uses
from app.errors import AppError, ErrorSpec, refuse

SESSION_ENDED = ErrorSpec("SESSION_ENDED", 401, "Session terminée, veuillez vous reconnecter")
API_TOKEN_INVALID = ErrorSpec("API_TOKEN_INVALID", 401, "Token API invalide")
API_TOKEN_EXPIRED = ErrorSpec("API_TOKEN_EXPIRED", 401, "Token API expiré")
INSUFFICIENT_SCOPE = ErrorSpec("INSUFFICIENT_SCOPE", 403, "Ce token ne permet pas cette opération")
API_TOKEN_PREFIX = "hub_lib_"  # noqa: S105 - what every token begins with
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_PREFIX_BYTES = API_TOKEN_PREFIX.encode()
_GOOD, _ENDED = b"good", b"ended"
#: What a token reaches may change: its owner's second factor may go.
_BELIEVED_SECONDS = 30.0
_UNAUTHORIZED = 401
_MOST_TOKENS = 5_000
#: A use is noted once in so many seconds.
_NOTED_SECONDS = 60.0
#: Within it everybody who listens to PostgreSQL has heard what was announced.
_HEARD_SECONDS = 0.1
_IS_GOOD = {
    "session": """
        select exists (
            select from relais.sessions where id = $1::text::uuid and revoked_at is null and expires_at > now())
    """,
    "token": """
        select exists (
            select from relais.api_tokens
            where id = $1::text::uuid and revoked_at is null and coalesce(expires_at > now(), true))
    """,
}
_ALL_GOOD = """
    select 'session:' || id from relais.sessions
    where id = any ($1::text[]::uuid[]) and revoked_at is null and expires_at > now()
    union all
    select 'token:' || id from relais.api_tokens
    where id = any ($2::text[]::uuid[]) and revoked_at is null and coalesce(expires_at > now(), true)
"""
_HOLDER = """
    select t.id::text, t.user_id::text, t.tenant_id::text, t.scopes, t.expires_at, u.email,
           exists (
               select from relais.second_factors as f
               where f.user_id = u.id and f.confirmed_at is not null) as has_factor
    from relais.api_tokens as t join relais.users as u on u.id = t.user_id
    where t.token_hash = $1 and t.revoked_at is null and u.disabled_at is null
"""
_USED = """
    update relais.api_tokens set last_used_at = now()
    where id = $1::text::uuid and coalesce(last_used_at < now() - $2::float8 * interval '1 second', true)
"""
#: Raises if the caller is not to be answered.
Pending = Callable[[], Coroutine[Any, Any, None]] | None


@dataclass(slots=True)
class _ApiToken:
    caller: Caller
    expires: datetime | None
    #: When it was read from PostgreSQL, by the clock of this process.
    read: float
    #: When this process noted a use, by its own clock.
    noted: float = float("-inf")


@dataclass(slots=True)
class Guard:
    """Stands in front of whatever callers ask for."""

    database: Database
    redis: Redis
    limiter: Limiter
    endings: Endings
    #: How long an access token is good for: what ended longer ago needs no mention.
    seconds: int
    #: Where passwords are tried.
    attempts: Attempts
    #: Administration takes a second factor.
    careful: bool = False
    uses: Uses = field(init=False)
    _tokens: OrderedDict[bytes, _ApiToken] = field(default_factory=OrderedDict[bytes, _ApiToken])

    def __post_init__(self) -> None:
        self.uses = Uses(self.database)

    async def start(self) -> None:
        """Hear of what ends, and write down what is used."""
        await self.endings.start()
        await self.uses.start()

    async def stop(self) -> None:
        """No more of it."""
        await self.uses.stop()
        await self.endings.stop()

    async def admit(
        self, callers: CallerResolver, authorization: bytes | None, address: str, kind: Kind, *, reads: bool
    ) -> tuple[Caller, Headers]:
        """The caller, and what the answer says of how often they may ask; or an `AppError`."""
        caller, headers, pending = await self.admit_for_now(callers, authorization, address, kind, reads=reads)
        if pending is not None:
            await pending()
        return caller, headers

    async def admit_for_now(
        self, callers: CallerResolver, authorization: bytes | None, address: str, kind: Kind, *, reads: bool
    ) -> tuple[Caller, Headers, Pending]:
        """The same, but whether their session is still good may be left to be awaited: before anything is answered."""
        try:
            caller = await self.recognised(callers, authorization, address)
        except AppError as error:
            self._count_refusal(error, address)
            raise
        if not reads and caller.scopes is not None and "write" not in caller.scopes:
            raise refuse(INSUFFICIENT_SCOPE)
        headers, pending = await self._count(caller, address, kind)
        return caller, headers, pending

    def _count_refusal(self, error: AppError, address: str) -> None:
        """Tokens that are refused cost something, too: whoever sends too many is refused without a look at them."""
        limit = self.limiter.limit("reads")
        if limit is None or error.status != _UNAUTHORIZED or error.code == API_TOKEN_INVALID.code:
            # Guesses at API tokens are counted where they are looked up.
            return
        counted = self.limiter.count_here(limit, counted_as("", address))
        if not counted.allowed:
            raise counted.refusal()

    async def recognised(self, callers: CallerResolver, authorization: bytes | None, address: str = "") -> Caller:
        """The caller, however they prove who they are."""
        token = bearer_token(authorization)
        if token is None or not token.startswith(_PREFIX_BYTES):
            return callers.resolve(authorization)
        return await self._holder(token, address)

    async def count(self, caller: Caller, address: str, kind: Kind) -> Headers:
        """Count a request of somebody whose session, if they have one, must be good."""
        headers, pending = await self._count(caller, address, kind)
        if pending is not None:
            await pending()
        return headers

    async def _count(self, caller: Caller, address: str, kind: Kind) -> tuple[Headers, Pending]:
        name = caller.credential
        if name and name in self.endings:
            raise _ended(name)
        if kind not in COUNTED_HERE:
            return await self._count_everywhere(caller, address, kind), None
        limit, headers = self.limiter.limit(kind), []
        if limit is not None:
            counted = self.limiter.count_here(limit, counted_as(caller.user_id, address))
            if not counted.allowed:
                raise counted.refusal()
            headers = counted.headers()
        return headers, partial(self._confirmed, name, address) if name else None

    async def _confirmed(self, name: str, address: str) -> None:
        answers = await self._asked(("GET", self.redis.key(name)))
        await self._must_be_good(name, answers[0])
        self.uses.note(name, address)

    async def _count_everywhere(self, caller: Caller, address: str, kind: Kind) -> Headers:
        name, limit = caller.credential, self.limiter.limit(kind)
        # Programs of one user do not use up each other's requests.
        by_token = kind == "external" and name.startswith("token:")
        who = name if by_token else counted_as(caller.user_id, address)
        commands: list[Command] = [("GET", self.redis.key(name))] if name else []
        if limit is not None:
            commands.append(self.limiter.command(limit, who))
        answers = await self._asked(*commands)
        if name:
            await self._must_be_good(name, answers[0])
            self.uses.note(name, address)
        if limit is None:
            return []
        counted = self.limiter.read(limit, who, answers[-1])
        if not counted.allowed:
            raise counted.refusal()
        return counted.headers()

    async def _asked(self, *commands: Command) -> list[Any]:
        """What Redis answers; nothing to each command without it."""
        with suppress(RedisUnavailable):
            return await self.redis.run(*commands) if commands else []
        return [None] * len(commands)

    async def still_good(self, names: Iterable[str]) -> set[str]:
        """Those of these sessions and API tokens that are, as PostgreSQL knows."""
        identifiers: dict[str, list[str]] = {"session": [], "token": []}
        for name in names:
            kind, _, identifier = name.partition(":")
            identifiers[kind].append(identifier)
        rows = await self.database.fetch(SERVICE, _ALL_GOOD, *identifiers.values(), mode="write")
        return {row[0] for row in rows}

    async def ended(self, names: Iterable[str]) -> None:
        """Have everybody know that these are no longer good; PostgreSQL knows already."""
        if not await self._mark(tuple(names)):
            # Others may have a Redis that says they are good: the announcement of PostgreSQL is on its way to them.
            await asyncio.sleep(_HEARD_SECONDS)

    async def _mark(self, names: Sequence[str]) -> bool:
        for name in names:
            self.endings.add(name)
        answers = await self._asked(*[("SET", self.redis.key(name), _ENDED, "EX", self.seconds) for name in names])
        return all(answer is not None and not isinstance(answer, Exception) for answer in answers)

    async def _must_be_good(self, name: str, known: object) -> None:
        if known == _ENDED:
            raise _ended(name)
        if known == _GOOD and self.endings.hears:
            return
        kind, _, identifier = name.partition(":")
        # Not of a replica: it may not have heard of a session of this moment, nor of its end.
        (row,) = await self.database.fetch(SERVICE, _IS_GOOD[kind], identifier, mode="write")
        if not row[0]:
            await self._mark((name,))
            raise _ended(name)
        if known is None:
            # Never over an end that came in between.
            await self._asked(("SET", self.redis.key(name), _GOOD, "EX", self.seconds, "NX"))

    async def _holder(self, token: bytes, address: str) -> Caller:
        digest = hashlib.sha256(token).digest()
        known = self._tokens.get(digest)
        now = time.monotonic()
        if known is None or known.caller.credential in self.endings or now > known.read + _BELIEVED_SECONDS:
            known = await self._looked_up(digest, address)
            self._tokens[digest] = known
            if len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
        self._tokens.move_to_end(digest)
        if known.expires is not None and known.expires <= datetime.now(UTC):
            raise refuse(API_TOKEN_EXPIRED, headers=_CHALLENGE)
        await self._note_use(known)
        return known.caller

    async def _looked_up(self, digest: bytes, address: str) -> _ApiToken:
        # Whoever tries tokens is one who tries passwords, and must not keep PostgreSQL busy with it.
        limit, who = self.limiter.limit("auth"), counted_as("", address)
        if limit is not None:
            self.limiter.must_have_room(limit, who)
        try:
            return await self._found(digest)
        except AppError as error:
            if limit is not None and error.code == API_TOKEN_INVALID.code:
                self.limiter.count_here(limit, who)
            raise

    async def _found(self, digest: bytes) -> _ApiToken:
        rows = await self.database.fetch(SERVICE, _HOLDER, digest, mode="write")
        if not rows:
            raise refuse(API_TOKEN_INVALID, headers=_CHALLENGE)
        row = rows[0]
        scopes = set(row["scopes"])
        if self.careful and not row["has_factor"]:
            scopes.discard("admin")
        claims = {
            "email": row["email"],
            "role": ROLE,
            "relais_scopes": sorted(scopes),
            "sub": row["user_id"],
            "tenant_id": row["tenant_id"],
        }
        if row["expires_at"] is not None:
            claims["exp"] = int(row["expires_at"].timestamp())
        caller = replace(Caller.of(claims, ROLE, anonymous=False), credential=f"token:{row['id']}")
        return _ApiToken(caller, row["expires_at"], time.monotonic())

    async def _note_use(self, token: _ApiToken) -> None:
        now = time.monotonic()
        if now < token.noted + _NOTED_SECONDS:
            return
        token.noted = now
        identifier = token.caller.credential.partition(":")[2]
        # Not worth refusing a request for: the next use is noted, too.
        with suppress(AppError):
            async with self.database.connection(SERVICE, "write") as connection:
                await connection.execute(_USED, identifier, _NOTED_SECONDS)


def _ended(name: str) -> AppError:
    spec = SESSION_ENDED if name.startswith("session:") else API_TOKEN_INVALID
    return refuse(spec, headers=_CHALLENGE)
