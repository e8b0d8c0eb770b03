"""Reading as somebody else, and looking behind the rules: who may, as whom, and the note that it was done.

Administrators alone, in their own tenant, as nobody who stands higher than they do. They become that user for one
request: the rules show them what they show to that user, and nothing that they do then can write.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from app.accounts.audit import note
from app.adapters.postgres import MISSING_CODES, SERVICE, Connection, Database
from app.auth.caller import Caller
from app.auth.json_values import Json
from app.auth.sessions import AUDIENCE, ROLE
from app.errors import AppError, ErrorSpec, refuse
from app.middleware.trace import Trace
from app.module import Person

if TYPE_CHECKING:
    from app.accounts.asking import Asked

AS_INVALID = ErrorSpec("RELAIS_AS_INVALID", 400, "Relais-As takes the id of a user")
AS_REFUSED = ErrorSpec("RELAIS_AS_REFUSED", 403, "Reading as this user is not allowed")
AS_READS_ONLY = ErrorSpec("RELAIS_AS_READS_ONLY", 403, "Only reads are answered to somebody who acts as another user")
AS_UNKNOWN = ErrorSpec("RELAIS_AS_UNKNOWN", 404, "There is no such user")
HEADER = "relais-as"
READ_AS = "READ_AS"
READS = frozenset({"GET", "HEAD"})
_NOT_KEPT = (b"cache-control", b"no-store")
_LONGEST_PATH = 300
#: A database that is not ours has no such role, or no such tables.
_NOT_OURS = MISSING_CODES | {"22023", "42501"}
_TENANT = "select coalesce(nullif($1, '')::uuid, relais.default_tenant_id())::text"
_MEMBER = """
    select u.email, array_position(enum_range(null::relais.tenant_role), m.role) as standing,
           m.role >= 'admin'::relais.tenant_role as administers,
           exists (
               select from relais.second_factors as f
               where f.user_id = u.id and f.confirmed_at is not null) as has_factor
    from relais.memberships as m join relais.users as u on u.id = m.user_id
    where m.tenant_id = $1::text::uuid and m.user_id = $2::text::uuid and u.disabled_at is null
"""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How high a member of a tenant stands, there and with the module that knows its people."""

    email: str
    has_factor: bool
    administers: bool
    in_tenant: int
    in_module: int

    def reaches(self, other: "_Standing") -> bool:
        """Whether nobody could say that the other one stands higher."""
        return self.in_tenant >= other.in_tenant and self.in_module >= other.in_module


@dataclass(frozen=True, slots=True)
class Acting:
    """Lets administrators do what only they may, across the rules."""

    database: Database
    #: What a module knows of people.
    person: Person | None
    #: Administration takes a second factor.
    careful: bool

    async def administers(self, caller: Caller) -> bool:
        """Whether the caller looks after their tenant now, and their token reaches as far."""
        if not _may_administer(caller):
            return False
        try:
            async with self.database.connection(SERVICE, "write") as connection:
                tenant: str = await connection.fetchval(_TENANT, caller.tenant_id)
                own = await self._standing(connection, tenant, caller.user_id)
        except AppError as error:
            if error.code in _NOT_OURS:
                return False
            raise
        return own is not None and own.administers

    async def become(self, asked: "Asked", wanted: str, method: str, path: str) -> Caller:
        """The user whom an administrator reads as, once it has been noted; whoever asks has been let in."""
        caller = asked.caller
        if not _may_administer(caller):
            raise refuse(AS_REFUSED)
        try:
            async with self.database.transaction(SERVICE) as connection:
                return await self._become(connection, asked, wanted, method, path)
        except AppError as error:
            if error.code in _NOT_OURS:
                raise refuse(AS_REFUSED) from error
            raise

    async def _become(self, connection: Connection, asked: "Asked", wanted: str, method: str, path: str) -> Caller:
        caller = asked.caller
        tenant: str = await connection.fetchval(_TENANT, caller.tenant_id)
        own = await self._standing(connection, tenant, caller.user_id)
        if own is None or not own.administers:
            raise refuse(AS_REFUSED)
        if method not in READS:
            raise refuse(AS_READS_ONLY)
        user_id = _id(wanted)
        theirs = await self._standing(connection, tenant, user_id)
        if theirs is None:
            raise refuse(AS_UNKNOWN)
        if not own.reaches(theirs):
            raise refuse(AS_REFUSED, "This user stands higher")
        details = {"method": method, "path": path[:_LONGEST_PATH].replace("\0", "")}
        await note(
            connection, asked, READ_AS, tenant_id=tenant, actor_id=caller.user_id, target=user_id, details=details
        )
        return self._reader(caller, tenant, user_id, theirs)

    async def _standing(self, connection: Connection, tenant: str, user_id: str) -> _Standing | None:
        row = await connection.fetchrow(_MEMBER, tenant, user_id)
        if row is None:
            return None
        known = None
        if self.person is not None and self.person.standing:
            known = await connection.fetchrow(self.person.standing, tenant, user_id)
        administers = row["administers"] or (known is not None and known["administers"])
        return _Standing(
            row["email"], row["has_factor"], administers, row["standing"], 0 if known is None else known["standing"]
        )

    def _reader(self, caller: Caller, tenant: str, user_id: str, theirs: _Standing) -> Caller:
        """As a token of theirs would make them, but for the session: it has none that could end."""
        claims: dict[str, Json] = {
            "aal": "aal2" if theirs.has_factor else "aal1",
            "aud": AUDIENCE,
            "email": theirs.email,
            "role": ROLE,
            "sub": user_id,
            "tenant_id": tenant,
        }
        if self.careful and not theirs.has_factor:
            claims["relais_scopes"] = ["read", "write"]
        found = Caller.of(claims, ROLE, anonymous=False)
        return replace(found, acting=caller.user_id)


async def reading_as(acting: Acting, asked: "Asked", trace: Trace, wanted: str, method: str, path: str) -> Caller:
    """The same, and the answer says whose eyes it was seen with; whatever becomes of it, nobody keeps it."""
    trace.told = [*trace.told, _NOT_KEPT]
    found = await acting.become(asked, wanted, method, path)
    trace.told = [*trace.told, (HEADER.encode(), found.user_id.encode())]
    return found


def _may_administer(caller: Caller) -> bool:
    return bool(caller.user_id) and not caller.acting and (caller.scopes is None or "admin" in caller.scopes)


def _id(text: str) -> str:
    try:
        return str(UUID(text)) if len(text) == 36 else _malformed()
    except ValueError:
        return _malformed()


def _malformed() -> str:
    raise refuse(AS_INVALID)
