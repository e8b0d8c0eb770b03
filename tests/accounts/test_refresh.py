"""Refresh tokens: they change with each use, races log nobody out, and whoever shows an old one ends the session."""

import asyncio
import base64
import json
import secrets
from typing import Any

import httpx
import pytest
from app.auth.base64url import decode_base64url
from app.settings import Settings
from pydantic import SecretStr

from tests.accounts.conftest import Member, is_in, signed_up, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.conftest import Urls

REFUSED = (401, "INVALID_REFRESH_TOKEN", "Refresh token invalide ou expiré")
AUDITED = "select count(*) from relais.audit_log where action = 'REFRESH_TOKEN_REPLAYED' and actor_id = $1::text::uuid"
LIVE = "select count(*) from relais.sessions where user_id = $1::text::uuid and revoked_at is null"
ENDS = "select floor(extract(epoch from expires_at))::int from relais.sessions where id = $1::text::uuid"
COUNTER = "select refresh_counter from relais.sessions where user_id = $1::text::uuid"


async def refreshed(client: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """The answer to a refresh that must succeed."""
    answer = await client.post("/api/auth/refresh", json={"refreshToken": token})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_fifty_refreshes_of_one_token_at_once_log_nobody_out(
    client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    answers = await asyncio.gather(*(refreshed(client, member.refresh_token) for _ in range(50)))
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert await value(urls.admin, LIVE, member.id) == 1
    assert await value(urls.admin, COUNTER, member.id) == 1, "the token was exchanged more than once"
    assert all(await asyncio.gather(*(is_in(client, answer["access_token"]) for answer in answers)))
    await refreshed(client, answers[7]["refresh_token"])
    assert await value(urls.admin, AUDITED, member.id) == 0


async def test_twenty_rounds_of_three_tabs_go_on_in_one_session(
    client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    held = [member.refresh_token] * 3
    for turn in range(20):
        answers = await asyncio.gather(*(refreshed(client, token) for token in held))
        # Tabs share a store: whoever writes last wins, and here that is another one each time.
        held = [answers[turn % 3]["refresh_token"]] * 3
        assert all(await asyncio.gather(*(is_in(client, answer["access_token"]) for answer in answers)))
    assert await value(urls.admin, LIVE, member.id) == 1
    assert await value(urls.admin, COUNTER, member.id) == 20


async def test_tabs_with_a_store_each_stay_signed_in_when_one_is_a_step_behind(
    client: httpx.AsyncClient, member: Member
) -> None:
    ahead = behind = member.refresh_token
    for _ in range(10):
        ahead = (await refreshed(client, ahead))["refresh_token"]
        behind = (await refreshed(client, behind))["refresh_token"]
        assert behind == ahead


async def test_refreshes_in_two_processes_at_once_log_nobody_out(cheap: Settings, urls: Urls) -> None:
    async with running_with(cheap) as one, running_with(cheap) as other:
        member = await signed_up(one)
        token = member.refresh_token
        for _ in range(5):
            answers = await asyncio.gather(*(refreshed(client, token) for client in (one, other) * 10))
            assert len({answer["refresh_token"] for answer in answers}) == 1
            token = answers[0]["refresh_token"]
        assert await value(urls.admin, COUNTER, member.id) == 5


async def test_a_lost_answer_is_told_again(client: httpx.AsyncClient, member: Member) -> None:
    lost = await refreshed(client, member.refresh_token)
    again = await refreshed(client, member.refresh_token)
    assert again["refresh_token"] == lost["refresh_token"]
    assert await is_in(client, again["access_token"])
    assert await is_in(client, (await refreshed(client, again["refresh_token"]))["access_token"])


async def test_the_token_two_before_ends_the_session_and_is_noted(
    client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    first = await refreshed(client, member.refresh_token)
    second = await refreshed(client, first["refresh_token"])
    must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)
    for access in (member.access_token, first["access_token"], second["access_token"]):
        assert not await is_in(client, access)
    for token in (member.refresh_token, first["refresh_token"], second["refresh_token"]):
        must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": token}), *REFUSED)
    assert await value(urls.admin, AUDITED, member.id) == 1, "what has ended is not noted again"


async def test_a_replay_ends_no_other_session_of_the_user(client: httpx.AsyncClient, member: Member) -> None:
    body = {"email": member.email, "password": member.password}
    other = (await client.post("/api/auth/signin", json=body)).json()
    token = member.refresh_token
    for _ in range(2):
        token = (await refreshed(client, token))["refresh_token"]
    assert (await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})).status_code == 401
    assert await is_in(client, other["access_token"])
    await refreshed(client, other["refresh_token"])


async def test_the_endless_loop_of_the_shipped_client_ends(cheap: Settings, urls: Urls) -> None:
    """It shows the same token for ever; so do those who stole one."""
    async with running_with(with_group(cheap, "auth", refresh_reuses=5)) as client:
        member = await signed_up(client)
        answers = [await refreshed(client, member.refresh_token) for _ in range(1 + 5)]
        must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)
        assert not await is_in(client, answers[-1]["access_token"])
        assert await value(urls.admin, AUDITED, member.id) == 1


