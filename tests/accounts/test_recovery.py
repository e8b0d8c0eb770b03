"""Forgotten passwords: the link, its one use, and what a stranger learns of who has an account: nothing."""

import asyncio
import json
import secrets
import statistics
import time
from typing import Any

import asyncpg
import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, is_in, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.accounts.outbox import let_expire, let_pause_end, letters, link
from tests.conftest import Urls, run_sql

NEW = "Tout-Nouveau-8"
WEAK = [
    "Le mot de passe doit contenir au moins 8 caractères",
    "Le mot de passe doit contenir au moins une majuscule (A-Z)",
    "Le mot de passe doit contenir au moins un chiffre (0-9)",
    "Le mot de passe doit contenir au moins un caractère spécial",
]
SENT = "Si un compte existe pour cette adresse, un email vient de lui être envoyé"
_FACTOR = "insert into relais.second_factors (user_id, secret, confirmed_at) values ('{0}', '', now())"
_IDENTITY = """
    insert into relais.oauth_accounts (provider, provider_user_id, access_token, user_id)
    values ('github', '{0}', '', '{0}')
"""
_WAYS_IN = """
    select (select count(*) from relais.second_factors where user_id = $1)
         + (select count(*) from relais.oauth_accounts where user_id = $1)
"""
BAD_LINK = 400, "INVALID_LINK", "Ce lien n'est pas valide ou a expiré"


async def ask(client: httpx.AsyncClient, email: Any, **more: Any) -> httpx.Response:
    return await client.post("/api/auth/password/forgot", json={"email": email}, **more)


async def reset(client: httpx.AsyncClient, token: Any, password: Any = NEW) -> httpx.Response:
    return await client.post("/api/auth/password/reset", json={"token": token, "password": password})


