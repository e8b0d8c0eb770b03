"""Whose rows a caller without a token is shown: those of the tenant that a host or a header names."""

import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
import pytest
from app.adapters.postgres import SERVICE, Database
from app.auth.caller import Caller
from app.auth.tenants import Tenants
from app.errors import AppError
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, bearer, some_email, with_group
from tests.accounts.tenant_people import Team, founded, gone_to, signed_in_again, some_slug
from tests.conftest import client_of, started

HEADER = "X-Tenant"
HOST = "un.example.org"


@dataclass(frozen=True, slots=True)
class Town:
    """Two tenants with a public resource each: one has a host, both can be named by the header."""

    at_host: Team
    other: Team
    #: Titles of the resources, by slug.
    titles: dict[str, str]


@pytest.fixture
async def slugs() -> tuple[str, str]:
    """Of the two tenants."""
    return some_slug("un"), some_slug("deux")


@pytest.fixture
async def app(cheap: Settings, slugs: tuple[str, str]) -> AsyncGenerator[FastAPI]:
    """The API of an installation whose tenants are told apart by host and by header."""
    hosts = f"{HOST}={slugs[0]}, perdu.example.org=nulle-part"
    settings = with_group(cheap, "auth", tenant_creation=True, tenant_hosts=hosts, tenant_header=HEADER)
    async with started(create_app(settings)) as app:
        yield app


@pytest.fixture
async def town(client: httpx.AsyncClient, slugs: tuple[str, str]) -> Town:
    """The tenants."""
    teams: list[Team] = []
    titles: dict[str, str] = {}
    for slug in slugs:
        team = await founded(client)
        answer = await client.patch("/api/tenants/current", json={"slug": slug}, headers=team.owner.headers)
        assert answer.status_code == 200
        titles[slug] = f"titre-{secrets.token_hex(6)}"
        row = {"title": titles[slug], "description": "x", "visibility": "public", "user_id": team.owner.id}
        answer = await client.post("/rest/v1/resources", json=row, headers=team.owner.headers)
        assert answer.status_code == 201, answer.text
        teams.append(Team(team.id, slug, team.owner))
    return Town(*teams, titles)


