"""From the outbox to a mail server: what is sent, tried again, given up, and by whom."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from app.adapters.postgres import SERVICE, Database
from app.adapters.smtp import Envelope, SmtpMailer, Undelivered
from app.jobs import housekeeping, outbox
from app.jobs.drain import Drain, Pace
from app.jobs.letters import Site
from app.jobs.mail import put_mail
from app.settings import MailSettings, Settings
from pydantic import SecretStr

from tests.conftest import Urls
from tests.jobs.mail_rows import SITE, Outbox
from tests.jobs.mail_server import Post, Received, post_office

MAIL = MailSettings.model_validate({"sender": "Relais <noreply@example.org>", "timeout_seconds": 5, "attempts": 3})
QUICK = Pace(poll_seconds=0.05, first_delay_seconds=0.01, growth=1, note_pause_seconds=0.05)


_CUT = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where pid <> pg_backend_pid() and datname = current_database()
"""


_LISTENERS = "select 1 from pg_stat_activity where application_name = 'relais listener'"


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def mails(settings: Settings, database: Database) -> Outbox:
    """An empty outbox."""
    mails = Outbox(settings, database)
    await mails.clear()
    return mails


def drain_to(mails: Outbox, post: Post, *, pace: Pace | None = None, mail: MailSettings = MAIL, **more: Any) -> Drain:
    mailer = more.pop("mailer", None) or SmtpMailer(post.url(), mail.timeout_seconds, "relais.test")
    return Drain(
        more.pop("database", mails.database),
        mail,
        mailer,
        site=Site("Relais", SITE, SITE),
        unseal=mails.keys.unseal,
        pace=pace,
    )


