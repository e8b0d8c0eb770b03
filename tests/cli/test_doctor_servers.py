"""What the doctor says of PostgreSQL, of our rows in it, and of Redis."""

import secrets
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit

import pytest
from app.accounts.mails import CANCELLED
from app.adapters.postgres import Database
from app.adapters.queue import HEALTH
from app.adapters.redis import Redis
from app.doctor import Severity, database
from app.doctor.database import examine_database
from app.doctor.queue import examine_redis
from app.doctor.rows import examine_rows
from app.settings import Settings

from tests.cli.findings import ADVICE, OK, WRONG, told, with_settings
from tests.conftest import Urls, run_sql
from tests.own_redis import own_redis


class Rows:
    """What the rows of this file's database tell."""

    def __init__(self, database: Database, settings: Settings, admin: str) -> None:
        self.database, self.settings, self.admin = database, settings, admin

    async def given(self, *statements: str) -> None:
        await run_sql(self.admin, *statements)

    async def told(self, what: str) -> tuple[Severity, str]:
        return told(await examine_rows(self.database, self.settings), what)


@pytest.fixture
async def rows(settings: Settings, urls: Urls) -> AsyncGenerator[Rows]:
    opened = Database(settings.database)
    await opened.open()
    yield Rows(opened, with_settings(settings), urls.admin)
    await run_sql(urls.admin, "delete from relais.email_outbox", "delete from relais.users")
    await opened.close()


def mail(status: str, **fields: str) -> str:
    """A message in the outbox; fields as SQL."""
    names, values = ", ".join(fields), ", ".join(fields.values())
    return f"""
        insert into relais.email_outbox (recipient, template, locale, status{names and ", " + names})
        values ('lea@example.org', 'verify_email', 'fr', '{status}'{values and ", " + values})
    """


async def test_an_outbox_that_moves_is_well(rows: Rows) -> None:
    await rows.given(mail("pending"), mail("sent", sent_at="now()"))
    assert await rows.told("Outbox") == (OK, "1 waiting, none late or given up ")


async def test_mail_that_was_given_up_is_told_and_is_wrong_when_none_is_sent(rows: Rows) -> None:
    await rows.given(mail("failed", failed_at="now()"))
    severity, words = await rows.told("Outbox")
    assert severity is WRONG
    assert "1 given up in the last 7 days, 0 sent" in words
    await rows.given(mail("sent", sent_at="now()"))
    assert (await rows.told("Outbox"))[0] is ADVICE


async def test_mail_of_long_ago_and_what_was_cancelled_is_not_told(rows: Rows) -> None:
    await rows.given(
        mail("failed", failed_at="now() - interval '8 days'"),
        mail("failed", failed_at="now()", last_error=f"'{CANCELLED}'"),
    )
    assert (await rows.told("Outbox"))[0] is OK


async def test_mail_that_nobody_sends_is_wrong_and_mail_that_is_put_off_is_told(rows: Rows) -> None:
    await rows.given(mail("pending", attempts="5", next_attempt_at="now() + interval '1 hour'"))
    assert (await rows.told("Outbox"))[0] is ADVICE
    await rows.given(mail("pending", next_attempt_at="now() - interval '20 minutes'"))
    severity, words = await rows.told("Outbox")
    assert severity is WRONG
    assert "relais worker" in words


def session_from(address: str) -> str:
    """Somebody who is signed in from there."""
    return f"""
        with someone as (
          insert into relais.users (email) values ('{secrets.token_hex(8)}@example.org') returning id
        ), member as (
          insert into relais.memberships (tenant_id, user_id, role)
          select relais.default_tenant_id(), id, 'member' from someone returning tenant_id, user_id
        )
        insert into relais.sessions (tenant_id, user_id, address, expires_at)
        select tenant_id, user_id, '{address}', now() + interval '1 day' from member
    """


