"""Signing up, in and out, and who somebody is: the shapes that the frontend's clients read."""

import httpx

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, some_email


async def test_signing_up_answers_tokens_in_both_forms(client: httpx.AsyncClient) -> None:
    body = {"email": some_email("lea"), "password": PASSWORD, "username": None, "fullName": "Léa Martin"}
    answer = await client.post("/api/auth/signup", json=body)
    assert answer.status_code == 201
    told = answer.json()
    assert told["tokens"]["accessToken"] == told["access_token"]
    assert told["tokens"]["refreshToken"] == told["refresh_token"]
    assert told["user"]["id"] == told["user"]["userId"] == told["user"]["user_id"]
    assert told["user"]["user_metadata"]["full_name"] == told["user"]["fullName"] == "Léa Martin"
    assert told["user"]["role"] == "user"


async def test_the_token_of_a_sign_up_works_in_the_gateway(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.get(
        "/rest/v1/profiles", params={"select": "id", "id": f"eq.{member.id}"}, headers=member.headers
    )
    assert (answer.status_code, answer.json()) == (200, [{"id": member.id}])


async def test_signing_in_again_opens_another_session(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.post("/api/auth/signin", json={"email": member.email.upper(), "password": member.password})
    assert answer.status_code == 200
    assert answer.json()["access_token"] != member.access_token
    assert await is_in(client, member.access_token)


async def test_a_wrong_password_and_an_unknown_account_are_refused_alike(
    client: httpx.AsyncClient, member: Member
) -> None:
    wrong = await client.post("/api/auth/signin", json={"email": member.email, "password": "Faux-Mot-1"})
    unknown = await client.post("/api/auth/signin", json={"email": some_email(), "password": "Faux-Mot-1"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == wrong.json()["message"] == "Email ou mot de passe incorrect"


async def test_signing_out_ends_the_session_at_once(client: httpx.AsyncClient, member: Member) -> None:
    other = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    assert (await client.post("/api/auth/signout", headers=member.headers)).status_code == 200
    assert not await is_in(client, member.access_token)
    answer = await client.get("/rest/v1/profiles", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
    assert await is_in(client, other.json()["access_token"])


async def test_a_refresh_token_is_exchanged_and_the_one_two_before_ends_the_session(
    client: httpx.AsyncClient, member: Member
) -> None:
    tokens = [member.refresh_token]
    for _ in range(2):
        answer = await client.post("/api/auth/refresh", json={"refreshToken": tokens[-1]})
        assert answer.status_code == 200
        tokens.append(answer.json()["refresh_token"])
    again = await client.post("/api/auth/refresh", json={"refresh_token": tokens[1]})
    assert again.json()["refresh_token"] == tokens[2]
    newest = again.json()["access_token"]
    assert await is_in(client, newest)
    replayed = await client.post("/api/auth/refresh", json={"refresh_token": tokens[0]})
    assert (replayed.status_code, replayed.json()["code"]) == (401, "INVALID_REFRESH_TOKEN")
    assert not await is_in(client, newest)


async def test_an_address_is_taken_however_it_is_written(client: httpx.AsyncClient) -> None:
    member = await signed_up(client)
    answer = await client.post("/api/auth/signup", json={"email": member.email.upper(), "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")


async def test_nobody_without_a_token_has_a_session(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/auth/session")
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")
    answer = await client.get("/api/auth/session", headers=bearer("nonsense"))
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_INVALID")
