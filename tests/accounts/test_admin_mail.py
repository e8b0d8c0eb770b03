"""`/api/admin/emails`: what administrators see of the mail that goes out, and what they can do about it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.accounts.context import Accounts
from app.adapters.postgres import SERVICE
from app.jobs import outbox
from app.jobs.mail import put_mail
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS, Member, bearer, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse
from tests.accounts.tenant_people import Team, added, founded, put_in, token_of
from tests.conftest import started

_LATEST = "select id::text from relais.email_outbox where recipient = $1 order by created_at desc, id desc limit 1"
_LINK = """
    insert into relais.one_time_tokens (purpose, token_hash, expires_at)
    values ('reset_password', sha256($1), now() + interval '1 hour')
    on conflict (token_hash) do update set expires_at = excluded.expires_at
"""
URL = "/api/admin/emails"
NO_RANK = (403, "INSUFFICIENT_ROLE", "Accès refusé - Rôle insuffisant")
NOT_FOUND = (404, "MAIL_NOT_FOUND", "Message non trouvé")


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app:
        yield app


@pytest.fixture
async def team(client: httpx.AsyncClient) -> Team:
    return await founded(client)


async def put(app: FastAPI, tenant_id: str, template: str = "password_changed", **fields: Any) -> str:
    """A message of a tenant; its id."""
    accounts: Accounts = app.state.accounts
    recipient = fields.pop("recipient", "") or some_email("lettre")
    async with accounts.database.transaction(SERVICE) as connection:
        if "secret" in fields:
            await connection.execute(_LINK, fields["secret"]["token"].encode())
        await put_mail(connection, accounts.keys.seal, template, recipient, tenant_id=tenant_id, **fields)
        found = (
            "select id::text from relais.email_outbox where recipient = $1 order by created_at desc, id desc limit 1"
        )
        return str(await connection.fetchval(found, recipient))


async def become(app: FastAPI, mail_id: str, changes: str) -> None:
    """Have a message come as far as that."""
    accounts: Accounts = app.state.accounts
    async with accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute(f"update relais.email_outbox set {changes} where id = $1::text::uuid", mail_id)


async def seen(client: httpx.AsyncClient, owner: Member, **params: Any) -> dict[str, Any]:
    answer = await client.get(URL, params=params, headers=owner.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(client: httpx.AsyncClient, owner: Member, **params: Any) -> list[str]:
    return [mail["id"] for mail in (await seen(client, owner, **params))["data"]]


async def act(client: httpx.AsyncClient, owner: Member, mail_id: str, what: str) -> httpx.Response:
    return await client.post(f"{URL}/{mail_id}/{what}", headers=owner.headers)


async def test_an_administrator_sees_what_went_to_whom_and_not_what_it_says(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    secret, data = {"token": "s3cr3t"}, {"name": "Quelqu'un"}
    mail_id = await put(app, team.id, "reset_password", secret=secret, data=data, locale="en")
    answer = await client.get(URL, headers=team.owner.headers)
    told = answer.json()
    assert told["meta"] == {"total": 1, "page": 1, "limit": 20, "totalPages": 1}
    (mail,) = told["data"]
    assert (mail["id"], mail["template"], mail["status"], mail["locale"]) == (
        mail_id,
        "reset_password",
        "pending",
        "en",
    )
    assert mail["nextAttemptAt"] == mail["next_attempt_at"]
    assert mail["createdAt"].endswith("Z")
    assert (mail["attempts"], mail["lastError"], mail["sentAt"], mail["failedAt"]) == (0, None, None, None)
    assert not {"data", "sealed", "tenant_id", "total"} & set(mail)
    assert "s3cr3t" not in answer.text
    assert "Quelqu" not in answer.text


async def test_the_list_is_paged_the_latest_first(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    put_in_order = [await put(app, team.id) for _ in range(5)]
    latest_first = put_in_order[::-1]
    assert await ids(client, team.owner) == latest_first
    told = await seen(client, team.owner, page=2, limit=2)
    assert [mail["id"] for mail in told["data"]] == latest_first[2:4]
    assert told["meta"] == {"total": 5, "page": 2, "limit": 2, "totalPages": 3}
    beyond = await seen(client, team.owner, page=9, limit=2)
    assert (beyond["data"], beyond["meta"]["total"]) == ([], 5)


async def test_a_tenant_without_mail_has_an_empty_list(client: httpx.AsyncClient, team: Team) -> None:
    assert await seen(client, team.owner) == {
        "data": [],
        "meta": {"total": 0, "page": 1, "limit": 20, "totalPages": 0},
    }


async def test_the_list_is_filtered(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    waiting = await put(app, team.id, recipient=f"Anne.{team.slug}@example.org")
    failed = await put(app, team.id, "welcome", recipient=f"bob_{team.slug}@example.org")
    sent = await put(app, team.id, "welcome")
    await become(app, failed, "status = 'failed', failed_at = now(), last_error = '550 no'")
    await become(app, sent, "status = 'sent', sent_at = now()")
    assert await ids(client, team.owner, status="failed") == [failed]
    assert await ids(client, team.owner, status=["failed", "pending"]) == [failed, waiting]
    assert await ids(client, team.owner, template="welcome") == [sent, failed]
    assert await ids(client, team.owner, search="ANNE.") == [waiting]
    assert await ids(client, team.owner, search=f"bob_{team.slug}") == [failed]
    # What means something in patterns means itself.
    assert await ids(client, team.owner, search="%") == []
    assert await ids(client, team.owner, search="bobx") == []
    assert await ids(client, team.owner, status="sent", template="password_changed") == []


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "limit=0",
        "limit=101",
        "status=unknown",
        "status=",
        "search=" + "x" * 300,
        "search=%00",
        "template=%00",
    ],
)
async def test_what_cannot_be_asked_for_is_a_mistake(client: httpx.AsyncClient, team: Team, query: str) -> None:
    answer = await client.get(f"{URL}?{query}", headers=team.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("search", ["' or 1=1 --", "\\", "%25", "%ff%fe", "\u202e", "*", "a&status=sent"])
async def test_whatever_is_searched_for_is_only_searched_for(
    client: httpx.AsyncClient, team: Team, app: FastAPI, search: str
) -> None:
    await put(app, team.id)
    answer = await client.get(f"{URL}?search={search}", headers=team.owner.headers)
    assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_only_administrators_of_the_tenant_see_and_do_anything(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    mail_id = await put(app, team.id)
    member, admin = await added(app, client, team), await added(app, client, team, "admin")
    requests = [("GET", URL), ("POST", f"{URL}/{mail_id}/resend"), ("POST", f"{URL}/{mail_id}/cancel")]
    for method, url in requests:
        answer = await client.request(method, url)
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")
        answer = await client.request(method, url, headers=bearer("nonsense"))
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_INVALID")
        answer = await client.request(method, url, headers=member.headers)
        must_refuse(answer, *NO_RANK)
        assert answer.json()["required"] == "admin"
    assert await ids(client, admin) == [mail_id]
    await put_in(app, team.id, admin.id, "member")
    must_refuse(await client.get(URL, headers=admin.headers), *NO_RANK)


async def test_mail_of_another_tenant_is_not_there(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    other = await founded(client)
    mail_id = await put(app, team.id)
    assert await ids(client, other.owner) == []
    for what in ("resend", "cancel"):
        must_refuse(await act(client, other.owner, mail_id, what), *NOT_FOUND)
    assert (await seen(client, team.owner))["data"][0]["status"] == "pending"


async def test_mail_of_no_tenant_is_for_those_who_run_the_installation(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    mail_id = await put(app, "")
    operator = await signed_up(client)
    accounts: Accounts = app.state.accounts
    (row,) = await accounts.database.fetch(SERVICE, "select relais.default_tenant_id()::text")
    await put_in(app, row[0], operator.id, "admin")
    assert mail_id in await ids(client, operator, limit=100)
    assert await ids(client, team.owner) == []
    must_refuse(await act(client, team.owner, mail_id, "cancel"), *NOT_FOUND)


async def test_a_token_that_does_not_administer_sees_no_mail(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    token = await token_of(app, team.id, team.owner.id, ("read", "write"))
    answer = await client.get(URL, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    administering = await token_of(app, team.id, team.owner.id, ("read", "write", "admin"))
    assert (await client.get(URL, headers=bearer(administering))).status_code == 200


@pytest.mark.parametrize("what", ["resend", "cancel"])
@pytest.mark.parametrize("mail_id", [NOBODYS, "1", "x", "%00", "' or 1=1", "..", "%2e%2e%2f", "é" * 50])
async def test_what_is_no_mail_is_not_found(client: httpx.AsyncClient, team: Team, what: str, mail_id: str) -> None:
    answer = await act(client, team.owner, mail_id, what)
    assert answer.status_code == 404, answer.text


async def test_what_failed_is_sent_again_at_once(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id, "reset_password", secret={"token": "x"})
    changes = (
        "status = 'failed', failed_at = now(), attempts = 8, last_error = '550', next_attempt_at = now() + '1 day'"
    )
    await become(app, mail_id, changes)
    answer = await act(client, team.owner, mail_id, "resend")
    assert (answer.status_code, answer.json()["message"]) == (200, "Message remis en file d'attente")
    mail = answer.json()["email"]
    assert (mail["id"], mail["status"], mail["attempts"], mail["lastError"]) == (mail_id, "pending", 0, None)
    assert mail["failedAt"] is None
    claimed = await _claimed(app)
    assert mail_id in claimed


async def _claimed(app: FastAPI) -> list[str]:
    """What a worker would send now."""
    accounts: Accounts = app.state.accounts
    found: list[str] = []
    while (mail := await outbox.claim(accounts.database, 60)) is not None:
        found.append(mail.id)
    return found


async def test_what_waits_is_tried_now(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id)
    await become(app, mail_id, "attempts = 3, last_error = '451', next_attempt_at = now() + interval '5 hours'")
    await _claimed(app)
    assert (await act(client, team.owner, mail_id, "resend")).status_code == 200
    assert await _claimed(app) == [mail_id]


async def test_of_what_was_sent_another_one_is_sent(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id, data={"address": "::1"}, locale="en")
    await become(app, mail_id, "status = 'sent', sent_at = now(), attempts = 1")
    answer = await act(client, team.owner, mail_id, "resend")
    again = answer.json()["email"]
    assert answer.status_code == 200
    assert again["id"] != mail_id
    assert (again["status"], again["template"], again["locale"]) == ("pending", "password_changed", "en")
    assert await ids(client, team.owner) == [again["id"], mail_id]


@pytest.mark.parametrize("state", ["status = 'sent', sent_at = now()", "status = 'failed', failed_at = now()"])
async def test_a_link_that_was_forgotten_cannot_be_sent_again(
    app: FastAPI, client: httpx.AsyncClient, team: Team, state: str
) -> None:
    mail_id = await put(app, team.id, "reset_password", secret={"token": "x"})
    await become(app, mail_id, f"{state}, sealed = null")
    must_refuse(
        await act(client, team.owner, mail_id, "resend"),
        409,
        "MAIL_EXPIRED",
        "Le lien de ce message n'existe plus, il faut en demander un nouveau",
    )


async def test_a_link_that_has_expired_is_not_sent_again(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id, "reset_password", secret={"token": "expired"})
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        expire = "update relais.one_time_tokens set expires_at = now() where token_hash = sha256($1)"
        await connection.execute(expire, b"expired")
    answer = await act(client, team.owner, mail_id, "resend")
    assert (answer.status_code, answer.json()["code"]) == (409, "MAIL_EXPIRED")


async def test_what_is_being_sent_is_left_alone(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id)
    await become(app, mail_id, "status = 'sending', next_attempt_at = now() + interval '1 minute'")
    in_hand = (409, "MAIL_IN_HAND", "Ce message est en cours d'envoi")
    must_refuse(await act(client, team.owner, mail_id, "resend"), *in_hand)
    must_refuse(await act(client, team.owner, mail_id, "cancel"), *in_hand)
    # Its worker is gone.
    await become(app, mail_id, "next_attempt_at = now() - interval '1 minute'")
    assert (await act(client, team.owner, mail_id, "resend")).status_code == 200


async def test_what_is_cancelled_is_not_sent_until_it_is_sent_again(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    mail_id = await put(app, team.id, "reset_password", secret={"token": "x"})
    answer = await act(client, team.owner, mail_id, "cancel")
    assert (answer.status_code, answer.json()["message"]) == (200, "Envoi annulé")
    mail = answer.json()["email"]
    assert (mail["status"], mail["lastError"]) == ("failed", "Cancelled by an administrator")
    assert mail_id not in await _claimed(app)
    must_refuse(
        await act(client, team.owner, mail_id, "cancel"),
        409,
        "MAIL_NOT_WAITING",
        "Ce message n'attend plus d'être envoyé",
    )
    assert (await act(client, team.owner, mail_id, "resend")).status_code == 200
    assert mail_id in await _claimed(app)


async def test_what_was_sent_cannot_be_cancelled(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id)
    await become(app, mail_id, "status = 'sent', sent_at = now()")
    answer = await act(client, team.owner, mail_id, "cancel")
    must_refuse(answer, 409, "MAIL_ALREADY_SENT", "Ce message a déjà été envoyé")


async def test_either_the_worker_or_the_cancellation_has_a_message(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    for _ in range(10):
        mail_id = await put(app, team.id)
        claimed, answer = await asyncio.gather(_claimed(app), act(client, team.owner, mail_id, "cancel"))
        assert (mail_id in claimed) is (answer.status_code == 409), (claimed, answer.text)


async def test_of_many_who_have_a_sent_message_sent_again_each_gets_one_and_of_a_failed_one_there_is_one(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    mail_id = await put(app, team.id)
    await become(app, mail_id, "status = 'failed', failed_at = now()")
    answers = await asyncio.gather(*(act(client, team.owner, mail_id, "resend") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert await ids(client, team.owner) == [mail_id]


async def test_what_administrators_do_is_in_the_audit_log(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    mail_id = await put(app, team.id)
    for what in ("cancel", "resend"):
        assert (await act(client, team.owner, mail_id, what)).status_code == 200
    accounts: Accounts = app.state.accounts
    rows = await accounts.database.fetch(
        SERVICE,
        "select action, actor_id::text, tenant_id::text from relais.audit_log where target = $1 order by id",
        mail_id,
    )
    assert [tuple(row) for row in rows] == [  # pyright: ignore
        ("MAIL_CANCELLED", team.owner.id, team.id),
        ("MAIL_RESENT", team.owner.id, team.id),
    ]
