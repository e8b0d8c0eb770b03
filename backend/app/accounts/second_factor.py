"""Second factors: generators of one-time codes that somebody adds to their account, confirms, uses and takes away.

How signing in asks for them is in `second_step.py`, when a code is right in `codes.py`, what stands in
for a lost factor in `recovery_codes.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from app.accounts import recovery_codes
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.codes import INVALID_CODE, accepts, take_turn
from app.accounts.context import Accounts
from app.accounts.errors import SECOND_FACTOR_REQUIRED
from app.accounts.origins import origin_of
from app.accounts.proofs import OwnSession, must_be_recent, must_know_password, own_session, session_in
from app.accounts.sign_in import Opened, end_sessions, opened_in
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth import totp
from app.auth.sessions import SignedIn
from app.errors import ErrorSpec, refuse
from app.jobs.mail import put_mail

FACTOR_NOT_FOUND = ErrorSpec("FACTOR_NOT_FOUND", 404, "Second facteur non trouvé")
TOO_MANY_FACTORS = ErrorSpec("TOO_MANY_FACTORS", 409, "Vous avez déjà trop de seconds facteurs")
NO_SECOND_FACTOR = ErrorSpec("NO_SECOND_FACTOR", 409, "Aucun second facteur n'est activé")
PROOF_REQUIRED = ErrorSpec("PROOF_REQUIRED", 400, "Un code de vérification ou votre mot de passe est requis")
MOST_FACTORS = 5
_LIST = """
    select id::text, name, confirmed_at, created_at from relais.second_factors
    where user_id = $1::text::uuid and (confirmed_at is not null or not $2)
    order by created_at, id
"""
_DROP_PENDING = "delete from relais.second_factors where user_id = $1::text::uuid and confirmed_at is null"
_PUT = "insert into relais.second_factors (user_id, name, secret) values ($1::text::uuid, $2, $3) returning id::text"
_FIND = """
    select id::text, confirmed_at is not null as confirmed from relais.second_factors
    where user_id = $1::text::uuid and id = $2::text::uuid
"""
_CONFIRM = "update relais.second_factors set confirmed_at = now() where id = $1::text::uuid"
_DROP = "delete from relais.second_factors where id = $1::text::uuid"
_RAISE = "update relais.sessions set assurance = 2 where id = $1::text::uuid"


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows besides their session: any one of these."""

    code: str | None = None
    recovery_code: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A generator to be set up: its secret, shown once."""

    id: str
    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The session with the second factor, and recovery codes if there were none yet."""

    opened: Opened
    recovery_codes: Sequence[str] = ()


async def listed(connection: Connection, user_id: str, *, confirmed: bool = False) -> Sequence[Row]:
    """The factors of a user, the oldest first."""
    return await connection.fetch(_LIST, user_id, confirmed)


async def enrol(accounts: Accounts, asked: Asked, name: str, password: str | None) -> Enrolment:
    """A new factor. It counts once it is confirmed, and takes the place of one that never was."""
    session = await own_session(accounts, asked)
    await must_be_recent(accounts, asked, session, password)
    secret = totp.new_secret()
    sealed = accounts.keys.seal(secret)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, session.user_id)
        confirmed = await listed(connection, session.user_id, confirmed=True)
        if confirmed and session.assurance < 2:
            raise refuse(SECOND_FACTOR_REQUIRED)
        if len(confirmed) >= MOST_FACTORS:
            raise refuse(TOO_MANY_FACTORS)
        await connection.execute(_DROP_PENDING, session.user_id)
        factor_id: str = await connection.fetchval(_PUT, session.user_id, name, sealed)
    issuer = urlsplit(accounts.settings.auth.site_url).hostname or "Relais"
    return Enrolment(factor_id, totp.written(secret), totp.uri(secret, issuer, session.email))


async def verify(accounts: Accounts, asked: Asked, factor_id: str, code: str, *, alone: bool) -> Confirmed:
    """Confirm a factor with its first code, or show one of a confirmed factor: either raises this session.

    With `alone` all other sessions of the user end.
    """
    ended: list[str] = []
    codes: list[str] = []
    async with accounts.database.transaction(SERVICE) as connection:
        session = await session_in(accounts, connection, asked)
        await take_turn(connection, session.user_id)
        factor = await _found(connection, session.user_id, factor_id)
        right = await accepts(accounts, connection, session.user_id, code, only=factor["id"])
        if right:
            if not factor["confirmed"]:
                codes = await _confirm(accounts, connection, asked, session, factor["id"])
            await connection.execute(_RAISE, session.id)
            if alone:
                ended = await end_sessions(accounts, connection, session.user_id, but=session.id)
        else:
            await _note(connection, asked, session, "SECOND_FACTOR_FAILED", factor_id)
    if not right:
        raise refuse(INVALID_CODE)
    await accounts.guard.ended(ended)
    return Confirmed(_raised(accounts, session), codes)


