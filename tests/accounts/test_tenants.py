"""Tenants: which ones somebody is in, going from one to another, who else is there and what standing they have."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from app.adapters.postgres import SERVICE
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import Member, bearer, is_in, signed_up, with_group
from tests.accounts.tenant_people import Team, added, founded, gone_to, put_in, signed_in_again, some_slug, token_of
from tests.conftest import Urls, client_of, started

NOBODY = "00000000-0000-4000-8000-000000000000"
MEMBERS = "/api/tenants/current/members"
_WAITING = """
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """The API of an installation where everybody may make tenants."""
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app:
        yield app


@pytest.fixture
async def team(client: httpx.AsyncClient) -> Team:
    """A tenant."""
    return await founded(client)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Whether an answer is this refusal, in the one shape."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["error"] == answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/tenants"),
        ("POST", "/api/tenants"),
        ("GET", "/api/tenants/current"),
        ("PATCH", "/api/tenants/current"),
        ("POST", "/api/tenants/switch"),
        ("GET", MEMBERS),
        ("PATCH", f"{MEMBERS}/{NOBODY}"),
        ("DELETE", f"{MEMBERS}/{NOBODY}"),
        ("GET", "/api/tenants/current/invitations"),
        ("POST", "/api/tenants/current/invitations"),
        ("DELETE", f"/api/tenants/current/invitations/{NOBODY}"),
    ],
)
async def test_nobody_without_a_token_gets_anywhere(client: httpx.AsyncClient, method: str, path: str) -> None:
    refused(await client.request(method, path, json={}), 401, "AUTH_TOKEN_MISSING")


async def test_a_new_user_is_in_the_default_tenant(client: httpx.AsyncClient, member: Member) -> None:
    (tenant,) = (await client.get("/api/tenants", headers=member.headers)).json()
    assert (tenant["slug"], tenant["role"], tenant["current"], tenant["isDefault"]) == ("default", "member", True, True)
    assert tenant["created_at"] == tenant["createdAt"]
    current = await client.get("/api/tenants/current", headers=member.headers)
    assert current.json() == tenant


async def test_whoever_makes_a_tenant_owns_it(client: httpx.AsyncClient, member: Member) -> None:
    slug = some_slug()
    answer = await client.post("/api/tenants", json={"name": "  Équipe  ", "slug": slug}, headers=member.headers)
    assert answer.status_code == 201
    made = answer.json()["tenant"]
    assert (made["name"], made["slug"], made["role"], made["current"]) == ("Équipe", slug, "owner", False)
    assert made["id"] in [one["id"] for one in (await client.get("/api/tenants", headers=member.headers)).json()]
    again = await client.post("/api/tenants", json={"name": "Autre", "slug": slug}, headers=member.headers)
    refused(again, 409, "SLUG_TAKEN")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "slug": "abc"},
        {"name": "x" * 101, "slug": "abc"},
        {"name": "a\nBcc: b", "slug": "abc"},
        {"name": "a\0", "slug": "abc"},
        {"name": "x", "slug": "-abc"},
        {"name": "x", "slug": "Abc"},
        {"name": "x", "slug": "a" * 64},
        {"name": "x", "slug": "a b"},
        {"name": "x", "slug": "é"},
        {"name": ["x"], "slug": {"a": 1}},
    ],
)
async def test_a_tenant_needs_a_name_and_a_slug_that_will_do(
    client: httpx.AsyncClient, member: Member, body: dict[str, Any]
) -> None:
    refused(await client.post("/api/tenants", json=body, headers=member.headers), 400, "VALIDATION_ERROR")


async def test_nobody_makes_tenants_where_that_is_closed(cheap: Settings) -> None:
    async with started(create_app(cheap)) as closed, client_of(closed) as client:
        member = await signed_up(client)
        body = {"name": "Équipe", "slug": some_slug()}
        refused(await client.post("/api/tenants", json=body, headers=member.headers), 403, "TENANT_CREATION_CLOSED")