async def test_the_reuses_of_a_token_are_counted_anew_after_the_next_exchange(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "auth", refresh_reuses=2)) as client:
        token = (await signed_up(client)).refresh_token
        for _ in range(4):
            following = [(await refreshed(client, token))["refresh_token"] for _ in range(3)]
            assert len(set(following)) == 1
            token = following[0]


async def test_without_reuses_a_token_is_good_for_one_use(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "auth", refresh_reuses=0)) as client:
        member = await signed_up(client)
        await refreshed(client, member.refresh_token)
        must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)


async def test_a_database_that_lost_the_last_exchanges_logs_nobody_out(
    client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    """A replica that took over, a backup that was put back: what clients hold is newer than what is known."""
    token = member.refresh_token
    for _ in range(4):
        token = (await refreshed(client, token))["refresh_token"]
    await value(urls.admin, "update relais.sessions set refresh_counter = 1 where user_id = $1::text::uuid", member.id)
    newer = await refreshed(client, token)
    assert await value(urls.admin, COUNTER, member.id) == 5
    assert await is_in(client, newer["access_token"])
    assert (await refreshed(client, token))["refresh_token"] == newer["refresh_token"]
    must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)


async def test_a_session_that_nobody_keeps_up_ends(client: httpx.AsyncClient, member: Member, urls: Urls) -> None:
    await value(urls.admin, "update relais.sessions set expires_at = now() where user_id = $1::text::uuid", member.id)
    must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)


async def test_a_session_ends_after_its_longest_time_however_often_it_is_kept_up(cheap: Settings, urls: Urls) -> None:
    async with running_with(with_group(cheap, "auth", session_idle_days=30.0, session_longest_days=40.0)) as client:
        member = await signed_up(client)
        aged = "update relais.sessions set created_at = now() - interval '39 days' where user_id = $1::text::uuid"
        await value(urls.admin, aged, member.id)
        token = (await refreshed(client, member.refresh_token))["refresh_token"]
        left = "select expires_at - now() < interval '1 day' from relais.sessions where user_id = $1::text::uuid"
        assert await value(urls.admin, left, member.id)
        aged = "update relais.sessions set created_at = now() - interval '41 days' where user_id = $1::text::uuid"
        await value(urls.admin, aged, member.id)
        await refreshed(client, token)
        answer = await client.post("/api/auth/refresh", json={"refreshToken": token})
        must_refuse(answer, *REFUSED)