async def remove(accounts: Accounts, asked: Asked, factor_id: str, proof: Proof) -> Opened | None:
    """Take a factor away. With the last one end all sessions, for they claim what is no more; a new one is opened."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        session = await session_in(accounts, connection, asked)
        factor = await _found(connection, session.user_id, factor_id)
    if factor["confirmed"]:
        await _must_prove(accounts, asked, session, proof)
    ended: list[str] = []
    opened = None
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, session.user_id)
        # Not the one that was proved for, if it has been confirmed in the meantime.
        again = await _found(connection, session.user_id, factor_id)
        if again["confirmed"] and not factor["confirmed"]:
            raise refuse(PROOF_REQUIRED)
        await connection.execute(_DROP, factor["id"])
        if factor["confirmed"]:
            await _note(connection, asked, session, "SECOND_FACTOR_REMOVED", factor_id)
            left = await listed(connection, session.user_id, confirmed=True)
            change = "" if left else "removed"
            await tell(accounts, connection, asked, session.email, session.locale, change=change)
            if not left:
                await recovery_codes.forget(connection, session.user_id)
                ended = await end_sessions(accounts, connection, session.user_id)
                user = {"id": session.user_id, "email": session.email}
                opened = await opened_in(accounts, connection, asked, user, session.tenant_id, method=session.method)
    await accounts.guard.ended(ended)
    return opened


async def renew_recovery_codes(accounts: Accounts, asked: Asked, proof: Proof) -> list[str]:
    """New recovery codes in the place of the old ones."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        session = await session_in(accounts, connection, asked)
        if not await listed(connection, session.user_id, confirmed=True):
            raise refuse(NO_SECOND_FACTOR)
    await _must_prove(accounts, asked, session, proof)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, session.user_id)
        if not await listed(connection, session.user_id, confirmed=True):
            raise refuse(NO_SECOND_FACTOR)
        codes = await recovery_codes.renew(connection, accounts.keys, session.user_id)
        await _note(connection, asked, session, "RECOVERY_CODES_RENEWED", None)
        await tell(accounts, connection, asked, session.email, session.locale, change="recovery_codes")
    return codes


async def tell(
    accounts: Accounts, connection: Connection, asked: Asked, email: str, locale: str, *, change: str
) -> None:
    """Write to a user that something about their second factor has changed: it may not have been them."""
    data = {**origin_of(asked), **({"change": change} if change else {})}
    await put_mail(connection, accounts.keys.seal, "second_factor_changed", email, locale=locale, data=data)


async def _confirm(
    accounts: Accounts, connection: Connection, asked: Asked, session: OwnSession, factor_id: str
) -> list[str]:
    await connection.execute(_CONFIRM, factor_id)
    await _note(connection, asked, session, "SECOND_FACTOR_ADDED", factor_id)
    await tell(accounts, connection, asked, session.email, session.locale, change="added")
    if await recovery_codes.left(connection, session.user_id):
        return []
    return await recovery_codes.renew(connection, accounts.keys, session.user_id)


async def _must_prove(accounts: Accounts, asked: Asked, session: OwnSession, proof: Proof) -> None:
    """Refuse whoever shows neither a code nor, in a session with the second factor, the password."""
    if proof.code is None and proof.recovery_code is None:
        if proof.password is None:
            raise refuse(PROOF_REQUIRED)
        if session.assurance < 2:
            raise refuse(SECOND_FACTOR_REQUIRED)
        return await must_know_password(accounts, asked, session, proof.password)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, session.user_id)
        if proof.code is not None:
            right = await accepts(accounts, connection, session.user_id, proof.code)
        else:
            right = await recovery_codes.use(connection, accounts.keys, session.user_id, proof.recovery_code or "")
        if not right:
            await _note(connection, asked, session, "SECOND_FACTOR_FAILED", None)
    if not right:
        raise refuse(INVALID_CODE)


async def _found(connection: Connection, user_id: str, factor_id: str) -> Row:
    try:
        wanted = str(UUID(factor_id))
    except ValueError:
        raise refuse(FACTOR_NOT_FOUND) from None
    row = await connection.fetchrow(_FIND, user_id, wanted)
    if row is None:
        raise refuse(FACTOR_NOT_FOUND)
    return row


def _raised(accounts: Accounts, session: OwnSession) -> Opened:
    counter, method = session.refresh_counter, session.method
    who = SignedIn(session.id, session.user_id, session.tenant_id, session.email, counter, 2, method, session.ends)
    return Opened(who, accounts.sessions.tokens(who))


async def _note(connection: Connection, asked: Asked, session: OwnSession, action: str, target: str | None) -> None:
    await note(connection, asked, action, tenant_id=session.tenant_id, actor_id=session.user_id, target=target)