async def test_nobody_owns_more_tenants_than_there_may_be(
    client: httpx.AsyncClient, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.accounts.tenancy.MOST_OWNED", 1)
    bodies = [{"name": "Équipe", "slug": some_slug()} for _ in range(4)]
    answers = await asyncio.gather(*(client.post("/api/tenants", json=body, headers=member.headers) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def known_of(app: FastAPI, member: Member) -> bytes | None:
    """What every process finds in Redis about the session of somebody's access token."""
    redis = app.state.relais.redis
    (state,) = await redis.run(("GET", redis.key(f"session:{claims_of(member.access_token)['sid']}")))
    return state


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def test_going_to_another_tenant_ends_the_session_of_before_at_once(
    client: httpx.AsyncClient, member: Member
) -> None:
    slug = some_slug()
    made = await client.post("/api/tenants", json={"name": "Équipe", "slug": slug}, headers=member.headers)
    answer = await client.post(
        "/api/tenants/switch", json={"tenantId": made.json()["tenant"]["id"]}, headers=member.headers
    )
    assert answer.status_code == 200
    told = answer.json()
    assert told["tokens"]["accessToken"] == told["access_token"]
    current = await client.get("/api/tenants/current", headers=bearer(told["access_token"]))
    assert (current.json()["slug"], current.json()["role"]) == (slug, "owner")
    assert not await is_in(client, member.access_token)
    through_gateway = await client.get("/rest/v1/profiles", headers=member.headers)
    assert (through_gateway.status_code, through_gateway.json()["code"]) == (401, "SESSION_ENDED")
    old = await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
    refused(old, 401, "INVALID_REFRESH_TOKEN")
    new = await client.post("/api/auth/refresh", json={"refreshToken": told["refresh_token"]})
    assert new.status_code == 200
    still = await client.get("/api/tenants/current", headers=bearer(new.json()["access_token"]))
    assert still.json()["slug"] == slug


async def test_an_end_is_in_redis_before_it_is_answered(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    member = await added(app, client, team)
    assert await is_in(client, member.access_token)
    # Nobody hears of it from PostgreSQL.
    await app.state.relais.guard.endings.stop()
    await gone_to(client, team.owner, "default")
    assert await known_of(app, team.owner) == b"ended"
    await client.delete(f"{MEMBERS}/{member.id}", headers=member.headers)
    assert await known_of(app, member) == b"ended"


async def test_going_back_and_forth_makes_no_session_last_longer(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    database = app.state.accounts.database
    times = "select min(created_at), max(created_at), min(expires_at), max(expires_at) from relais.sessions"
    await gone_to(client, await gone_to(client, team.owner, "default"), team.slug)
    (row,) = await database.fetch(SERVICE, f"{times} where user_id = $1::text::uuid", team.owner.id)
    assert (row[0], row[2]) == (row[1], row[3])


async def test_of_two_who_switch_one_session_at_once_one_does(client: httpx.AsyncClient, team: Team) -> None:
    answers = await asyncio.gather(
        *(client.post("/api/tenants/switch", json={"slug": "default"}, headers=team.owner.headers) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]


@pytest.mark.parametrize("body", [{"tenantId": NOBODY}, {"slug": "nulle-part"}, {"tenant_id": "nonsense"}])
async def test_a_tenant_that_is_not_there_and_one_that_is_closed_look_alike(
    client: httpx.AsyncClient, member: Member, team: Team, body: dict[str, str]
) -> None:
    unknown = await client.post("/api/tenants/switch", json=body, headers=member.headers)
    closed = await client.post("/api/tenants/switch", json={"slug": team.slug}, headers=member.headers)
    refused(unknown, 403, "NOT_A_MEMBER")
    assert unknown.json() == closed.json()
    assert await is_in(client, member.access_token)


@pytest.mark.parametrize("body", [{}, {"slug": "a", "tenantId": NOBODY}, {"slug": 1}, {"slug": "a\0"}, []])
async def test_a_switch_names_one_tenant(client: httpx.AsyncClient, member: Member, body: Any) -> None:
    refused(await client.post("/api/tenants/switch", json=body, headers=member.headers), 400, "VALIDATION_ERROR")


async def test_an_api_token_stays_where_it_is_and_knows_no_other_tenant(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    headers = bearer(await token_of(app, team.id, team.owner.id, ("read", "write", "admin")))
    assert [one["slug"] for one in (await client.get("/api/tenants", headers=headers)).json()] == [team.slug]
    for path, body in (("/switch", {"slug": "default"}), ("", {"name": "Autre", "slug": some_slug()})):
        refused(await client.post(f"/api/tenants{path}", json=body, headers=headers), 403, "SESSION_REQUIRED")
    refused(await client.delete(f"{MEMBERS}/{team.owner.id}", headers=headers), 403, "SESSION_REQUIRED")


async def test_an_api_token_without_the_scope_does_not_administer(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    member = await added(app, client, team)
    headers = bearer(await token_of(app, team.id, team.owner.id))
    for answer in (
        await client.patch(f"{MEMBERS}/{member.id}", json={"role": "admin"}, headers=headers),
        await client.delete(f"{MEMBERS}/{member.id}", headers=headers),
        await client.patch("/api/tenants/current", json={"name": "Autre"}, headers=headers),
        await client.get("/api/tenants/current/invitations", headers=headers),
        await client.post("/api/tenants/current/invitations", json={"email": "a@example.org"}, headers=headers),
    ):
        refused(answer, 403, "INSUFFICIENT_SCOPE")
    emails = {one["email"] for one in (await client.get(MEMBERS, headers=headers)).json()["data"]}
    assert emails == {team.owner.email, None}


async def test_a_session_without_the_second_factor_does_not_administer_where_it_is_asked_for(cheap: Settings) -> None:
    strict = with_group(cheap, "auth", tenant_creation=True, second_factor_for_admins=True)
    async with started(create_app(strict)) as app, client_of(app) as client:
        team = await founded(client)
        answer = await client.patch("/api/tenants/current", json={"name": "Autre"}, headers=team.owner.headers)
        refused(answer, 403, "INSUFFICIENT_SCOPE")


async def test_administrators_rename_a_tenant_and_owners_its_slug(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    admin, member = await added(app, client, team, "admin"), await added(app, client, team)
    renamed = await client.patch("/api/tenants/current", json={"name": "Autre"}, headers=admin.headers)
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["slug"]) == (200, "Autre", team.slug)
    slug = {"slug": some_slug()}
    too_low = await client.patch("/api/tenants/current", json=slug, headers=admin.headers)
    refused(too_low, 403, "INSUFFICIENT_ROLE")
    assert too_low.json()["required"] == "owner"
    refused(
        await client.patch("/api/tenants/current", json={"name": "x"}, headers=member.headers), 403, "INSUFFICIENT_ROLE"
    )
    assert (await client.patch("/api/tenants/current", json=slug, headers=team.owner.headers)).json()["slug"] == slug[
        "slug"
    ]
    taken = await client.patch("/api/tenants/current", json={"slug": "default"}, headers=team.owner.headers)
    refused(taken, 409, "SLUG_TAKEN")


async def test_owners_decide_whether_whoever_signs_up_may_join(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    path, opening = "/api/tenants/current", {"open_sign_up": True}
    assert (await client.get(path, headers=team.owner.headers)).json()["openSignUp"] is False
    for role in ("member", "admin"):
        somebody = await added(app, client, team, role)
        refused(await client.patch(path, json=opening, headers=somebody.headers), 403, "INSUFFICIENT_ROLE")
    assert (await client.patch(path, json=opening, headers=team.owner.headers)).json()["openSignUp"] is True
    renamed = await client.patch(path, json={"name": "Autre"}, headers=team.owner.headers)
    assert (renamed.json()["name"], renamed.json()["openSignUp"]) == ("Autre", True)
    made = {"name": "Ouvert", "slug": some_slug(), "openSignUp": True}
    answer = await client.post("/api/tenants", json=made, headers=team.owner.headers)
    assert answer.json()["tenant"]["openSignUp"] is True
    member = await signed_up(client)
    (default,) = (await client.get("/api/tenants", headers=member.headers)).json()
    assert (default["slug"], default["openSignUp"]) == ("default", True)


async def test_members_see_each_other_and_administrators_their_addresses(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    members = [await added(app, client, team) for _ in range(3)]
    everybody = [team.owner.id, *(one.id for one in members)]
    seen = (await client.get(MEMBERS, headers=members[0].headers)).json()
    assert [one["userId"] for one in seen["data"]] == [one["user_id"] for one in seen["data"]] == everybody
    assert [one["email"] for one in seen["data"]] == [None, members[0].email, None, None]
    assert {"username", "fullName", "avatarUrl", "role", "joinedAt"} <= set(seen["data"][0])
    assert seen["meta"] == {"total": 4, "page": 1, "limit": 20, "totalPages": 1}
    paged = (await client.get(MEMBERS, params={"page": 2, "limit": 3}, headers=team.owner.headers)).json()
    assert [one["email"] for one in paged["data"]] == [members[2].email]
    assert paged["meta"] == {"total": 4, "page": 2, "limit": 3, "totalPages": 2}


@pytest.mark.parametrize("params", [{"page": 0}, {"limit": 0}, {"limit": 101}, {"page": "x"}, {"page": 10**30}])
async def test_a_page_that_cannot_be_is_refused(
    client: httpx.AsyncClient, member: Member, params: dict[str, Any]
) -> None:
    refused(await client.get(MEMBERS, params=params, headers=member.headers), 400, "VALIDATION_ERROR")


#: Who gives whom which standing, and what comes of it.
CHANGES = [
    ("owner", "member", "owner", 200),
    ("owner", "admin", "member", 200),
    ("admin", "member", "admin", 200),
    ("admin", "admin", "member", 200),
    ("admin", "member", "owner", 403),
    ("admin", "owner", "member", 403),
    ("member", "member", "admin", 403),
    ("member", "owner", "member", 403),
]


@pytest.mark.parametrize(("who", "whom", "role", "status"), CHANGES)
async def test_nobody_gives_more_than_they_have(
    app: FastAPI, client: httpx.AsyncClient, team: Team, who: str, whom: str, role: str, status: int
) -> None:
    actor = team.owner if who == "owner" else await added(app, client, team, who)
    target = await added(app, client, team, whom)
    answer = await client.patch(f"{MEMBERS}/{target.id}", json={"role": role}, headers=actor.headers)
    assert answer.status_code == status, answer.text
    current = await client.get("/api/tenants/current", headers=target.headers)
    assert current.json()["role"] == (role if status == 200 else whom)


@pytest.mark.parametrize(
    ("who", "whom", "status"),
    [
        ("owner", "owner", 200),
        ("admin", "admin", 200),
        ("admin", "member", 200),
        ("admin", "owner", 403),
        ("member", "member", 403),
    ],
)
async def test_who_takes_whom_out(
    app: FastAPI, client: httpx.AsyncClient, team: Team, who: str, whom: str, status: int
) -> None:
    actor = team.owner if who == "owner" else await added(app, client, team, who)
    target = await added(app, client, team, whom)
    answer = await client.delete(f"{MEMBERS}/{target.id}", headers=actor.headers)
    assert answer.status_code == status, answer.text
    assert await is_in(client, target.access_token) is (status != 200)


@pytest.mark.parametrize("user_id", [NOBODY, "nonsense", "%00", "a" * 5000])
async def test_who_is_not_a_member_is_not_found(client: httpx.AsyncClient, team: Team, user_id: str) -> None:
    path = f"{MEMBERS}/{user_id}"
    refused(await client.patch(path, json={"role": "admin"}, headers=team.owner.headers), 404, "MEMBER_NOT_FOUND")
    refused(await client.delete(path, headers=team.owner.headers), 404, "MEMBER_NOT_FOUND")


async def test_a_role_is_one_of_three(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    member = await added(app, client, team)
    for role in ("root", "", None, 1, ["owner"], "Owner"):
        answer = await client.patch(f"{MEMBERS}/{member.id}", json={"role": role}, headers=team.owner.headers)
        refused(answer, 400, "VALIDATION_ERROR")


async def test_the_last_owner_stays(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    path = f"{MEMBERS}/{team.owner.id}"
    refused(await client.patch(path, json={"role": "admin"}, headers=team.owner.headers), 409, "LAST_OWNER")
    refused(await client.delete(path, headers=team.owner.headers), 409, "LAST_OWNER")
    await added(app, client, team, "owner")
    assert (await client.delete(path, headers=team.owner.headers)).status_code == 200


async def test_an_owner_who_is_disabled_does_not_count(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    other = await added(app, client, team, "owner")
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.users set disabled_at = now() where id = $1::text::uuid", other.id)
    answer = await client.delete(f"{MEMBERS}/{team.owner.id}", headers=team.owner.headers)
    refused(answer, 409, "LAST_OWNER")


async def test_a_token_of_another_issuer_is_worth_nothing_once_its_user_is_disabled(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    claims = {"sub": team.owner.id, "tenant_id": team.id, "role": "authenticated"}
    headers = bearer(app.state.accounts.keys.sign(claims))
    assert (await client.get(MEMBERS, headers=headers)).status_code == 200
    refused(
        await client.post("/api/tenants/switch", json={"slug": "default"}, headers=headers), 403, "SESSION_REQUIRED"
    )
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.users set disabled_at = now() where id = $1::text::uuid", team.owner.id)
    for answer in (
        await client.get(MEMBERS, headers=headers),
        await client.patch("/api/tenants/current", json={"name": "x"}, headers=headers),
        await client.post("/api/tenants/current/invitations", json={"email": "a@example.org"}, headers=headers),
    ):
        refused(answer, 403, "NOT_A_MEMBER")


async def test_two_owners_who_leave_at_once_do_not_both_leave(
    app: FastAPI, client: httpx.AsyncClient, team: Team, urls: Urls
) -> None:
    other = await added(app, client, team, "owner")
    elsewhere, watching = await asyncpg.connect(urls.admin), await asyncpg.connect(urls.admin)
    try:
        # Another process, just before it commits.
        await elsewhere.execute("begin")
        await elsewhere.execute("select from relais.tenants where id = $1 for no key update", UUID(team.id))
        await elsewhere.execute("delete from relais.memberships where user_id = $1 and role = 'owner'", UUID(other.id))
        path = f"{MEMBERS}/{team.owner.id}"
        leaving = asyncio.create_task(client.delete(path, headers=team.owner.headers))
        demoted = asyncio.create_task(client.patch(path, json={"role": "member"}, headers=team.owner.headers))
        # Within a transaction PostgreSQL shows the activity of one moment only.
        while not (leaving.done() and demoted.done()) and await watching.fetchval(_WAITING) < 2:
            await asyncio.sleep(0.01)
        await elsewhere.execute("commit")
    finally:
        await elsewhere.close()
        await watching.close()
    for answer in (await leaving, await demoted):
        refused(answer, 409, "LAST_OWNER")


async def test_another_standing_counts_at_once_with_the_token_of_before(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    member = await added(app, client, team)
    setting = {"key": f"k{secrets.token_hex(4)}", "value": "1"}
    refused_first = await client.post("/rest/v1/admin_config", json=setting, headers=member.headers)
    assert refused_first.status_code == 403
    await client.patch(f"{MEMBERS}/{member.id}", json={"role": "admin"}, headers=team.owner.headers)
    assert (await client.post("/rest/v1/admin_config", json=setting, headers=member.headers)).status_code == 201
    await client.patch(f"{MEMBERS}/{member.id}", json={"role": "member"}, headers=team.owner.headers)
    setting["key"] += "b"
    assert (await client.post("/rest/v1/admin_config", json=setting, headers=member.headers)).status_code == 403


async def test_whoever_is_taken_out_is_out_at_once_here_and_nowhere_else(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    member = await added(app, client, team)
    elsewhere = await signed_in_again(client, member)
    token = await token_of(app, team.id, member.id)
    assert (await client.get("/rest/v1/resources?limit=1", headers=bearer(token))).status_code == 200
    async with started(create_app(app.state.accounts.settings)) as other_process, client_of(other_process) as other:
        assert await is_in(other, member.access_token)
        assert (await other.get("/rest/v1/resources?limit=1", headers=bearer(token))).status_code == 200
        assert (await client.delete(f"{MEMBERS}/{member.id}", headers=team.owner.headers)).status_code == 200
        for process in (client, other):
            assert not await is_in(process, member.access_token)
            answer = await process.get("/rest/v1/resources?limit=1", headers=bearer(token))
            assert (answer.status_code, answer.json()["code"]) == (401, "API_TOKEN_INVALID")
    lost = await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
    refused(lost, 401, "INVALID_REFRESH_TOKEN")
    assert await is_in(client, elsewhere.access_token)


async def test_leaving_is_done_by_oneself(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    member = await added(app, client, team)
    assert (await client.delete(f"{MEMBERS}/{member.id.upper()}", headers=member.headers)).status_code == 200
    assert not await is_in(client, member.access_token)
    back = await signed_in_again(client, member)
    assert [one["slug"] for one in (await client.get("/api/tenants", headers=back.headers)).json()] == ["default"]
    await put_in(app, team.id, member.id)
    assert (await gone_to(client, back, team.slug)).access_token
    # Whoever comes back comes back without what they held.
    assert not await is_in(client, member.access_token)


async def test_without_redis_whoever_leaves_or_goes_elsewhere_is_out_all_the_same(cheap: Settings) -> None:
    away = with_group(cheap, "redis", url=SecretStr("redis://127.0.0.1:1/0"))
    async with started(create_app(with_group(away, "auth", tenant_creation=True))) as app, client_of(app) as client:
        owner = await signed_up(client)
        team = await founded(client, owner)
        assert not await is_in(client, owner.access_token)
        member = await added(app, client, team)
        assert await is_in(client, member.access_token)
        assert (await client.delete(f"{MEMBERS}/{member.id}", headers=team.owner.headers)).status_code == 200
        assert not await is_in(client, member.access_token)


async def test_what_is_done_in_a_tenant_is_in_its_audit_log(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    member = await added(app, client, team)
    await client.patch(f"{MEMBERS}/{member.id}", json={"role": "admin"}, headers=team.owner.headers)
    await client.delete(f"{MEMBERS}/{member.id}", headers=team.owner.headers)
    rows = await app.state.accounts.database.fetch(
        SERVICE,
        "select action, actor_id::text as actor, target from relais.audit_log where tenant_id = $1::text::uuid"
        " and action like 'MEMBER%' or action = 'TENANT_CREATED' and tenant_id = $1::text::uuid order by id",
        team.id,
    )
    assert [tuple(row) for row in rows] == [
        ("TENANT_CREATED", team.owner.id, None),
        ("MEMBER_ROLE_CHANGED", team.owner.id, member.id),
        ("MEMBER_REMOVED", team.owner.id, member.id),
    ]