@asynccontextmanager
async def running(drain: Drain) -> AsyncGenerator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(drain.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        async with asyncio.timeout(30):
            await task


async def test_a_message_is_sent_with_its_link_which_is_then_forgotten(mails: Outbox) -> None:
    recipient = await mails.put(locale="en", tenant_id="", data={"name": "Léa"})
    sealed = (await mails.row(recipient))["sealed"]
    assert b"token-of" not in sealed
    async with post_office() as post:
        await drain_to(mails, post).drain()
    (received,) = post.accepted
    assert received.recipients == (recipient,)
    assert received.message["To"] == recipient
    assert "Hello Léa," in received.text
    assert f"{SITE}/auth/verify?token=token-of-{recipient.replace('@', '%40')}" in received.text
    row = await mails.row(recipient)
    assert (row["status"], row["attempts"], row["sealed"], row["last_error"]) == ("sent", 1, None, None)
    assert row["sent_at"] is not None
    assert received.message["Message-ID"] == f"<{row['id']}@example.org>"


async def test_what_is_rolled_back_is_never_sent(mails: Outbox) -> None:
    with pytest.raises(ZeroDivisionError):
        async with mails.database.transaction(SERVICE) as connection:
            await put_mail(connection, mails.keys.seal, "welcome", "nobody@example.org")
            raise ZeroDivisionError
    async with post_office() as post:
        await drain_to(mails, post).drain()
    assert post.seen == []


async def test_a_letter_that_does_not_exist_is_refused_where_it_is_written(mails: Outbox) -> None:
    with pytest.raises(ValueError, match="no letter"):
        await mails.put(template="surprise")


async def test_mail_is_sent_as_soon_as_it_is_written(mails: Outbox) -> None:
    # Nobody looks for an hour. The first may be found at the beginning; of the others somebody must have been told.
    async with post_office() as post, running(drain_to(mails, post, pace=Pace(poll_seconds=3600))):
        async with asyncio.timeout(30):
            while not await mails.database.fetch(SERVICE, _LISTENERS):
                await asyncio.sleep(0.02)
        for count in (1, 2, 3):
            recipient = await mails.put()
            await post.wait_for(count, 30)
            await mails.wait_for(recipient, "sent")


async def test_mail_that_nobody_told_of_is_found_all_the_same(mails: Outbox) -> None:
    async with post_office() as post, running(drain_to(mails, post, pace=QUICK)):
        await mails.execute("insert into relais.email_outbox (recipient, template) values ('a@example.org', 'welcome')")
        await post.wait_for(1, 30)


async def test_what_is_put_off_is_tried_again_until_it_is_taken(mails: Outbox) -> None:
    recipient = await mails.put()
    async with post_office() as post:
        post.on_recipient.append("450 4.2.0 greylisted")
        post.on_data.append("451 4.3.0 not now")
        async with running(drain_to(mails, post, pace=QUICK)):
            row = await mails.wait_for(recipient, "sent")
    assert (row["attempts"], row["last_error"]) == (3, None)
    assert len(post.accepted) == 1


async def test_a_message_waits_longer_after_each_attempt(mails: Outbox) -> None:
    recipient = await mails.put()
    pace = Pace()
    mail = MAIL.model_copy(update={"attempts": 5})
    waits: list[float] = []
    async with post_office() as post:
        for _ in range(4):
            post.on_data.append("451 not now")
            await mails.make_due()
            await drain_to(mails, post, pace=pace, mail=mail).drain()
            row = await mails.row(recipient)
            assert (row["status"], row["last_error"]) == ("pending", "451 not now")
            waits.append(row["due_in"])
    for wait, expected in zip(waits, (30, 90, 270, 810), strict=True):
        assert 0.75 * expected < wait < 1.25 * expected
    assert pace.delay(10_000) <= 1.2 * pace.longest_delay_seconds
    assert len({pace.delay(1) for _ in range(20)}) > 1


async def test_after_so_many_attempts_a_message_has_failed(mails: Outbox) -> None:
    recipient = await mails.put()
    async with post_office() as post:
        post.on_data += ["451 not now"] * 10
        async with running(drain_to(mails, post, pace=QUICK)):
            row = await mails.wait_for(recipient, "failed")
    assert (row["attempts"], row["last_error"], len(post.seen)) == (3, "451 not now", 3)
    assert row["failed_at"] is not None
    assert row["sealed"] is not None  # an administrator may have it sent again


@pytest.mark.parametrize(
    "change",
    [
        "update relais.one_time_tokens set expires_at = now() where token_hash = sha256($1)",
        "update relais.one_time_tokens set used_at = now() where token_hash = sha256($1)",
        "delete from relais.one_time_tokens where token_hash = sha256($1)",
    ],
    ids=["expired", "used", "replaced"],
)
async def test_a_link_of_the_past_is_not_sent(mails: Outbox, change: str) -> None:
    recipient, other = await mails.put(), await mails.put(template="password_changed", secret={})
    async with post_office() as post:
        post.on_data.append("451 not now")
        await drain_to(mails, post, pace=Pace(lanes=1)).drain()
        assert (await mails.row(recipient))["status"] == "pending"
        await mails.execute(change, f"token-of-{recipient}".encode())
        await mails.make_due()
        await drain_to(mails, post).drain()
    row = await mails.row(recipient)
    assert (row["status"], row["attempts"]) == ("failed", 2)
    assert row["last_error"] == "Its link expired, was used or was replaced before it could be sent"
    assert [received.recipients for received in post.accepted] == [(other,)]


@pytest.mark.parametrize("place", ["on_recipient", "on_data"])
async def test_what_is_refused_for_good_is_not_tried_again(mails: Outbox, place: str) -> None:
    recipient = await mails.put()
    async with post_office() as post:
        getattr(post, place).append("550 5.1.1 no such user")
        drain = drain_to(mails, post)
        await drain.drain()
        await mails.make_due()
        await drain.drain()
    row = await mails.row(recipient)
    assert (row["status"], row["attempts"], row["last_error"]) == ("failed", 1, "550 5.1.1 no such user")
    assert len(post.seen) <= 1


async def test_one_that_is_refused_holds_up_no_other(mails: Outbox) -> None:
    bad, good = await mails.put("not an address"), await mails.put()
    foreign = await mails.put()
    await mails.execute("update relais.email_outbox set sealed = 'garbage' where recipient = $1", foreign)
    unknown = await mails.put()
    await mails.execute("update relais.email_outbox set template = 'gone' where recipient = $1", unknown)
    async with post_office() as post:
        await drain_to(mails, post, pace=Pace(lanes=1)).drain()
    assert [received.recipients for received in post.accepted] == [(good,)]
    for recipient in (bad, foreign, unknown):
        row = await mails.row(recipient)
        assert (row["status"], row["attempts"]) == ("failed", 1)
        assert row["last_error"]


async def test_a_mistake_of_ours_is_put_off_and_holds_up_no_other(mails: Outbox) -> None:
    first, second = await mails.put(), await mails.put()

    class Mistaken(SmtpMailer):
        async def deliver(self, envelope: Envelope) -> None:
            if envelope.recipient == first:
                raise RuntimeError("a mistake, with a secret in its words")
            await super().deliver(envelope)

    async with post_office() as post:
        await drain_to(mails, post, mailer=Mistaken(post.url(), 5, "relais.test")).drain()
    assert (await mails.row(second))["status"] == "sent"
    row = await mails.row(first)
    assert (row["status"], row["last_error"]) == ("pending", "Unexpected RuntimeError")
    assert row["due_in"] > 10


async def test_what_is_noted_of_an_error_is_short_and_holds_nothing_of_the_message(mails: Outbox) -> None:
    recipient = await mails.put(secret={"token": "s3cr3t-of-nobody"})

    async def repeat(received: Received) -> str:
        return f"550 spam: token s3cr3t-of-nobody in {SITE}/auth/verify?x " + "z" * 300

    async with post_office(Post(answer=repeat)) as post:
        await drain_to(mails, post).drain()
    row = await mails.row(recipient)
    assert row["status"] == "failed"
    assert row["last_error"].startswith("550 spam: token … in … zzz")
    assert len(row["last_error"]) <= outbox.LONGEST_ERROR
    assert "s3cr3t" not in row["last_error"]


async def test_logs_tell_of_mail_by_its_id_alone(mails: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    good, bad = await mails.put(), await mails.put()

    async def answer(received: Received) -> str:
        return "250 OK" if received.recipients == (good,) else f"550 <{bad}> unknown"

    with caplog.at_level(logging.INFO, "relais"):
        async with post_office(Post(answer=answer)) as post:
            await drain_to(mails, post).drain()
    events = {record.getMessage(): record.__dict__["fields"] for record in caplog.records}
    assert events["mail_sent"]["id"] == (await mails.row(good))["id"]
    assert events["mail_failed"] == {
        "id": (await mails.row(bad))["id"],
        "template": "verify_email",
        "attempt": 1,
        "code": 550,
    }
    assert "@" not in str(events)


async def test_when_the_server_comes_back_everything_is_sent(mails: Outbox) -> None:
    async with post_office() as post:
        pass  # a port where nobody is any more
    recipients = [await mails.put() for _ in range(12)]
    many = MAIL.model_copy(update={"attempts": 100})
    async with running(drain_to(mails, post, pace=QUICK, mail=many)):
        await mails.wait_until(recipients[0], lambda row: row["last_error"] is not None)
        async with post_office(post):
            for recipient in recipients:
                await mails.wait_for(recipient, "sent")
    assert sorted(received.recipients[0] for received in post.accepted) == sorted(recipients)


async def test_while_the_server_is_away_only_few_messages_are_spent_on_finding_out(mails: Outbox) -> None:
    async with post_office() as post:
        pass
    recipients = [await mails.put() for _ in range(20)]
    await drain_to(mails, post, pace=Pace(lanes=3)).drain()
    tried = [row for recipient in recipients if (row := await mails.row(recipient))["attempts"]]
    assert 1 <= len(tried) <= 3
    assert {row["status"] for row in tried} == {"pending"}


async def test_a_server_that_hangs_is_left_after_a_while(mails: Outbox) -> None:
    release = asyncio.Event()

    async def hang(_received: Received) -> str:
        await release.wait()
        return "451 too late"

    recipient = await mails.put()
    impatient = MAIL.model_copy(update={"timeout_seconds": 0.3})
    async with post_office(Post(answer=hang)) as post:
        await drain_to(mails, post, mail=impatient).drain()
        release.set()
    row = await mails.row(recipient)
    assert (row["status"], row["attempts"]) == ("pending", 1)
    # Administrators of tenants read it, and need not know where the server is.
    assert row["last_error"] == "The mail server took no mail at the time"


async def test_two_workers_never_hold_one_message(mails: Outbox, settings: Settings) -> None:
    recipients = {await mails.put() for _ in range(60)}
    other = Database(settings.database)
    await other.open()
    try:

        async def claims(database: Database) -> list[str]:
            held: list[str] = []
            while (mail := await outbox.claim(database, 60)) is not None:
                held.append(mail.recipient)
            return held

        found = await asyncio.gather(*(claims(database) for database in (mails.database, other) * 4))
    finally:
        await other.close()
    held = [recipient for some in found for recipient in some]
    assert len(held) == len(set(held)) == 60
    assert set(held) == recipients


async def test_a_claim_that_nobody_kept_is_taken_over_when_its_time_is_up(mails: Outbox) -> None:
    recipient = await mails.put()
    first = await outbox.claim(mails.database, 60)
    assert first is not None
    row = await mails.row(recipient)
    assert (row["status"], row["attempts"]) == ("sending", 1)
    assert 50 < row["due_in"] <= 60
    assert await outbox.claim(mails.database, 60) is None
    await mails.make_due()
    second = await outbox.claim(mails.database, 60)
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)


async def test_whoever_lost_a_claim_changes_nothing_but_that_it_was_sent(mails: Outbox) -> None:
    recipient = await mails.put()
    late = await outbox.claim(mails.database, 60)
    await mails.make_due()
    now = await outbox.claim(mails.database, 60)
    assert late is not None
    assert now is not None
    await outbox.put_off(mails.database, late, "late", seconds=5)
    await outbox.give_up(mails.database, late, "late")
    assert (await mails.row(recipient))["status"] == "sending"
    # The server has it, whoever asked it to take it.
    await outbox.sent(mails.database, late)
    await outbox.put_off(mails.database, now, "broken", seconds=5)
    await outbox.give_up(mails.database, now, "broken")
    assert (await mails.row(recipient))["status"] == "sent"


async def test_that_it_was_sent_is_noted_though_the_database_was_away_for_a_moment(
    mails: Outbox, settings: Settings, urls: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    recipient = await mails.put()
    own = Database(settings.database)
    await own.open()
    admin = await asyncpg.connect(urls.admin)
    name = await admin.fetchval("select current_database()")

    async def shut(_received: Received) -> str:
        await admin.execute(f"alter database {name} connection limit 0")
        await admin.execute(_CUT)
        return "250 OK"

    async def reopen() -> None:
        while "outbox_unavailable" not in [record.getMessage() for record in caplog.records]:
            await asyncio.sleep(0.02)
        await admin.execute(f"alter database {name} connection limit -1")

    try:
        async with post_office(Post(answer=shut)) as post, asyncio.timeout(30):
            await asyncio.gather(drain_to(mails, post, pace=QUICK, database=own).drain(), reopen())
    finally:
        await admin.execute(f"alter database {name} connection limit -1")
        await admin.close()
        await own.close()
    assert ((await mails.row(recipient))["status"], len(post.accepted)) == ("sent", 1)


async def test_without_the_database_the_worker_says_so_and_goes_on(
    mails: Outbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = settings.database.model_copy(update={"url": SecretStr("postgresql://nobody@127.0.0.1:9/none")})
    own = Database(away)
    await own.open()
    async with post_office() as post, running(drain_to(mails, post, database=own, pace=QUICK)):
        async with asyncio.timeout(30):
            while [record.getMessage() for record in caplog.records].count("outbox_unavailable") < 10:
                await asyncio.sleep(0.02)
    await own.close()


async def test_when_told_to_stop_what_is_under_way_is_finished_and_nothing_else_begun(mails: Outbox) -> None:
    release, begun = asyncio.Event(), asyncio.Event()

    async def slow(_received: Received) -> str:
        begun.set()
        await release.wait()
        return "250 OK"

    recipients = [await mails.put() for _ in range(3)]
    stopping = asyncio.Event()
    async with post_office(Post(answer=slow)) as post:
        task = asyncio.create_task(drain_to(mails, post, pace=Pace(lanes=1)).run(stopping))
        await begun.wait()
        stopping.set()
        release.set()
        async with asyncio.timeout(30):
            await task
    statuses = [(await mails.row(recipient))["status"] for recipient in recipients]
    assert sorted(statuses) == ["pending", "pending", "sent"]


async def test_a_repeat_has_the_id_of_the_first(mails: Outbox) -> None:
    recipient = await mails.put()

    class Forgetful(SmtpMailer):
        """Loses the answer of the server."""

        async def deliver(self, envelope: Envelope) -> None:
            await super().deliver(envelope)
            raise Undelivered("away", "connection lost")

    async with post_office() as post:
        await drain_to(mails, post, mailer=Forgetful(post.url(), 5, "relais.test")).drain()
        await mails.make_due()
        await drain_to(mails, post).drain()
    ids = [str(received.message["Message-ID"]) for received in post.accepted]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert (await mails.row(recipient))["status"] == "sent"


async def test_housekeeping_forgets_mail_when_its_time_has_come(mails: Outbox) -> None:
    statement = """
        insert into relais.email_outbox (recipient, template, status, sent_at, failed_at, sealed, created_at)
        select name, 'welcome', status::relais.mail_status, now() - sent * interval '1 day',
               now() - failed * interval '1 day', 'secret', now() - interval '1 year'
        from (values
          ('sent long ago', 'sent', 31, null), ('sent of late', 'sent', 29, null),
          ('failed long ago', 'failed', null, 91), ('failed', 'failed', null, 8), ('failed of late', 'failed', null, 6),
          ('pending', 'pending', null, null), ('sending', 'sending', null, null)
        ) as v (name, status, sent, failed)
    """
    await mails.execute(statement)
    removed = await housekeeping.sweep({"database": mails.database})
    assert removed["email_outbox"] == 2
    rows = await mails.database.fetch(SERVICE, "select recipient, sealed from relais.email_outbox", mode="write")
    left = {row["recipient"]: row["sealed"] is not None for row in rows}
    assert left == {
        "sent of late": True,
        "failed": False,
        "failed of late": True,
        "pending": True,
        "sending": True,
    }


async def test_housekeeping_forgets_what_browsers_bring_back_sooner_than_links(mails: Outbox) -> None:
    statement = """
        insert into relais.one_time_tokens (email, purpose, token_hash, expires_at)
        select 'a@example.org', purpose::relais.token_purpose, sha256((purpose || hours)::bytea),
               now() - hours * interval '1 hour'
        from unnest(array['oauth_state', 'sign_in_code', 'second_factor', 'verify_email']) as purpose,
             unnest(array[0.5, 2, 167, 169]) as hours
    """
    await mails.execute(statement)
    removed = await housekeeping.sweep({"database": mails.database})
    assert removed["one_time_tokens"] == 3 * 3 + 1
