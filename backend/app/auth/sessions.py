"""Sessions: made at sign-in, kept up by refresh tokens that change with each use, ended at once everywhere.

PostgreSQL has the truth. A refresh token is the session's id, a number and a code that only we can make: nothing of it
is stored but the number. Whoever shows the number before the one of now is told the one of now again, for an answer may
have been lost and several tabs may ask at once; whoever shows an older one ends the session, for somebody else has it.
"""

import base64
import binascii
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.adapters.postgres import Connection
from app.auth.signing import Keyring
from app.settings import AuthSettings

AUDIENCE = "authenticated"
ROLE = "authenticated"
_WITHOUT_ADMINISTRATION = ("read", "write")
#: What comes with refresh tokens and nothing else.
_PURPOSE = "refresh"
_CODE_BYTES = 18
_BODY = struct.Struct(">16sI")
_CREATE = """
    insert into relais.sessions (tenant_id, user_id, method, assurance, user_agent, address, expires_at)
    select $1::text::uuid, $2::text::uuid, $3, $4, left($5, 500), $6::text::inet, now() + $7::float8 * interval '1 day'
    returning id::text, expires_at
"""
_ROTATE = """
    select r.outcome, r.counter, r.user_id::text, r.tenant_id::text, r.assurance, r.method, r.expires_at, u.email
    from relais.rotate_session(
        $1::text::uuid, $2, $3, $4::float8 * interval '1 day', $5::float8 * interval '1 day') as r
    left join relais.users as u on u.id = r.user_id
"""
_END = """
    update relais.sessions set revoked_at = now()
    where user_id = $1::text::uuid and revoked_at is null and ($2 = '' or id::text = $2) and id::text <> $3
    returning id::text
"""
_LIST = """
    select id::text, tenant_id::text, method, assurance, user_agent, host(address) as address, created_at, last_used_at,
           expires_at
    from relais.sessions
    where user_id = $1::text::uuid and revoked_at is null and expires_at > now()
    order by last_used_at desc, id
"""


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signs in from."""

    address: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user in a session of a tenant, as tokens tell of them."""

    session_id: str
    user_id: str
    tenant_id: str
    email: str
    counter: int = 0
    assurance: int = 1
    method: str = "password"
    #: When the session ends if nobody refreshes it; no access token is good for longer.
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client holds."""

    access_token: str
    refresh_token: str
    expires_in: int
    expires_at: int
    session_id: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of a refresh token."""

    outcome: str
    who: SignedIn | None = None


class Sessions:
    """Makes, rotates, lists and ends sessions. Each call takes a connection as the service role."""

    def __init__(self, settings: AuthSettings, keys: Keyring, *, audience: str = "", issuer: str = "") -> None:
        self._settings = settings
        self._keys = keys
        self._audience = audience or AUDIENCE
        self._issuer = issuer

    async def create(
        self,
        connection: Connection,
        user: Mapping[str, str],
        tenant_id: str,
        device: Device,
        *,
        method: str = "password",
        assurance: int = 1,
    ) -> SignedIn:
        """A new session of a user (`id`, `email`) in a tenant that they are a member of."""
        row = await connection.fetchrow(
            _CREATE,
            tenant_id,
            user["id"],
            method,
            assurance,
            device.agent,
            device.address,
            min(self._settings.session_idle_days, self._settings.session_longest_days),
        )
        assert row is not None
        return SignedIn(row["id"], user["id"], tenant_id, user["email"], 0, assurance, method, row["expires_at"])

    async def refresh(self, connection: Connection, token: str) -> Refreshed:
        """Exchange a refresh token."""
        shown = self._read(token)
        if shown is None:
            return Refreshed("unknown")
        settings = self._settings
        row = await connection.fetchrow(
            _ROTATE, *shown, settings.refresh_reuses, settings.session_idle_days, settings.session_longest_days
        )
        assert row is not None
        if row["outcome"] == "ended":
            return Refreshed("ended")
        who = SignedIn(
            shown[0],
            row["user_id"],
            row["tenant_id"],
            row["email"],
            row["counter"],
            row["assurance"],
            row["method"],
            row["expires_at"],
        )
        return Refreshed(row["outcome"], who)

    async def listed(self, connection: Connection, user_id: str) -> list[dict[str, Any]]:
        """The sessions of a user that are good, the one used last first."""
        return [dict(row) for row in await connection.fetch(_LIST, user_id)]  # pyright: ignore

    async def end(self, connection: Connection, user_id: str, *, only: str = "", but: str = "") -> list[str]:
        """End the sessions of a user: all, one, or all but one. The ids of those that were good."""
        return [row["id"] for row in await connection.fetch(_END, user_id, only, but)]

    def tokens(self, who: SignedIn) -> Tokens:
        """The pair of tokens of a session as it is now."""
        now = int(time.time())
        expires = now + self._settings.access_token_seconds
        if who.ends is not None:
            expires = min(expires, int(who.ends.timestamp()))
        claims: dict[str, Any] = {
            "aal": f"aal{who.assurance}",
            "amr": [{"method": who.method, "timestamp": now}],
            "aud": self._audience,
            "email": who.email,
            "exp": expires,
            "iat": now,
            "role": ROLE,
            "session_id": who.session_id,
            "sid": who.session_id,
            "sub": who.user_id,
            "tenant_id": who.tenant_id,
        }
        if self._issuer:
            claims["iss"] = self._issuer
        if self._settings.second_factor_for_admins and who.assurance == 1:
            claims["relais_scopes"] = list(_WITHOUT_ADMINISTRATION)
        return Tokens(self._keys.sign(claims), self._written(who), max(expires - now, 0), expires, who.session_id)

    def session_of(self, token: str) -> str | None:
        """The session that a refresh token belongs to, if we made the token."""
        shown = self._read(token)
        return shown[0] if shown is not None else None

    def _written(self, who: SignedIn) -> str:
        body = _BODY.pack(UUID(who.session_id).bytes, who.counter)
        code = self._keys.code_of(_PURPOSE, body)[:_CODE_BYTES]
        return base64.urlsafe_b64encode(body + code).rstrip(b"=").decode()

    def _read(self, token: str) -> tuple[str, int] | None:
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, code = data[: _BODY.size], data[_BODY.size :]
        if len(code) != _CODE_BYTES or not self._keys.made(_PURPOSE, body, code):
            return None
        session, counter = _BODY.unpack(body)
        return str(UUID(bytes=session)), counter
