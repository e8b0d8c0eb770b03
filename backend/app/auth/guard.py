"""Lets callers in: is the session or API token behind them still good, and do they ask more often than they may?

Both are asked of Redis in one round trip, which requests of the same moment share. Without Redis PostgreSQL says
whether a session is good, and each process counts requests for itself.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from app.adapters.postgres import SERVICE, Database
from app.adapters.redis import Command, Redis, RedisUnavailable
from app.auth.caller import Caller, CallerResolver
from app.auth.endings import Endings
from app.auth.limits import Headers, Kind, Limiter
from app.auth.sessions import ROLE
from app.auth.tokens import bearer_token
from app.errors import AppError, ErrorSpec, refuse

SESSION_ENDED = ErrorSpec("SESSION_ENDED", 401, "Session terminée, veuillez vous reconnecter")
API_TOKEN_INVALID = ErrorSpec("API_TOKEN_INVALID", 401, "Token API invalide")
API_TOKEN_EXPIRED = ErrorSpec("API_TOKEN_EXPIRED", 401, "Token API expiré")
INSUFFICIENT_SCOPE = ErrorSpec("INSUFFICIENT_SCOPE", 403, "Ce token ne permet pas cette opération")
API_TOKEN_PREFIX = "hub_lib_"  # noqa: S105 - what every token begins with
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_PREFIX_BYTES = API_TOKEN_PREFIX.encode()
_GOOD, _ENDED = b"good", b"ended"
_MOST_TOKENS = 5_000
#: A use is noted once in so many seconds.
_NOTED_SECONDS = 60
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
_HOLDER = """
    select t.id::text, t.user_id::text, t.tenant_id::text, t.scopes, t.expires_at, u.email
    from relais.api_tokens as t join relais.users as u on u.id = t.user_id
    where t.token_hash = $1 and t.revoked_at is null and u.disabled_at is null
"""
_USED = "update relais.api_tokens set last_used_at = now() where id = $1::text::uuid"


@dataclass(frozen=True, slots=True)
class _ApiToken:
    caller: Caller
    expires: datetime | None


@dataclass(slots=True)
class Guard:
    """Stands in front of whatever callers ask for."""

    database: Database
    redis: Redis
    limiter: Limiter
    endings: Endings
    #: How long an access token is good for: what ended longer ago needs no mention.
    seconds: int
    _tokens: OrderedDict[bytes, _ApiToken] = field(default_factory=OrderedDict[bytes, _ApiToken])

    async def admit(
        self, callers: CallerResolver, authorization: bytes | None, address: str, kind: Kind
    ) -> tuple[Caller, Headers]:
        """The caller, and what the answer says of how often they may ask; or an `AppError`."""
        caller = await self.recognised(callers, authorization)
        if kind != "reads" and caller.scopes is not None and "write" not in caller.scopes:
            raise refuse(INSUFFICIENT_SCOPE)
        return caller, await self.count(caller, address, kind)

    async def recognised(self, callers: CallerResolver, authorization: bytes | None) -> Caller:
        """The caller, however they prove who they are."""
        token = bearer_token(authorization)
        if token is None or not token.startswith(_PREFIX_BYTES):
            return callers.resolve(authorization)
        return await self._holder(token)

    async def count(self, caller: Caller, address: str, kind: Kind) -> Headers:
        """Count a request of somebody whose session, if they have one, must be good."""
        name, limit = caller.credential, self.limiter.limit(kind)
        if name and name in self.endings:
            raise _ended(name)
        who = f"user:{caller.user_id}" if caller.user_id else f"ip:{address}"
        commands: list[Command] = [("GET", self.redis.key(name))] if name else []
        if limit is not None:
            commands.append(self.limiter.command(limit, who))
        answers: list[Any] | None = None
        if commands:
            with suppress(RedisUnavailable):
                answers = await self.redis.run(*commands)
        if name:
            await self._must_be_good(name, answers[0] if answers is not None else None)
        if limit is None:
            return []
        counted = self.limiter.read(limit, who, answers[-1] if answers is not None else None)
        if not counted.allowed:
            raise counted.refusal()
        return counted.headers()

    async def ended(self, names: Iterable[str]) -> None:
        """Have everybody know that these are no longer good; PostgreSQL knows already."""
        commands: list[Command] = []
        for name in names:
            self.endings.add(name)
            commands.append(("SET", self.redis.key(name), _ENDED, "EX", self.seconds))
        if commands:
            # Without Redis the announcement of PostgreSQL has to do.
            with suppress(RedisUnavailable):
                await self.redis.run(*commands)

    async def _must_be_good(self, name: str, known: object) -> None:
        if known == _ENDED:
            raise _ended(name)
        if known == _GOOD and self.endings.hears:
            return
        kind, _, identifier = name.partition(":")
        (row,) = await self.database.fetch(SERVICE, _IS_GOOD[kind], identifier)
        if not row[0]:
            await self.ended((name,))
            raise _ended(name)
        if known is None:
            # Never over an end that came in between.
            with suppress(RedisUnavailable):
                await self.redis.run(("SET", self.redis.key(name), _GOOD, "EX", self.seconds, "NX"))

    async def _holder(self, token: bytes) -> Caller:
        digest = hashlib.sha256(token).digest()
        known = self._tokens.get(digest)
        if known is None or known.caller.credential in self.endings:
            known = await self._found(digest)
            self._tokens[digest] = known
            if len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
        self._tokens.move_to_end(digest)
        if known.expires is not None and known.expires <= datetime.now(UTC):
            raise refuse(API_TOKEN_EXPIRED, headers=_CHALLENGE)
        await self._note_use(known.caller)
        return known.caller

    async def _found(self, digest: bytes) -> _ApiToken:
        rows = await self.database.fetch(SERVICE, _HOLDER, digest)
        if not rows:
            raise refuse(API_TOKEN_INVALID, headers=_CHALLENGE)
        row = rows[0]
        claims = {
            "email": row["email"],
            "role": ROLE,
            "scopes": list(row["scopes"]),
            "sub": row["user_id"],
            "tenant_id": row["tenant_id"],
        }
        caller = replace(Caller.of(claims, ROLE, anonymous=False), credential=f"token:{row['id']}")
        return _ApiToken(caller, row["expires_at"])

    async def _note_use(self, caller: Caller) -> None:
        identifier = caller.credential.partition(":")[2]
        with suppress(RedisUnavailable):
            key = self.redis.key("token_used", identifier)
            (first,) = await self.redis.run(("SET", key, "1", "EX", _NOTED_SECONDS, "NX"))
            if first:
                async with self.database.connection(SERVICE, "write") as connection:
                    await connection.execute(_USED, identifier)


def _ended(name: str) -> AppError:
    spec = SESSION_ENDED if name.startswith("session:") else API_TOKEN_INVALID
    return refuse(spec, headers=_CHALLENGE)
