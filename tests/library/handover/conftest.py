"""An API whose users have accounts at a GitHub and a Google Drive of this machine."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, member, with_group
from tests.accounts.oauth_provider import ProviderServer, provider_running
from tests.accounts.oauth_travel import with_provider
from tests.conftest import Urls, started
from tests.library import drive_server, github_server
from tests.library.conftest import new_resource
from tests.library.drive_server import FILE_SCOPE, DriveServer
from tests.library.github_server import GitHubServer
from tests.library.provider_http import serving

__all__ = ["Link", "app", "asked", "drive", "github", "issuer", "link", "member", "with_file_in_its_row"]
#: Links an account at a provider to a member; the token that the provider knows it by.
Link = Callable[..., Awaitable[str]]


@pytest.fixture(scope="module")
def github_served() -> Generator[GitHubServer]:
    """A GitHub that answers."""
    server = GitHubServer()
    with serving(server.http):
        yield server


@pytest.fixture
def github(github_served: GitHubServer) -> Generator[GitHubServer]:
    """The same, as on its first day."""
    github_served.reset()
    yield github_served
    assert github_served.http.mistakes == []


@pytest.fixture(scope="module")
def drive_served() -> Generator[DriveServer]:
    """A Google Drive that answers."""
    server = DriveServer()
    with serving(server.http):
        yield server


@pytest.fixture
def drive(drive_served: DriveServer) -> Generator[DriveServer]:
    """The same, as on its first day."""
    drive_served.reset()
    yield drive_served
    assert drive_served.http.mistakes == []


@pytest.fixture(scope="module")
def issuing() -> Generator[ProviderServer]:
    """Where tokens are renewed."""
    with provider_running() as provider:
        yield provider


@pytest.fixture
def issuer(issuing: ProviderServer) -> ProviderServer:
    """The same without faults."""
    issuing.reset()
    return issuing


@pytest.fixture(scope="module")
def handing(
    cheap: Settings, issuing: ProviderServer, github_served: GitHubServer, drive_served: DriveServer
) -> Settings:
    """Settings of an API that hands over to both."""
    registered = with_provider(cheap, issuing, github_api_url=github_served.http.url)
    return with_group(registered, "handover", drive_url=drive_served.http.url, timeout_seconds=5.0)


@pytest.fixture(scope="module")
async def app(handing: Settings) -> AsyncGenerator[FastAPI]:
    """An API that hands over to both."""
    async with started(create_app(handing)) as app:
        yield app


@pytest.fixture
async def database(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The database behind it."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


@pytest.fixture
async def link(
    app: FastAPI, database: asyncpg.Connection, github: GitHubServer, drive: DriveServer, issuer: ProviderServer
) -> Link:
    """Links accounts."""

    async def linked(member: Member, provider: str, **fields: Any) -> str:
        token = fields.get("token") or f"token-{secrets.token_hex(8)}"
        login = fields.get("login", f"login-{secrets.token_hex(4)}")
        scopes: list[str] = fields.get("scopes", ["repo"] if provider == "github" else [FILE_SCOPE])
        if provider == "github":
            organisations = frozenset(fields.get("organisations", ()))
            github.tokens[token] = github_server.Account(login, frozenset(scopes), organisations)
        else:
            drive.tokens[token] = drive_server.Account(login, frozenset(scopes))
        seal = app.state.accounts.keys.seal
        refresh, seconds = fields.get("refresh"), fields.get("expires_in")
        expires_at = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
        await database.execute(
            """insert into relais.oauth_accounts (user_id, provider, provider_user_id, access_token, refresh_token,
                   token_expires_at, scope, is_primary)
               values ($1, $2, $3, $4, $5, $6, $7, $8)""",
            *(member.id, provider, secrets.token_hex(8), seal(token.encode())),
            *(seal(refresh.encode()) if refresh else None, expires_at, scopes, fields.get("is_primary", True)),
        )
        return token

    return linked


async def asked(client: httpx.AsyncClient, member: Member, method: str, path: str, **options: Any) -> httpx.Response:
    """An answer of the API to a member."""
    return await client.request(method, path, headers=member.headers, **options)


async def with_file_in_its_row(
    client: httpx.AsyncClient, owner: Member, address: str, path: str | None = None, **fields: Any
) -> dict[str, Any]:
    """A resource whose row has the address of its file as it is given: the gateway keeps no files of rows."""
    resource = await new_resource(client, owner, **fields)
    place, row = f"/rest/v1/resources?id=eq.{resource['id']}", {"file_url": address, "file_path": path}
    answer = await asked(client, owner, "PATCH", place, json=row)
    assert answer.status_code == 204, answer.text
    written = await asked(client, owner, "GET", f"{place}&select=file_url,file_path")
    assert written.json() == [row]
    return resource