async def sign_in(client: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    return await client.post("/api/auth/signin", json={"email": email, "password": password})


async def a_link(app: FastAPI, client: httpx.AsyncClient, member: Member) -> str:
    assert (await ask(client, member.email)).status_code == 200
    return await link(app, member.email, "reset_password")


async def test_a_link_gives_a_new_password_and_ends_every_session(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    other = (await sign_in(client, member.email, member.password)).json()
    token = await a_link(app, client, member)
    answer = await reset(client, token)
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Mot de passe réinitialisé, vous pouvez vous connecter"},
    )
    assert not await is_in(client, member.access_token)
    assert not await is_in(client, other["access_token"])
    refused = await client.post("/api/auth/refresh", json={"refresh_token": member.refresh_token})
    assert refused.status_code == 401
    assert (await sign_in(client, member.email, member.password)).status_code == 401
    assert (await sign_in(client, member.email, NEW)).status_code == 200


async def test_a_reset_verifies_the_address_and_tells_its_owner(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    await reset(client, await a_link(app, client, member))
    told = (await sign_in(client, member.email, NEW)).json()
    assert told["user"]["emailVerified"] is True
    assert [letter.template for letter in await letters(app, member.email)] == [
        "verify_email",
        "reset_password",
        "password_changed",
    ]


async def test_a_first_proof_of_the_address_ends_what_a_stranger_had_set_up(
    app: FastAPI, client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    made = await client.post("/api/api-tokens", json={"name": "a"}, headers=member.headers)
    token = made.json()["token"]
    await run_sql(
        urls.admin,
        f"insert into relais.second_factors (user_id, secret, confirmed_at) values ('{member.id}', '', now())",
    )
    assert await is_in(client, token)
    await reset(client, await a_link(app, client, member))
    assert not await is_in(client, token)
    assert "access_token" in (await sign_in(client, member.email, NEW)).json()


async def test_a_reset_costs_tokens_but_not_the_second_factor_of_whoever_owns_the_address(
    app: FastAPI, client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    verifying = {"token": await link(app, member.email, "verify_email")}
    assert (await client.post("/api/auth/email/verify", json=verifying)).status_code == 200
    made = await client.post("/api/api-tokens", json={"name": "a"}, headers=member.headers)
    await run_sql(urls.admin, _FACTOR.format(member.id), _IDENTITY.format(member.id))
    assert (await reset(client, await a_link(app, client, member))).status_code == 200
    assert not await is_in(client, made.json()["token"])
    assert await value(urls.admin, _WAYS_IN, member.id) == 2


async def test_a_reset_takes_back_what_a_stranger_set_up_before_the_owner_confirmed_the_address(
    app: FastAPI, client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    # Somebody signs up with another person's address, who then presses the button of the mail.
    made = await client.post("/api/api-tokens", json={"name": "a"}, headers=member.headers)
    await run_sql(urls.admin, _FACTOR.format(member.id), _IDENTITY.format(member.id))
    verifying = {"token": await link(app, member.email, "verify_email")}
    assert (await client.post("/api/auth/email/verify", json=verifying)).status_code == 200
    assert await is_in(client, made.json()["token"])
    assert (await reset(client, await a_link(app, client, member))).status_code == 200
    assert not await is_in(client, made.json()["token"])
    assert not await is_in(client, member.access_token)
    assert await value(urls.admin, _WAYS_IN, member.id) == 0
    assert "access_token" in (await sign_in(client, member.email, NEW)).json()


async def test_moving_to_another_address_makes_nobody_a_stranger(
    app: FastAPI, client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    verifying = {"token": await link(app, member.email, "verify_email")}
    await client.post("/api/auth/email/verify", json=verifying)
    await run_sql(urls.admin, _FACTOR.format(member.id), _IDENTITY.format(member.id))
    wanted = some_email("nouvelle")
    body = {"email": wanted, "password": member.password}
    assert (await client.post("/api/auth/email/change", json=body, headers=member.headers)).status_code == 200
    confirming = {"token": await link(app, wanted, "change_email")}
    assert (await client.post("/api/auth/email/change/confirm", json=confirming)).status_code == 200
    await ask(client, wanted)
    assert (await reset(client, await link(app, wanted, "reset_password"))).status_code == 200
    assert await value(urls.admin, _WAYS_IN, member.id) == 2


async def test_a_link_is_good_for_one_use(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    token = await a_link(app, client, member)
    assert (await reset(client, token)).status_code == 200
    must_refuse(await reset(client, token, "Encore-Autre-9"), *BAD_LINK)
    assert (await sign_in(client, member.email, NEW)).status_code == 200


async def test_of_two_uses_at_once_one_succeeds(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    token = await a_link(app, client, member)
    passwords = [f"Tout-Nouveau-{number}" for number in range(10, 16)]
    answers = await asyncio.gather(*(reset(client, token, password) for password in passwords))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    winner = passwords[[answer.status_code for answer in answers].index(200)]
    assert (await sign_in(client, member.email, winner)).status_code == 200
    assert len(await letters(app, member.email, "password_changed")) == 1


async def test_an_expired_link_is_refused(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    token = await a_link(app, client, member)
    await let_expire(app, "reset_password", member.email)
    must_refuse(await reset(client, token), *BAD_LINK)
    assert await is_in(client, member.access_token)


async def test_a_weak_password_is_refused_in_words_and_spares_the_link(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    token = await a_link(app, client, member)
    answer = await reset(client, token, "abc")
    must_refuse(answer, 400, "WEAK_PASSWORD", ". ".join(WEAK))
    assert answer.json()["details"] == WEAK
    assert (await reset(client, token)).status_code == 200


async def test_a_link_of_another_kind_resets_nothing(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    must_refuse(await reset(client, await link(app, member.email, "verify_email")), *BAD_LINK)


async def test_a_newer_link_takes_the_place_of_the_one_before(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    first = await a_link(app, client, member)
    await let_pause_end(app, member.email)
    second = await a_link(app, client, member)
    assert first != second
    must_refuse(await reset(client, first), *BAD_LINK)
    assert (await reset(client, second)).status_code == 200


async def test_nobody_is_buried_in_links(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    answers = await asyncio.gather(*(ask(client, member.email) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await letters(app, member.email, "reset_password")) == 1
    assert (await reset(client, await link(app, member.email, "reset_password"))).status_code == 200


async def test_known_and_unknown_addresses_are_answered_alike(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    stranger = some_email()
    known, unknown = await ask(client, member.email), await ask(client, stranger)
    assert known.status_code == unknown.status_code == 200
    assert known.json() == unknown.json() == {"message": SENT}
    varying = {"x-request-id", "server-timing", "date", "x-ratelimit-reset", "ratelimit-remaining"}
    varying |= {"x-ratelimit-remaining", "ratelimit-reset"}
    assert set(known.headers) == set(unknown.headers)
    assert {k: v for k, v in known.headers.items() if k not in varying} == {
        k: v for k, v in unknown.headers.items() if k not in varying
    }
    assert await letters(app, stranger) == []


async def test_nothing_is_kept_of_what_strangers_type(client: httpx.AsyncClient, cheap: Settings) -> None:
    assert cheap.database.admin_url is not None
    count = """
        select (select count(*) from relais.one_time_tokens) + (select count(*) from relais.email_outbox)
             + (select count(*) from relais.audit_log)
    """
    admin_url = cheap.database.admin_url.get_secret_value()
    before = await value(admin_url, count)
    for _ in range(5):
        assert (await ask(client, some_email())).status_code == 200
    assert await value(admin_url, count) == before


async def test_known_and_unknown_addresses_take_the_same_time(client: httpx.AsyncClient) -> None:
    members = [await signed_up(client) for _ in range(30)]
    for _ in range(3):
        await ask(client, some_email())
    took: dict[bool, list[float]] = {True: [], False: []}
    for member in members:
        for known in (True, False):
            email = member.email if known else some_email()
            began = time.perf_counter()
            await ask(client, email)
            took[known].append(time.perf_counter() - began)
    ratio = statistics.median(took[True]) / statistics.median(took[False])
    assert 0.6 < ratio < 1.7, ratio


async def test_a_disabled_account_is_sent_nothing_and_its_links_are_dead(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    token = await a_link(app, client, member)
    assert cheap.database.admin_url is not None
    admin_url = cheap.database.admin_url.get_secret_value()
    await value(admin_url, "update relais.users set disabled_at = now() where email = $1", member.email)
    must_refuse(await reset(client, token), *BAD_LINK)
    await let_pause_end(app, member.email)
    assert (await ask(client, member.email)).json() == {"message": SENT}
    assert len(await letters(app, member.email, "reset_password")) == 1


async def test_whoever_is_asked_for_is_found_however_the_address_is_written(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    assert (await ask(client, f"  {member.email.upper()} ")).status_code == 200
    assert (await reset(client, await link(app, member.email, "reset_password"))).status_code == 200


async def test_a_reset_makes_what_was_handed_out_before_worthless(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    thief = some_email("voleur")
    body = {"email": thief, "password": member.password}
    assert (await client.post("/api/auth/email/change", json=body, headers=member.headers)).status_code == 200
    waiting = await link(app, thief, "change_email")
    await reset(client, await a_link(app, client, member))
    answer = await client.post("/api/auth/email/change/confirm", json={"token": waiting})
    must_refuse(answer, *BAD_LINK)


async def test_a_bad_token_in_the_header_is_no_obstacle(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    stale = {"Authorization": "Bearer nonsense"}
    assert (await ask(client, member.email, headers=stale)).status_code == 200
    body = {"token": await link(app, member.email, "reset_password"), "password": NEW}
    assert (await client.post("/api/auth/password/reset", json=body, headers=stale)).status_code == 200


async def test_links_are_asked_for_a_few_times_only(cheap: Settings) -> None:
    elsewhere = with_group(cheap, "redis", prefix=f"t{secrets.token_hex(4)}:")
    async with running_with(with_group(elsewhere, "limits", mail="3/3600")) as client:
        answers = [await ask(client, some_email()) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "RATE_LIMIT_EXCEEDED"


async def test_a_sign_in_that_a_reset_overtakes_opens_no_session(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    assert cheap.database.admin_url is not None
    admin_url = cheap.database.admin_url.get_secret_value()
    token = await a_link(app, client, member)
    connection = await asyncpg.connect(admin_url)
    try:
        # The reset, then the sign-in, wait for this row, with the old password checked already.
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("select from relais.users where email = $1 for update", member.email)
        resetting = asyncio.create_task(reset(client, token))
        await _until_waiting(admin_url, 1)
        signing = asyncio.create_task(sign_in(client, member.email, member.password))
        await _until_waiting(admin_url, 2)
        await transaction.rollback()
    finally:
        await connection.close()
    assert (await resetting).status_code == 200
    assert (await signing).status_code == 401


async def _until_waiting(admin_url: str, number: int) -> None:
    waiting = """
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ilike '%relais.users%'
    """
    while await value(admin_url, waiting) < number:
        await asyncio.sleep(0.01)


HOSTILE: list[Any] = [
    None,
    "",
    " ",
    "nul\0@example.org",
    "\ud800@example.org",
    "two@at@example.org",
    "line\r\nBcc: x@example.org",
    f"{'a' * 300}@example.org",
    "a" * 100_000,
    ["a@example.org"],
    {"$ne": ""},
    0,
    True,
    "' or 1=1 --@x",
]


@pytest.mark.parametrize("email", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_address_breaks_asking(client: httpx.AsyncClient, email: Any) -> None:
    answer = await client.post("/api/auth/password/forgot", content=_json({"email": email}), headers=JSON)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("field", ["token", "password"])
@pytest.mark.parametrize("bad", [*HOSTILE[:5], *HOSTILE[8:]], ids=lambda bad: type(bad).__name__)
async def test_no_field_breaks_a_reset(
    app: FastAPI, client: httpx.AsyncClient, member: Member, field: str, bad: Any
) -> None:
    body: dict[str, Any] = {"token": await a_link(app, client, member), "password": NEW} | {field: bad}
    answer = await client.post("/api/auth/password/reset", content=_json(body), headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("VALIDATION_ERROR", "INVALID_LINK", "WEAK_PASSWORD")
    assert (await sign_in(client, member.email, member.password)).status_code == 200


JSON = {"Content-Type": "application/json"}


def _json(body: Any) -> bytes:
    # As a hostile client writes it: lone surrogates stay escapes.
    return json.dumps(body).encode()
