"""The outbox as administrators see it: what was written to whom and how far it came, never what it says.

They see the mail of their tenant. Mail that is of no tenant (an account is the installation's) is seen in the default
one, whose administrators run the installation.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.tenancy import standing, tenant_here
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.tables import TenantRole
from app.errors import ErrorSpec, refuse
from app.jobs.letters import WITH_SECRET
from app.jobs.mail import CHANNEL
from app.jobs.outbox import is_spent
from app.jobs.tables import MailStatus

MAIL_NOT_FOUND = ErrorSpec("MAIL_NOT_FOUND", 404, "Message non trouvé")
MAIL_IN_HAND = ErrorSpec("MAIL_IN_HAND", 409, "Ce message est en cours d'envoi")
MAIL_ALREADY_SENT = ErrorSpec("MAIL_ALREADY_SENT", 409, "Ce message a déjà été envoyé")
MAIL_NOT_WAITING = ErrorSpec("MAIL_NOT_WAITING", 409, "Ce message n'attend plus d'être envoyé")
MAIL_EXPIRED = ErrorSpec("MAIL_EXPIRED", 409, "Le lien de ce message n'existe plus, il faut en demander un nouveau")
CANCELLED = "Cancelled by an administrator"
_NOT_TO_CANCEL = {
    MailStatus.SENDING.value: MAIL_IN_HAND,
    MailStatus.SENT.value: MAIL_ALREADY_SENT,
    MailStatus.FAILED.value: MAIL_NOT_WAITING,
}
_PAGE = """
    with matching as (
        select * from relais.email_outbox as e
        where coalesce(e.tenant_id, relais.default_tenant_id()) = $1::text::uuid
          and (cardinality($2::text[]) = 0 or e.status::text = any ($2::text[]))
          and ($3 = '' or e.template = $3)
          and ($4 = '' or strpos(lower(e.recipient), lower($4)) > 0)
    )
    select whole.total, page.*
    from (select count(*) as total from matching) as whole
    left join lateral (
        select m.id::text, m.recipient, m.template, m.locale, m.status::text, m.attempts, m.last_error,
               m.next_attempt_at, m.sent_at, m.failed_at, m.created_at
        from matching as m order by m.created_at desc, m.id desc limit $5 offset $6
    ) as page on true
"""
_ONE = """
    select e.id::text, e.recipient, e.template, e.locale, e.status::text, e.attempts, e.last_error,
           e.next_attempt_at, e.sent_at, e.failed_at, e.created_at
    from relais.email_outbox as e where e.id = $1::text::uuid
"""
_HOLD = """
    select e.id::text, e.status::text, e.template, e.sealed, e.next_attempt_at <= now() as due
    from relais.email_outbox as e
    where coalesce(e.tenant_id, relais.default_tenant_id()) = $1::text::uuid and e.id = $2::text::uuid
    for update
"""
_AGAIN = """
    update relais.email_outbox
    set status = 'pending', attempts = 0, next_attempt_at = now(), last_error = null, failed_at = null
    where id = $1::text::uuid returning id::text
"""
#: Somebody asks for another one, and is to get it: it must not pass for a repeat of the first.
_ANOTHER = """
    insert into relais.email_outbox (tenant_id, recipient, template, locale, data)
    select tenant_id, recipient, template, locale, data from relais.email_outbox
    where id = $1::text::uuid returning id::text
"""
_CANCEL = """
    update relais.email_outbox set status = 'failed', failed_at = now(), last_error = $2 where id = $1::text::uuid
"""
_WAKE = "select pg_notify($1, '')"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mail is asked for. What is empty asks for nothing in particular."""

    statuses: tuple[MailStatus, ...] = ()
    template: str = ""
    #: A part of the recipient's address.
    search: str = ""


async def mails_of(
    accounts: Accounts, asked: Asked, wanted: Wanted, *, page: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """A page of the tenant's mail, the latest first, and how much there is of what is asked for."""
    tenant_id = await tenant_here(accounts, asked)
    conditions = (tenant_id, [status.value for status in wanted.statuses], wanted.template, wanted.search)
    async with accounts.database.connection(SERVICE) as connection:
        await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
        rows = await connection.fetch(_PAGE, *conditions, limit, (page - 1) * limit)
    found = [dict(row) for row in rows]  # pyright: ignore
    total = int(found[0]["total"])
    return [_without_total(row) for row in found if row["id"] is not None], total


async def send_again(accounts: Accounts, asked: Asked, mail_id: str) -> dict[str, Any]:
    """Have a message sent now: one that waits or has failed, or another one like one that was sent."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        held = await _held(connection, asked, tenant_id, mail_id)
        if held["status"] == MailStatus.SENDING and not held["due"]:
            raise refuse(MAIL_IN_HAND)
        if held["template"] in WITH_SECRET and await _is_spent(accounts, connection, held["sealed"]):
            raise refuse(MAIL_EXPIRED)
        statement = _ANOTHER if held["status"] == MailStatus.SENT else _AGAIN
        sent_id = await connection.fetchval(statement, held["id"])
        await connection.execute(_WAKE, CHANNEL)
        await _note(connection, asked, tenant_id, "MAIL_RESENT", sent_id)
        return await _one(connection, sent_id)


async def cancel(accounts: Accounts, asked: Asked, mail_id: str) -> dict[str, Any]:
    """Have a message that waits not be sent. It counts as failed, and can be sent again."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        held = await _held(connection, asked, tenant_id, mail_id)
        if held["status"] in _NOT_TO_CANCEL:
            raise refuse(_NOT_TO_CANCEL[held["status"]])
        await connection.execute(_CANCEL, held["id"], CANCELLED)
        await _note(connection, asked, tenant_id, "MAIL_CANCELLED", held["id"])
        return await _one(connection, held["id"])


async def _held(connection: Connection, asked: Asked, tenant_id: str, mail_id: str) -> Row:
    """A message of the tenant that no worker claims until the transaction ends."""
    await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
    try:
        identifier = str(UUID(mail_id))
    except ValueError:
        raise refuse(MAIL_NOT_FOUND) from None  # what is no identifier is nobody's
    row = await connection.fetchrow(_HOLD, tenant_id, identifier)
    if row is None:
        raise refuse(MAIL_NOT_FOUND)
    return row


async def _is_spent(accounts: Accounts, connection: Connection, sealed: bytes | None) -> bool:
    if sealed is None:
        return True
    try:
        secret = orjson.loads(accounts.keys.unseal(sealed))
    except ValueError:
        # Sealed with a key that is gone.
        return True
    return await is_spent(connection, str(secret.get("token")))


async def _one(connection: Connection, mail_id: str) -> dict[str, Any]:
    row = await connection.fetchrow(_ONE, mail_id)
    return dict(row)  # pyright: ignore


async def _note(connection: Connection, asked: Asked, tenant_id: str, action: str, mail_id: str) -> None:
    await note(connection, asked, action, tenant_id=tenant_id, actor_id=asked.caller.user_id, target=mail_id)


def _without_total(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "total"}
