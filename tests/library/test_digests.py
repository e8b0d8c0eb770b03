"""Digests: who is written to, of what, in which words; and once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from app.adapters.postgres import SERVICE, Database
from app.jobs.letters import Site, render
from app.jobs.performing import Performer
from app.jobs.rows import put_job
from app.modules.library.digests import daily_digest, weekly_digest
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource


@pytest.fixture
async def database(app: FastAPI, urls: Urls) -> Database:
    """Nobody prefers anything yet."""
    await run_sql(
        urls.admin,
        "delete from library.profile_preferences",
        "delete from relais.jobs",
        "delete from relais.email_outbox where template = 'digest'",
    )
    return app.state.relais.database


async def prefer(urls: Urls, member: Member, preferences: str, *, locale: str = "fr") -> None:
    await run_sql(
        urls.admin,
        f"update relais.users set email_verified_at = now(), locale = '{locale}' where id = '{member.id}'",
        "insert into library.profile_preferences (tenant_id, user_id, notifications)"
        f" values (relais.default_tenant_id(), '{member.id}', '{preferences}')",
    )


async def tell(urls: Urls, member: Member, message: str, **fields: str) -> None:
    values = {"type": "'info'", "is_read": "false", "created_at": "now()", "resource_id": "null", **fields}
    await run_sql(
        urls.admin,
        "insert into library.notifications (tenant_id, user_id, title, message, type, is_read, created_at, resource_id)"
        f" values (relais.default_tenant_id(), '{member.id}', 't', '{message}', {values['type']}, {values['is_read']},"
        f" {values['created_at']}, {values['resource_id']})",
    )


async def write(app: FastAPI, job: str = "daily_digest") -> None:
    """The job, as the worker runs it: of the last day."""
    state = app.state.relais
    jobs = {"daily_digest": daily_digest, "weekly_digest": weekly_digest}
    now = datetime.now(UTC)
    bounds = {"since": (now - timedelta(days=1)).isoformat(), "until": (now + timedelta(minutes=1)).isoformat()}
    async with state.database.transaction(SERVICE) as connection:
        await put_job(connection, job, bounds)
    context = {"database": state.database, "seal": app.state.accounts.keys.seal}
    assert await Performer(state.database, state.settings.jobs, jobs, context).perform()
    (row,) = await state.database.fetch(SERVICE, "select state::text, last_error from relais.jobs", mode="write")
    assert tuple(row) == ("done", None)


async def letters(database: Database) -> dict[str, dict[str, Any]]:
    rows = await database.fetch(
        SERVICE,
        "select recipient, locale, data::text from relais.email_outbox where template = 'digest'",
        mode="write",
    )
    return {row[0]: {"locale": row[1], **orjson.loads(row[2])} for row in rows}


async def test_those_who_prefer_it_are_written_to_of_what_they_have_not_read(
    app: FastAPI, database: Database, people: People, urls: Urls
) -> None:
    await prefer(urls, people.owner, '{"digest": "daily"}')
    await prefer(urls, people.other, '{"digest": "weekly"}')
    await prefer(urls, people.admin, '{"digest": "never"}')
    await prefer(urls, people.moderator, '{"digest": "daily"}')
    for member in (people.owner, people.other, people.admin, people.super_admin):
        await tell(urls, member, "Léa a commenté")
    await tell(urls, people.owner, "lu", is_read="true")
    await tell(urls, people.owner, "vieux", created_at="now() - interval '2 days'")
    await write(app)
    told = await letters(database)
    assert told.keys() == {people.owner.email}
    letter = told[people.owner.email]
    assert (letter["one"], letter["message_1"], letter["locale"]) == (1, "Léa a commenté", "fr")
    assert not {"several", "more", "message_2"} & letter.keys()


async def test_a_weekly_digest_is_for_those_who_prefer_it_weekly(
    app: FastAPI, database: Database, people: People, urls: Urls
) -> None:
    await prefer(urls, people.owner, '{"digest": "daily"}')
    await prefer(urls, people.other, '{"digest": "weekly"}', locale="en")
    for member in (people.owner, people.other):
        for number in range(7):
            await tell(urls, member, f"Nouvelle {number}", created_at=f"now() - {number} * interval '1 minute'")
    await write(app, "weekly_digest")
    told = await letters(database)
    assert told.keys() == {people.other.email}
    letter = told[people.other.email]
    assert (letter["several"], letter["more"], letter["locale"]) == (7, 2, "en")
    assert [letter[f"message_{place}"] for place in range(1, 6)] == [f"Nouvelle {number}" for number in range(5)]


async def test_a_digest_says_nothing_of_what_has_been_closed_to_its_reader(
    app: FastAPI, client: httpx.AsyncClient, database: Database, people: People, urls: Urls
) -> None:
    await prefer(urls, people.other, '{"digest": "daily"}')
    resource = await new_resource(client, people.owner)
    await tell(urls, people.other, "Secret", resource_id=f"'{resource['id']}'")
    await client.put(f"/api/resources/{resource['id']}", json={"visibility": "private"}, headers=people.owner.headers)
    await write(app)
    assert await letters(database) == {}


async def test_nobody_is_written_to_who_did_not_prove_their_address_or_may_not_sign_in(
    app: FastAPI, client: httpx.AsyncClient, database: Database, people: People, urls: Urls
) -> None:
    unproven, disabled, muting = await signed_up(client), await signed_up(client), await signed_up(client)
    for member in (unproven, disabled):
        await prefer(urls, member, '{"digest": "daily"}')
        await tell(urls, member, "x")
    await prefer(urls, muting, '{"digest": "daily", "muted": ["info"]}')
    await tell(urls, muting, "x")
    await run_sql(
        urls.admin,
        f"update relais.users set email_verified_at = null where id = '{unproven.id}'",
        f"update relais.users set disabled_at = now() where id = '{disabled.id}'",
    )
    await write(app)
    assert await letters(database) == {}


@pytest.mark.parametrize("preferences", ['{"digest": 7}', "[]", '"daily"', "{}", '{"digest": null}'])
async def test_odd_preferences_prefer_nothing(
    app: FastAPI, database: Database, people: People, urls: Urls, preferences: str
) -> None:
    await prefer(urls, people.owner, preferences)
    await tell(urls, people.owner, "x")
    await write(app)
    assert await letters(database) == {}


SITE = Site("Relais", "https://a.example", "https://a.example")


@pytest.mark.parametrize(
    ("locale", "subject", "first", "more"),
    [
        ("fr", "Vous avez 7 notifications non lues", "Vous avez 7 nouvelles notifications non lues.", "Et 2 de plus."),
        ("en", "You have 7 unread notifications", "You have 7 new notifications that you have not", "And 2 more."),
    ],
)
def test_the_letter_in_both_languages(locale: str, subject: str, first: str, more: str, settings: Settings) -> None:
    told = {"several": 7, "more": 2, "message_1": "Une http://nouvelle.example <b>", "name": "Léa"}
    letter = render("digest", locale, told=told, secret={}, site=SITE)
    assert letter.subject == subject
    for part in (first, more, "https://a.example"):
        assert part in letter.text
    assert "http://nouvelle.example" not in letter.text
    assert "<b>" not in letter.html
    one = render("digest", locale, told={"one": 1}, secret={}, site=SITE)
    assert "{" not in one.text + one.subject