async def test_no_access_token_outlives_its_session(cheap: Settings, urls: Urls) -> None:
    short = {"session_idle_days": 20 / 1440, "session_longest_days": 10 / 1440, "tenant_creation": True}
    async with running_with(with_group(cheap, "auth", **short)) as client:
        member = await signed_up(client)
        credentials = {"email": member.email, "password": member.password}
        made = {"name": "x", "slug": f"t{secrets.token_hex(6)}"}
        await client.post("/api/tenants", json=made, headers=member.headers)
        answers = [
            (await client.post("/api/auth/signin", json=credentials)).json(),
            await refreshed(client, member.refresh_token),
            await refreshed(client, member.refresh_token),
            (await client.post("/api/tenants/switch", json={"slug": made["slug"]}, headers=member.headers)).json(),
            (await client.post("/auth/v1/token?grant_type=password", json=credentials)).json(),
        ]
    for told in answers:
        claims = json.loads(decode_base64url(told["access_token"].split(".")[1].encode()))
        ends = await value(urls.admin, ENDS, claims["sid"])
        assert claims["exp"] == told["expires_at"] == ends
        assert 500 < told["expires_in"] <= 600


async def test_what_the_session_knows_is_in_the_tokens_of_now(
    client: httpx.AsyncClient, member: Member, urls: Urls
) -> None:
    email = f"neuf.{secrets.token_hex(4)}@example.org"
    await value(urls.admin, "update relais.users set email = $2 where id = $1::text::uuid", member.id, email)
    told = await refreshed(client, member.refresh_token)
    answer = await client.get("/api/auth/session", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.json()["user"]["email"] == email


async def test_whoever_is_disabled_or_left_the_tenant_refreshes_nothing(client: httpx.AsyncClient, urls: Urls) -> None:
    disabled, gone = await signed_up(client), await signed_up(client)
    await value(urls.admin, "update relais.users set disabled_at = now() where id = $1::text::uuid", disabled.id)
    await value(urls.admin, "delete from relais.memberships where user_id = $1::text::uuid", gone.id)
    for member in (disabled, gone):
        must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}), *REFUSED)


async def test_tokens_of_yesterdays_secret_are_exchanged_for_todays(cheap: Settings) -> None:
    assert cheap.auth.secret is not None
    async with running_with(cheap) as before:
        member = await signed_up(before)
    old = cheap.auth.secret.get_secret_value()
    rotated = with_group(
        cheap, "auth", secret=SecretStr(secrets.token_hex(20)), previous_secrets=SecretStr(f"{'x' * 32}, {old}")
    )
    async with running_with(rotated) as now:
        assert await is_in(now, member.access_token)
        told = await refreshed(now, member.refresh_token)
    forgotten = with_group(rotated, "auth", previous_secrets=None)
    async with running_with(forgotten) as later:
        assert await is_in(later, told["access_token"])
        assert not await is_in(later, member.access_token)
        await refreshed(later, told["refresh_token"])


def changed(token: str, place: int) -> str:
    """The token with one bit of one byte turned."""
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    data[place] ^= 1
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


@pytest.mark.parametrize("place", [0, 15, 16, 19, 20, 37])
async def test_a_token_of_which_one_bit_is_wrong_is_nobodys_and_ends_nothing(
    client: httpx.AsyncClient, member: Member, place: int
) -> None:
    answer = await client.post("/api/auth/refresh", json={"refreshToken": changed(member.refresh_token, place)})
    must_refuse(answer, *REFUSED)
    await refreshed(client, member.refresh_token)


async def test_what_only_looks_like_a_token_is_nobodys(client: httpx.AsyncClient, member: Member) -> None:
    good = member.refresh_token
    alike = (
        *(good[:-1], good[:27], good + "AAAA", good * 2, good[::-1], "A" * len(good), "é" + good[1:], "x" * 4096),
        good.replace("-", "+").replace("_", "/") + "=*",
    )
    for token in alike:
        must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": token}), *REFUSED)
    await refreshed(client, good)


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(
    client: httpx.AsyncClient, member: Member
) -> None:
    must_refuse(await client.post("/api/auth/refresh", json={"refreshToken": member.access_token}), *REFUSED)
    assert not await is_in(client, member.refresh_token)
