"""What our own rows tell: mail that does not leave, and sessions that all seem to come from one address."""

from app.accounts.mails import CANCELLED
from app.adapters.postgres import SERVICE, Database
from app.doctor.findings import Finding, advice, ok, wrong
from app.settings import Settings

#: Mail that is due goes out within seconds, where somebody sends it.
LATE_MINUTES = 10
#: So many people behind one address are rather behind one proxy.
MANY_PEOPLE = 5
_OUTBOX = """
    select count(*) filter (where status = 'failed' and last_error is distinct from $2) as failed,
           count(*) filter (where status = 'sent') as sent,
           count(*) filter (where status in ('pending', 'sending')) as waiting,
           count(*) filter (where status in ('pending', 'sending')
                              and next_attempt_at < now() - $1 * interval '1 minute') as late,
           count(*) filter (where status = 'pending' and attempts > 2) as put_off
    from relais.email_outbox
    where status in ('pending', 'sending') or greatest(failed_at, sent_at) > now() - interval '7 days'
"""
_ADDRESSES = """
    select count(distinct user_id) as people, count(distinct address) as addresses, host(min(address)) as address
    from relais.sessions
    where last_used_at > now() - interval '30 days' and address is not null
"""


async def examine_rows(database: Database, settings: Settings) -> list[Finding]:
    """The outbox and the sessions."""
    return [*await _outbox(database), *await _addresses(database, settings)]


async def _outbox(database: Database) -> list[Finding]:
    failed, sent, waiting, late, put_off = (await database.fetch(SERVICE, _OUTBOX, LATE_MINUTES, CANCELLED))[0]
    findings: list[Finding] = []
    if failed:
        # A few are addresses that were mistyped; more than were sent is a server that takes none.
        tell = wrong if failed > sent else advice
        remedy = "`last_error` in relais.email_outbox says why. Mend it; /api/admin/emails/:id/resend sends it again."
        findings.append(tell("Outbox", f"{failed} given up in the last 7 days, {sent} sent", remedy))
    if late:
        seen = f"{late} due for more than {LATE_MINUTES} minutes"
        findings.append(wrong("Outbox", seen, "Nobody sends them: run `relais worker`."))
    if put_off:
        remedy = "Look for `mail_server_away` and `mail_put_off` in the worker's log."
        findings.append(advice("Outbox", f"{put_off} put off several times", remedy))
    return findings or [ok("Outbox", f"{waiting} waiting, none late or given up")]


async def _addresses(database: Database, settings: Settings) -> list[Finding]:
    if settings.server.trusted_proxies or settings.environment != "production":
        return []
    people, addresses, address = (await database.fetch(SERVICE, _ADDRESSES))[0]
    if people < MANY_PEOPLE or addresses > 1:
        return []
    seen = f"all {people} people of the last 30 days came from {address}: that is a proxy"
    remedy = f"Set RELAIS_SERVER_TRUSTED_PROXIES={address}: one who guesses passwords slows everybody until then."
    return [wrong("Proxies", seen, remedy)]
