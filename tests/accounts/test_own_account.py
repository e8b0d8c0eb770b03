"""One's own account: another password, what one says of oneself, and going away."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.accounts.outbox import letters
from tests.accounts.test_sessions_list import api_token, sign_in

NEW = "Tout-Nouveau-8"
MISSING = 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant"
WRONG = 400, "PASSWORD_NOT_CONFIRMED", "Mot de passe incorrect"
JSON = {"Content-Type": "application/json"}
HOSTILE: list[Any] = [None, "", "\0", "\ud800", "a" * 5000, ["x"], {"a": 1}, 7, True]


def admin(settings: Settings) -> str:
    assert settings.database.admin_url is not None
    return settings.database.admin_url.get_secret_value()


async def change(client: httpx.AsyncClient, member: Member, current: str, new: str = NEW) -> httpx.Response:
    body = {"currentPassword": current, "newPassword": new}
    return await client.post("/api/auth/password/change", json=body, headers=member.headers)


async def put(client: httpx.AsyncClient, member: Member, **fields: Any) -> httpx.Response:
    return await client.put("/api/auth/user", json=fields, headers=member.headers)


async def remove(client: httpx.AsyncClient, headers: dict[str, str], password: Any = PASSWORD) -> httpx.Response:
    content = json.dumps({"password": password})
    return await client.request("DELETE", "/api/auth/user", content=content, headers={**headers, **JSON})


async def test_a_changed_password_ends_the_other_sessions_on_every_server(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    async with running_with(cheap) as elsewhere:
        other = await sign_in(elsewhere, member)
        assert await is_in(elsewhere, other["access_token"])
        answer = await change(client, member, member.password)
        assert (answer.status_code, answer.json()) == (200, {"message": "Mot de passe modifié"})
        assert not await is_in(elsewhere, other["access_token"])
    assert await is_in(client, member.access_token)
    assert (await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})).status_code == 200
    assert [letter.template for letter in await letters(app, member.email)] == [
        "verify_email",
        "new_sign_in",
        "password_changed",
    ]
    body = {"email": member.email, "password": member.password}
    assert (await client.post("/api/auth/signin", json=body)).status_code == 401
    assert (await client.post("/api/auth/signin", json={**body, "password": NEW})).status_code == 200


async def test_without_redis_a_changed_password_ends_the_other_sessions_all_the_same(cheap: Settings) -> None:
    away = with_group(cheap, "redis", url=SecretStr("redis://127.0.0.1:1/0"))
    async with running_with(away) as client, running_with(away) as elsewhere:
        member = await signed_up(client)
        other = await sign_in(elsewhere, member)
        assert await is_in(elsewhere, other["access_token"])
        assert (await change(client, member, member.password)).status_code == 200
        async with asyncio.timeout(20):
            while await is_in(elsewhere, other["access_token"]):
                await asyncio.sleep(0.01)
        assert await is_in(client, member.access_token)


async def test_fields_are_taken_in_the_other_spelling_too(client: httpx.AsyncClient, member: Member) -> None:
    body = {"current_password": member.password, "new_password": NEW}
    answer = await client.post("/api/auth/password/change", json=body, headers=member.headers)
    assert answer.status_code == 200


async def test_a_wrong_password_changes_nothing_and_signs_nobody_out(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    other = await sign_in(client, member)
    must_refuse(await change(client, member, "Faux-Mot-1"), *WRONG)
    assert await is_in(client, member.access_token)
    assert await is_in(client, other["access_token"])
    assert await letters(app, member.email, "password_changed") == []


async def test_a_weak_password_is_refused(client: httpx.AsyncClient, member: Member) -> None:
    answer = await change(client, member, member.password, "Court1!")
    must_refuse(answer, 400, "WEAK_PASSWORD", "Le mot de passe doit contenir au moins 8 caractères")
    assert (await change(client, member, member.password)).status_code == 200


async def test_of_two_changes_at_once_one_succeeds(client: httpx.AsyncClient, member: Member) -> None:
    passwords = [f"Tout-Nouveau-{number}" for number in range(10, 14)]
    answers = await asyncio.gather(*(change(client, member, member.password, password) for password in passwords))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    winner = passwords[[answer.status_code for answer in answers].index(200)]
    body = {"email": member.email, "password": winner}
    assert (await client.post("/api/auth/signin", json=body)).status_code == 200


async def test_whoever_has_no_password_is_told_how_to_get_one(
    client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    await value(admin(cheap), "update relais.users set password_hash = null where id = $1::text::uuid", member.id)
    for answer in (await change(client, member, ""), await remove(client, member.headers, "")):
        must_refuse(answer, 409, "NO_PASSWORD", "Ce compte n'a pas encore de mot de passe")
        assert "password/forgot" in answer.json()["hint"]


@pytest.mark.parametrize("field", ["currentPassword", "newPassword"])
@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_field_breaks_a_change(client: httpx.AsyncClient, member: Member, field: str, bad: Any) -> None:
    body = {"currentPassword": member.password, "newPassword": NEW, field: bad}
    headers = {**member.headers, **JSON}
    answer = await client.post("/api/auth/password/change", content=json.dumps(body), headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("VALIDATION_ERROR", "PASSWORD_NOT_CONFIRMED", "WEAK_PASSWORD")


async def test_an_account_tells_of_itself(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.get("/api/auth/user", headers=member.headers)
    session = await client.get("/api/auth/session", headers=member.headers)
    told = answer.json()
    assert answer.status_code == 200
    assert session.json()["user"].items() <= told["user"].items()
    assert (told["user"]["hasPassword"], told["user"]["providers"], told["user"]["locale"]) == (True, [], "fr")
    assert told["metadata"] == {}


async def test_what_somebody_says_of_themselves_is_kept_besides_what_was_said(
    client: httpx.AsyncClient, member: Member
) -> None:
    answer = await put(client, member, fullName="Léa Martin", metadata={"theme": "sombre", "n": [1, {"a": None}]})
    assert (answer.status_code, answer.json()["message"]) == (200, "Compte mis à jour")
    assert answer.json()["metadata"] == {"full_name": "Léa Martin", "theme": "sombre", "n": [1, {"a": None}]}
    answer = await put(client, member, avatar_url="https://img.example/l.png", metadata={"theme": None})
    kept = {"full_name": "Léa Martin", "avatar_url": "https://img.example/l.png", "n": [1, {"a": None}]}
    assert answer.json()["metadata"] == kept
    assert answer.json()["user"]["user_metadata"]["n"] == [1, {"a": None}]
    answer = await put(client, member, fullName=None, locale="en")
    assert "full_name" not in answer.json()["metadata"]
    assert answer.json()["user"]["locale"] == "en"


async def test_a_profile_stays_as_its_module_keeps_it(client: httpx.AsyncClient, member: Member) -> None:
    before = (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["fullName"]
    answer = await put(client, member, fullName="Un Autre Nom")
    assert answer.json()["user"]["fullName"] == before
    assert answer.json()["metadata"]["full_name"] == "Un Autre Nom"


async def test_nobody_gets_another_standing_or_address_by_saying_so(
    client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    before = await client.get("/api/auth/user", headers=member.headers)
    body = {"email": some_email(), "role": "admin", "id": "x", "app_metadata": {"role": "admin"}, "emailVerified": True}
    assert (await put(client, member, **body, password="Autre-Mot-9")).status_code == 200
    after = await client.get("/api/auth/user", headers=member.headers)
    assert before.json() == after.json()
    assert await value(
        admin(cheap), "select app_metadata = '{}' from relais.users where id = $1::text::uuid", member.id
    )


async def test_two_who_say_something_at_once_are_both_heard(client: httpx.AsyncClient, member: Member) -> None:
    await asyncio.gather(*(put(client, member, metadata={f"k{number}": number}) for number in range(10)))
    answer = await client.get("/api/auth/user", headers=member.headers)
    assert answer.json()["metadata"] == {f"k{number}": number for number in range(10)}


async def test_what_is_kept_of_somebody_is_bounded(client: httpx.AsyncClient, member: Member) -> None:
    assert (await put(client, member, metadata={"a": "x" * 15_000})).status_code == 200
    for more in ({"b": "x" * 15_000}, {"c": "x" * 17_000}):
        answer = await put(client, member, metadata=more)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["details"][0]["path"] == "metadata"
    assert (await put(client, member, metadata={"a": None, "b": "x" * 15_000})).status_code == 200


HOSTILE_TELLINGS: list[dict[str, Any]] = [
    {"fullName": "\0\0"},
    {"fullName": "\ud800\ud800"},
    {"fullName": "x"},
    {"fullName": "x" * 101},
    {"fullName": ["Léa"]},
    {"avatarUrl": "javascript:alert(1)"},
    {"avatarUrl": "data:text/html,x"},
    {"avatarUrl": "https://x\r\ny"},
    {"avatarUrl": f"https://x/{'a' * 3000}"},
    {"locale": "de"},
    {"metadata": []},
    {"metadata": "x"},
    {"metadata": {"a": "\0"}},
    {"metadata": {"\0": 1}},
    {"metadata": {"a": "\ud800"}},
    {"metadata": {"\udfff": 1}},
    {"metadata": {"a": 10**400}},
    {"metadata": {"full_name": {"a": 1}}},
    {"metadata": {"username": "x" * 200}},
    {"metadata": {"avatar_url": 7}},
]


@pytest.mark.parametrize("body", HOSTILE_TELLINGS, ids=range(len(HOSTILE_TELLINGS)))
async def test_what_cannot_be_kept_is_refused(client: httpx.AsyncClient, member: Member, body: dict[str, Any]) -> None:
    headers = {**member.headers, **JSON}
    answer = await client.put("/api/auth/user", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text
    assert (await client.get("/api/auth/user", headers=headers)).json()["metadata"] == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"metadata":{"a":1e400,"b":-1e400,"c":NaN}}',
        '{"metadata":{"a":1e308,"b":1e-300,"c":12345678901234567890}}',
        '{"metadata":{"a":' + "[" * 200 + "]" * 200 + "}}",
        '{"metadata":{"a":' + "[" * 3000 + "]" * 3000 + "}}",
        '{"metadata":{"__proto__":{"a":1},"constructor":1,"":2,"a.b":3,"\\\\u0000":4}}',
        '{"metadata":{"a":1,"a":2}}',
    ],
    ids=range(6),
)
async def test_whatever_is_kept_can_be_read_again(client: httpx.AsyncClient, member: Member, text: str) -> None:
    answer = await client.put("/api/auth/user", content=text, headers={**member.headers, **JSON})
    assert answer.status_code in (200, 400), answer.text
    for path in ("user", "session"):
        assert (await client.get(f"/api/auth/{path}", headers=member.headers)).status_code == 200


async def test_a_removed_account_is_out_everywhere_at_once(
    client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    program = bearer(await api_token(cheap, member))
    async with running_with(cheap) as elsewhere:
        other = await sign_in(elsewhere, member)
        assert await is_in(elsewhere, other["access_token"])
        assert (await elsewhere.get("/api/auth/user", headers=program)).status_code == 200
        answer = await remove(client, member.headers)
        assert (answer.status_code, answer.json()) == (200, {"message": "Compte supprimé"})
        assert not await is_in(elsewhere, other["access_token"])
        refused = await elsewhere.get("/api/auth/user", headers=program)
        assert (refused.status_code, refused.json()["code"]) == (401, "API_TOKEN_INVALID")
    assert not await is_in(client, member.access_token)
    body = {"email": member.email, "password": member.password}
    assert (await client.post("/api/auth/signin", json=body)).status_code == 401
    left = """
        select (select count(*) from relais.users where id = $1::text::uuid)
             + (select count(*) from relais.memberships where user_id = $1::text::uuid)
             + (select count(*) from relais.sessions where user_id = $1::text::uuid)
             + (select count(*) from library.profiles where user_id = $1::text::uuid)
    """
    assert await value(admin(cheap), left, member.id) == 0
    gone = "select count(*) from relais.audit_log where action = 'ACCOUNT_DELETED' and target = $1"
    assert await value(admin(cheap), gone, member.id) == 1
    assert (await signed_up(client, email=member.email)).id != member.id


async def test_a_wrong_password_removes_nothing(client: httpx.AsyncClient, member: Member) -> None:
    must_refuse(await remove(client, member.headers, "Faux-Mot-1"), *WRONG)
    assert await is_in(client, member.access_token)


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_password_breaks_a_removal(client: httpx.AsyncClient, member: Member, bad: Any) -> None:
    answer = await remove(client, member.headers, bad)
    assert answer.status_code == 400, answer.text
    assert (await client.request("DELETE", "/api/auth/user", headers=member.headers)).status_code == 400
    assert await is_in(client, member.access_token)


async def test_of_two_removals_at_once_one_succeeds(client: httpx.AsyncClient, member: Member) -> None:
    answers = await asyncio.gather(*(remove(client, member.headers) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 400, 401, 404}
    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_signing_in_while_an_account_goes_is_no_standstill(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        member = await signed_up(client)
        body = {"email": member.email, "password": member.password}
        signing = [client.post("/api/auth/signin", json=body) for _ in range(3)]
        removed, *signed = await asyncio.gather(remove(client, member.headers), *signing)
        assert removed.status_code == 200, removed.text
        assert all(answer.status_code < 500 for answer in signed), [answer.text for answer in signed]


async def test_the_last_owner_of_a_tenant_hands_it_on_first(client: httpx.AsyncClient, cheap: Settings) -> None:
    owners = [await signed_up(client), await signed_up(client)]
    make = """
        with made as (insert into relais.tenants (slug, name) values ($3, $3) returning id)
        insert into relais.memberships (tenant_id, user_id, role)
        select made.id, person::text::uuid, 'owner' from made, unnest(array[$1, $2]) as person
    """
    slug = f"t{owners[0].id[-12:]}"
    await value(admin(cheap), make, owners[0].id, owners[1].id, slug)
    answers = await asyncio.gather(*(remove(client, owner.headers) for owner in owners))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    must_refuse(refused, 409, "LAST_OWNER", "Un espace doit garder au moins un propriétaire")
    assert refused.json()["details"] == [slug]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "password/change"), ("GET", "user"), ("PUT", "user"), ("DELETE", "user")],
)
async def test_strangers_have_no_account(client: httpx.AsyncClient, method: str, path: str) -> None:
    body = {"password": "x", "currentPassword": "x", "newPassword": NEW}
    must_refuse(await client.request(method, f"/api/auth/{path}", json=body), *MISSING)
    refused = await client.request(method, f"/api/auth/{path}", json=body, headers=bearer("nonsense"))
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_TOKEN_INVALID")


async def test_a_program_changes_neither_password_nor_address_nor_removes_the_account(
    client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    program = bearer(await api_token(cheap, member))
    bodies = {
        ("POST", "password/change"): {"currentPassword": member.password, "newPassword": NEW},
        ("POST", "email/change"): {"email": some_email(), "password": member.password},
        ("DELETE", "user"): {"password": member.password},
    }
    for (method, path), body in bodies.items():
        refused = await client.request(method, f"/api/auth/{path}", json=body, headers=program)
        assert (refused.status_code, refused.json()["code"]) == (403, "SESSION_REQUIRED"), path
    assert (await client.get("/api/auth/user", headers=program)).json()["user"]["id"] == member.id
    assert (await client.put("/api/auth/user", json={"metadata": {"a": 1}}, headers=program)).status_code == 200