async def seen(client: httpx.AsyncClient, town: Town, **headers: str) -> list[str]:
    """Slugs of the tenants whose resources the gateway shows."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await client.get("/rest/v1/resources", params={"select": "title"}, headers=named)
    assert answer.status_code == 200, answer.text
    titles = {row["title"] for row in answer.json()}
    return [slug for slug, title in town.titles.items() if title in titles]


async def test_the_gateway_shows_strangers_the_tenant_of_the_host_or_of_the_header(
    client: httpx.AsyncClient, town: Town
) -> None:
    one, other = town.at_host.slug, town.other.slug
    assert await seen(client, town) == []
    assert await seen(client, town, host=HOST) == [one]
    assert await seen(client, town, host=f"{HOST.upper()}.:8443") == [one]
    assert await seen(client, town, x_tenant=other) == [other]
    assert await seen(client, town, x_tenant=other, host=HOST) == [other]
    assert await seen(client, town, x_tenant="", host=HOST) == [one]


async def test_caches_are_told_that_answers_differ_by_the_header(client: httpx.AsyncClient, member: Member) -> None:
    for path in ("/rest/v1/resources", "/api/tenants"):
        answer = await client.get(path, headers=member.headers)
        assert HEADER.lower() in answer.headers["vary"].lower()


async def test_a_token_wins_over_host_and_header(client: httpx.AsyncClient, town: Town) -> None:
    token = town.other.owner.headers["Authorization"]
    assert await seen(client, town, host=HOST, Authorization=token) == [town.other.slug]
    assert await seen(client, town, x_tenant=town.at_host.slug, Authorization=token) == [town.other.slug]
    assert await seen(client, town, x_tenant="nulle-part", Authorization=token) == [town.other.slug]
    current = await client.get("/api/tenants/current", headers={"Host": HOST, "Authorization": token})
    assert current.json()["slug"] == town.other.slug


async def test_the_key_of_anonymous_clients_is_no_token(app: FastAPI, client: httpx.AsyncClient, town: Town) -> None:
    key = app.state.accounts.keys.sign({"role": "anon"})
    assert await seen(client, town, host=HOST, **bearer(key)) == [town.at_host.slug]


@pytest.mark.parametrize("slug", ["nulle-part", "Nulle Part", "é", "-", "a" * 5000, "'; select 1 --"])
async def test_a_tenant_that_is_not_there_is_no_other(client: httpx.AsyncClient, slug: str) -> None:
    headers = {HEADER: slug.encode()}
    body = {"email": some_email(), "password": PASSWORD}
    for answer in (
        await client.get("/rest/v1/resources", headers=headers),
        await client.post("/rest/v1/analytics_events", json={"event": "x"}, headers=headers),
        await client.post("/api/auth/signup", json=body, headers=headers),
        await client.get("/rest/v1/resources", headers={"Host": "perdu.example.org"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_TENANT"), answer.text


async def test_what_strangers_leave_stays_in_the_tenant_that_they_named(
    app: FastAPI, client: httpx.AsyncClient, town: Town
) -> None:
    event = f"e{secrets.token_hex(6)}"
    answer = await client.post("/rest/v1/analytics_events", json={"event": event}, headers={"Host": HOST})
    assert answer.status_code == 201, answer.text
    rows = await app.state.accounts.database.fetch(
        SERVICE, "select tenant_id::text from library.analytics_events where event = $1", event
    )
    assert [row[0] for row in rows] == [town.at_host.id]


async def test_signing_up_joins_the_tenant_that_the_request_names_if_it_is_open(
    client: httpx.AsyncClient, town: Town
) -> None:
    await _open(client, town.at_host)
    await _open(client, town.other)
    for headers, slug in (({"Host": HOST}, town.at_host.slug), ({HEADER: town.other.slug}, town.other.slug)):
        body = {"email": some_email(), "password": PASSWORD}
        answer = await client.post("/api/auth/signup", json=body, headers=headers)
        assert answer.status_code == 201
        mine = (await client.get("/api/tenants", headers=bearer(answer.json()["access_token"]))).json()
        assert [(one["slug"], one["role"], one["current"]) for one in mine] == [(slug, "member", True)]


async def test_a_tenant_is_joined_by_invitation_only_until_its_owner_opens_it(
    app: FastAPI, client: httpx.AsyncClient, town: Town
) -> None:
    sentence = "Cet espace n'accueille que les personnes invitées"
    email = some_email()
    for path, status in (("/api/auth/signup", 403), ("/auth/v1/signup", 422)):
        for headers in ({"Host": HOST}, {HEADER: town.at_host.slug}):
            answer = await client.post(path, json={"email": email, "password": PASSWORD}, headers=headers)
            assert answer.status_code == status, answer.text
            assert sentence in answer.text
    # Whether an address has an account is not told to who could not join anyway.
    taken = {"email": town.other.owner.email, "password": PASSWORD}
    answer = await client.post("/api/auth/signup", json=taken, headers={"Host": HOST})
    assert (answer.status_code, answer.json()["code"]) == (403, "TENANT_CLOSED")
    accounts = app.state.accounts
    assert not await accounts.database.fetch(SERVICE, "select from relais.users where email = $1", email)
    await _open(client, town.at_host)
    body = {"email": email, "password": PASSWORD}
    assert (await client.post("/api/auth/signup", json=body, headers={"Host": HOST})).status_code == 201
    await _open(client, town.at_host, now=False)
    body = {"email": some_email(), "password": PASSWORD}
    assert (await client.post("/api/auth/signup", json=body, headers={"Host": HOST})).status_code == 403
    assert (await client.post("/api/auth/signup", json=body)).status_code == 201


async def _open(client: httpx.AsyncClient, team: Team, *, now: bool = True) -> None:
    answer = await client.patch("/api/tenants/current", json={"openSignUp": now}, headers=team.owner.headers)
    assert (answer.status_code, answer.json()["openSignUp"], answer.json()["open_sign_up"]) == (200, now, now)


async def test_signing_in_goes_where_the_request_says_if_that_is_ones_own(
    client: httpx.AsyncClient, town: Town
) -> None:
    owner = town.at_host.owner
    body = {"email": owner.email, "password": owner.password}
    for headers, slug in (({"Host": HOST}, town.at_host.slug), ({HEADER: town.other.slug}, "default"), ({}, "default")):
        answer = await client.post("/api/auth/signin", json=body, headers=headers)
        current = await client.get("/api/tenants/current", headers=bearer(answer.json()["access_token"]))
        assert current.json()["slug"] == slug


async def test_a_session_stays_in_its_tenant_wherever_it_is_refreshed(client: httpx.AsyncClient, town: Town) -> None:
    again = await gone_to(client, await signed_in_again(client, town.other.owner), town.other.slug)
    answer = await client.post("/api/auth/refresh", json={"refreshToken": again.refresh_token}, headers={"Host": HOST})
    current = await client.get("/api/tenants/current", headers=bearer(answer.json()["access_token"]))
    assert current.json()["slug"] == town.other.slug


async def test_hosts_and_headers_mean_nothing_where_no_setting_says_so(cheap: Settings) -> None:
    plain = with_group(cheap, "auth", tenant_creation=True)
    async with started(create_app(plain)) as app, client_of(app) as client:
        team = await founded(client)
        answer = await client.get("/rest/v1/resources", headers={HEADER: team.slug, "Host": HOST})
        assert answer.status_code == 200
        body = {"email": some_email(), "password": PASSWORD}
        told = await client.post("/api/auth/signup", json=body, headers={HEADER: team.slug})
        mine = (await client.get("/api/tenants", headers=bearer(told.json()["access_token"]))).json()
        assert [one["slug"] for one in mine] == ["default"]


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def directory(app: FastAPI, cheap: Settings) -> tuple[Tenants, Clock]:
    """A directory, and the clock that it looks at."""
    clock = Clock()
    database: Database = app.state.accounts.database
    return Tenants(database, with_group(cheap, "auth", tenant_header=HEADER).auth, clock), clock


async def is_refused(directory: Tenants, slug: str) -> bool:
    """Whether the directory knows no such tenant."""
    try:
        await directory.wanted("", slug)
    except AppError as error:
        return error.code == "UNKNOWN_TENANT"
    return False


async def renamed(app: FastAPI, slug: str, new: str) -> None:
    """Give a tenant another slug."""
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.tenants set slug = $2 where slug = $1", slug, new)


async def test_a_tenant_is_believed_for_a_minute_and_its_absence_for_seconds(
    app: FastAPI, client: httpx.AsyncClient, directory: tuple[Tenants, Clock]
) -> None:
    tenants, clock = directory
    team, later = await founded(client), some_slug()
    assert await is_refused(tenants, later)
    assert await tenants.wanted("", team.slug) == team.id
    await renamed(app, team.slug, later)
    assert await is_refused(tenants, later)
    clock.now = 5.1
    assert await tenants.wanted("", later) == team.id
    assert await tenants.wanted("", team.slug) == team.id
    clock.now = 60.1
    assert await is_refused(tenants, team.slug)


async def test_strangers_who_make_up_names_push_out_no_tenant(
    app: FastAPI, client: httpx.AsyncClient, directory: tuple[Tenants, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.auth.tenants._MOST_KNOWN", 5)
    tenants, _ = directory
    team, gone = await founded(client), some_slug()
    assert await tenants.wanted("", team.slug) == team.id
    for _ in range(20):
        assert await is_refused(tenants, some_slug())
    await renamed(app, team.slug, gone)
    assert await tenants.wanted("", team.slug) == team.id
    assert sum(len(known) for known in _remembered(tenants)) == 6


async def test_only_who_has_not_signed_in_is_placed(
    client: httpx.AsyncClient, directory: tuple[Tenants, Clock]
) -> None:
    tenants, _ = directory
    team = await founded(client)
    somebody = Caller.of({"sub": team.owner.id}, "authenticated", anonymous=False)
    settled = Caller.of({"tenant_id": team.owner.id}, "anon", anonymous=True)
    nobody = Caller.of({}, "anon", anonymous=True)
    assert await tenants.placed(somebody, "", team.slug) is somebody
    assert await tenants.placed(settled, "", team.slug) is settled
    assert (await tenants.placed(nobody, "", team.slug)).tenant_id == team.id
    assert await tenants.placed(nobody, HOST, "") is nobody


def _remembered(tenants: Tenants) -> tuple[dict[str, object], ...]:
    return tenants._found, tenants._missed  # pyright: ignore
