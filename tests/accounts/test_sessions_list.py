"""Where somebody is signed in, and ending it: one's own sessions, at once, on every server."""

import asyncio
import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from app.accounts.routes.sessions import device_name
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS, Member, bearer, is_in, signed_up
from tests.accounts.ground import must_refuse, running_with, value
from tests.conftest import started

MISSING = 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant"
NOT_FOUND = 404, "SESSION_NOT_FOUND", "Session non trouvée"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


async def sign_in(client: httpx.AsyncClient, member: Member, agent: str = FIREFOX) -> dict[str, Any]:
    body = {"email": member.email, "password": member.password}
    answer = await client.post("/api/auth/signin", json=body, headers={"User-Agent": agent})
    assert answer.status_code == 200
    return answer.json()


async def listed(client: httpx.AsyncClient, token: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/auth/sessions", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.json()["sessions"]


async def current(client: httpx.AsyncClient, token: str) -> str:
    return next(session["id"] for session in await listed(client, token) if session["current"])


async def end(client: httpx.AsyncClient, token: str, what: str) -> httpx.Response:
    return await client.delete(f"/api/auth/sessions{what}", headers=bearer(token))


async def api_token(settings: Settings, member: Member) -> str:
    token = f"hub_lib_{secrets.token_hex(32)}"
    assert settings.database.admin_url is not None
    put = """
        insert into relais.api_tokens (tenant_id, user_id, name, prefix, token_hash, scopes)
        select m.tenant_id, m.user_id, 'a program', 'hub_lib_', $2, array['read', 'write', 'admin']
        from relais.memberships as m where m.user_id = $1::text::uuid
    """
    await value(settings.database.admin_url.get_secret_value(), put, member.id, hashlib.sha256(token.encode()).digest())
    return token


async def test_each_session_tells_its_device_and_times_in_both_spellings(
    client: httpx.AsyncClient, member: Member
) -> None:
    other = await sign_in(client, member)
    sessions = await listed(client, other["access_token"])
    assert [session["current"] for session in sessions] == [True, False]
    session = sessions[0]
    assert set(session) == {
        *("id", "current", "tenantId", "tenant_id", "device", "agent", "address", "method", "assurance"),
        *("createdAt", "created_at", "lastUsedAt", "last_used_at", "expiresAt", "expires_at"),
    }
    assert (session["device"], session["agent"], session["address"]) == ("Firefox, Linux", FIREFOX, "127.0.0.1")
    assert (session["method"], session["assurance"]) == ("password", 1)
    assert session["createdAt"] == session["created_at"]
    assert session["createdAt"][-5] == "."
    assert session["createdAt"].endswith("Z")
    assert session["createdAt"] <= session["lastUsedAt"] < session["expiresAt"]


async def test_using_a_session_brings_it_to_the_top(client: httpx.AsyncClient, member: Member) -> None:
    first = await current(client, member.access_token)
    await sign_in(client, member)
    await client.post("/api/auth/refresh", json={"refresh_token": member.refresh_token})
    sessions = await listed(client, member.access_token)
    assert sessions[0]["id"] == first
    assert sessions[0]["lastUsedAt"] > sessions[0]["createdAt"]


@pytest.mark.parametrize("path", ["/api/auth/session", "/rest/v1/resources?limit=1"])
async def test_a_use_shows_in_the_list_with_where_it_came_from(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member, path: str
) -> None:
    watching = (await sign_in(client, member))["access_token"]
    await _let_rest(cheap, member)
    async with coming_from(app, "203.0.113.9") as elsewhere:
        assert (await elsewhere.get(path, headers=member.headers)).status_code == 200
    used = next(session for session in await listed(client, watching) if not session["current"])
    assert used["address"] == "203.0.113.9"
    assert _is_of_now(used["lastUsedAt"])
    # From the same address it is not noted again so soon.
    await _let_rest(cheap, member)
    async with coming_from(app, "203.0.113.9") as elsewhere:
        await elsewhere.get(path, headers=member.headers)
    again = next(session for session in await listed(client, watching) if not session["current"])
    assert not _is_of_now(again["lastUsedAt"])


async def test_a_refresh_tells_where_the_session_is_now(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    watching = (await sign_in(client, member))["access_token"]
    async with coming_from(app, "2001:db8::7") as elsewhere:
        await elsewhere.post("/api/auth/refresh", json={"refresh_token": member.refresh_token})
    used = next(session for session in await listed(client, watching) if not session["current"])
    assert used["address"] == "2001:db8::7"


async def test_uses_are_written_when_a_process_ends(cheap: Settings, client: httpx.AsyncClient, member: Member) -> None:
    async with started(create_app(cheap)) as app, coming_from(app, "203.0.113.10") as elsewhere:
        assert await is_in(elsewhere, member.access_token)
    (session,) = [one for one in await _in_database(cheap, member) if one["address"] == "203.0.113.10"]
    assert session["recent"]


async def test_an_ended_session_is_used_no_more(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    async with coming_from(app, "203.0.113.11") as elsewhere:
        assert await is_in(elsewhere, member.access_token)
        await client.post("/api/auth/signout", json={"refresh_token": member.refresh_token})
        assert not await is_in(elsewhere, member.access_token)
    await app.state.accounts.guard.uses.write()
    assert [one["address"] for one in await _in_database(app.state.relais.settings, member)] == ["127.0.0.1"]


def coming_from(app: FastAPI, address: str) -> httpx.AsyncClient:
    """A client at another address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4321))
    return httpx.AsyncClient(transport=transport, base_url="http://relais.test")


async def _let_rest(settings: Settings, member: Member) -> None:
    assert settings.database.admin_url is not None
    statement = "update relais.sessions set last_used_at = now() - interval '1 hour' where user_id = $1::text::uuid"
    await value(settings.database.admin_url.get_secret_value(), statement, member.id)


async def _in_database(settings: Settings, member: Member) -> list[dict[str, Any]]:
    assert settings.database.admin_url is not None
    statement = """
        select json_agg(json_build_object(
            'address', host(address), 'recent', last_used_at > now() - interval '1 minute'))::text
        from relais.sessions where user_id = $1::text::uuid
    """
    return json.loads(await value(settings.database.admin_url.get_secret_value(), statement, member.id))


def _is_of_now(instant: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(instant) < timedelta(minutes=1)


async def test_nobody_sees_or_ends_the_sessions_of_somebody_else(client: httpx.AsyncClient, member: Member) -> None:
    stranger = await signed_up(client)
    mine = await current(client, member.access_token)
    assert mine not in [session["id"] for session in await listed(client, stranger.access_token)]
    must_refuse(await end(client, stranger.access_token, f"/{mine}"), *NOT_FOUND)
    assert (await end(client, stranger.access_token, "?scope=all")).status_code == 200
    assert await is_in(client, member.access_token)


async def test_one_session_is_ended_at_once_and_once(client: httpx.AsyncClient, member: Member) -> None:
    other = await sign_in(client, member)
    target = await current(client, other["access_token"])
    answer = await end(client, member.access_token, f"/{target.upper()}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Session terminée"})
    assert not await is_in(client, other["access_token"])
    refused = await client.post("/api/auth/refresh", json={"refresh_token": other["refresh_token"]})
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_REFRESH_TOKEN")
    must_refuse(await end(client, member.access_token, f"/{target}"), *NOT_FOUND)
    assert await is_in(client, member.access_token)
    assert [session["id"] for session in await listed(client, member.access_token)] == [
        await current(client, member.access_token)
    ]


async def test_of_two_who_end_a_session_at_once_one_succeeds(client: httpx.AsyncClient, member: Member) -> None:
    target = await current(client, (await sign_in(client, member))["access_token"])
    answers = await asyncio.gather(*(end(client, member.access_token, f"/{target}") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


async def test_ending_ones_own_session_is_signing_out(client: httpx.AsyncClient, member: Member) -> None:
    assert (await end(client, member.access_token, f"/{await current(client, member.access_token)}")).status_code == 200
    assert not await is_in(client, member.access_token)


async def test_others_end_and_the_one_that_asks_stays(client: httpx.AsyncClient, member: Member) -> None:
    others = [await sign_in(client, member) for _ in range(3)]
    answer = await end(client, member.access_token, "?scope=others")
    assert (answer.status_code, answer.json()) == (200, {"message": "Sessions terminées", "ended": 3})
    assert await is_in(client, member.access_token)
    assert [await is_in(client, other["access_token"]) for other in others] == [False] * 3
    assert (await end(client, member.access_token, "?scope=others")).json()["ended"] == 0


async def test_all_end_the_one_that_asks_with_them(client: httpx.AsyncClient, member: Member) -> None:
    other = await sign_in(client, member)
    assert (await end(client, member.access_token, "?scope=all")).json()["ended"] == 2
    assert not await is_in(client, member.access_token)
    assert not await is_in(client, other["access_token"])


async def test_ended_sessions_are_out_on_another_server_at_once(
    client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    async with running_with(cheap) as elsewhere:
        other = await sign_in(elsewhere, member)
        for _ in range(3):
            assert await is_in(elsewhere, other["access_token"])
        assert (await end(client, member.access_token, "?scope=others")).status_code == 200
        assert not await is_in(elsewhere, other["access_token"])
        refused = await elsewhere.get("/rest/v1/profiles", headers=bearer(other["access_token"]))
        assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_ENDED")


async def test_an_expired_session_is_not_listed(client: httpx.AsyncClient, cheap: Settings, member: Member) -> None:
    target = await current(client, (await sign_in(client, member))["access_token"])
    assert cheap.database.admin_url is not None
    admin_url = cheap.database.admin_url.get_secret_value()
    await value(admin_url, "update relais.sessions set expires_at = now() where id = $1::text::uuid", target)
    assert target not in [session["id"] for session in await listed(client, member.access_token)]


async def test_endings_are_in_the_audit_log(client: httpx.AsyncClient, cheap: Settings, member: Member) -> None:
    target = await current(client, (await sign_in(client, member))["access_token"])
    await end(client, member.access_token, f"/{target}")
    assert cheap.database.admin_url is not None
    found = await value(
        cheap.database.admin_url.get_secret_value(),
        "select target from relais.audit_log where action = 'SESSIONS_ENDED' and actor_id = $1::text::uuid",
        member.id,
    )
    assert found == target


@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("DELETE", "?scope=all"), ("DELETE", f"/{NOBODYS}")])
async def test_sessions_are_for_those_who_are_signed_in(
    client: httpx.AsyncClient, cheap: Settings, member: Member, method: str, what: str
) -> None:
    must_refuse(await client.request(method, f"/api/auth/sessions{what}"), *MISSING)
    refused = await client.request(method, f"/api/auth/sessions{what}", headers=bearer("nonsense"))
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_TOKEN_INVALID")
    program = bearer(await api_token(cheap, member))
    refused = await client.request(method, f"/api/auth/sessions{what}", headers=program)
    assert (refused.status_code, refused.json()["code"]) == (403, "SESSION_REQUIRED")
    assert await is_in(client, member.access_token)


@pytest.mark.parametrize("what", ["/1", "/null", "/%00", "/..%2fuser", "/%27or%201=1", f"/{'a' * 3000}", f"/{NOBODYS}"])
async def test_a_session_that_is_none_is_not_found(client: httpx.AsyncClient, member: Member, what: str) -> None:
    answer = await end(client, member.access_token, what)
    assert answer.status_code == 404, answer.text
    assert await is_in(client, member.access_token)


@pytest.mark.parametrize("what", ["", "?scope=", "?scope=global", "?scope=OTHERS", "?scope=%00", "?scopes=all"])
async def test_which_sessions_must_be_said(client: httpx.AsyncClient, member: Member, what: str) -> None:
    answer = await end(client, member.access_token, what)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert await is_in(client, member.access_token)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.5.0", "curl"),
        ("", "Appareil inconnu"),
        ("/", "Appareil inconnu"),
    ],
)
def test_devices_have_names_for_people(agent: str, name: str) -> None:
    assert device_name(agent) == name