async def test_many_people_of_one_address_are_a_proxy_that_is_not_believed(rows: Rows) -> None:
    await rows.given(*(session_from("10.1.2.3") for _ in range(4)))
    assert (await rows.told("Proxies"))[0] is OK
    await rows.given(session_from("10.1.2.3"))
    severity, words = await rows.told("Proxies")
    assert severity is WRONG
    assert "RELAIS_SERVER_TRUSTED_PROXIES=10.1.2.3" in words
    await rows.given(session_from("203.0.113.5"))
    assert (await rows.told("Proxies"))[0] is OK


async def test_a_caller_above_the_rules_is_wrong(
    settings: Settings, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Roles belong to the whole server, where others are at work: this one is a caller for this test alone.
    role = f"caller_{secrets.token_hex(4)}"
    await run_sql(urls.admin, f"create role {role} nologin bypassrls", f"grant {role} to relais_login")
    monkeypatch.setattr(database, "CALLERS", (*database.CALLERS, role))
    try:
        severity, words = told(await examine_database(settings), "Roles")
    finally:
        await run_sql(urls.admin, f"drop role {role}")
    assert severity is WRONG
    assert f"{role} can do more than the rules let it" in words
    assert "nobypassrls" in words


async def test_redis_that_drops_what_it_likes_is_wrong(settings: Settings) -> None:
    with own_redis() as server:
        own = settings.model_copy(update={"redis": server.settings})
        assert told(await examine_redis(own), "Redis memory")[0] is OK
        seen: dict[str, Severity] = {}
        for policy in ("allkeys-lru", "volatile-lru", "volatile-ttl", "noeviction"):
            server.say(f"CONFIG SET maxmemory 100mb maxmemory-policy {policy}")
            server.say("CONFIG SET maxmemory 100mb")
            server.say(f"CONFIG SET maxmemory-policy {policy}")
            seen[policy] = told(await examine_redis(own), "Redis memory")[0]
    assert seen == {"allkeys-lru": WRONG, "volatile-lru": ADVICE, "volatile-ttl": OK, "noeviction": OK}


async def test_redis_that_keeps_nothing_is_told(settings: Settings) -> None:
    with own_redis() as server:
        own = settings.model_copy(update={"redis": server.settings})
        assert told(await examine_redis(own), "Redis on disk") == (OK, "append-only file ")
        server.say("CONFIG SET appendonly no")
        assert told(await examine_redis(own), "Redis on disk")[0] is ADVICE
        server.say('CONFIG SET save "60 1"')
        assert told(await examine_redis(own), "Redis on disk")[0] is OK


async def test_a_user_of_redis_who_may_not_look_into_it_is_told_so(settings: Settings) -> None:
    with own_redis() as server:
        own = settings.model_copy(update={"redis": server.settings})
        server.say("ACL SETUSER default -config")
        assert told(await examine_redis(own), "Redis")[0] is OK
        server.say("ACL SETUSER default -info")
        severity, words = told(await examine_redis(own), "Redis")
    assert severity is WRONG
    assert "RELAIS_REDIS_URL" in words


async def test_a_worker_is_missed_more_in_production(settings: Settings) -> None:
    assert told(await examine_redis(with_settings(settings)), "Worker")[0] is WRONG
    assert told(await examine_redis(with_settings(settings, "development")), "Worker")[0] is ADVICE
    redis = Redis(settings.redis)
    try:
        await redis.run(("SET", redis.key(HEALTH), "here", "EX", 60))
        assert told(await examine_redis(with_settings(settings)), "Worker")[0] is OK
    finally:
        await redis.run(("DEL", redis.key(HEALTH)))
        await redis.close()


async def test_a_database_that_a_killed_restore_left_closed_is_told(settings: Settings, urls: Urls) -> None:
    parts = urlsplit(urls.admin)
    name, elsewhere = parts.path[1:], urlunsplit(parts._replace(path="/postgres"))
    await run_sql(elsewhere, f"alter database {name} allow_connections false")
    try:
        severity, words = told(await examine_database(settings), "PostgreSQL")
    finally:
        await run_sql(elsewhere, f"alter database {name} allow_connections true")
    assert severity is WRONG
    assert "not currently accepting connections" in words
    assert "allow_connections true" in words
