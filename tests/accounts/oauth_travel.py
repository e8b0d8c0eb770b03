"""Browsers that go to a provider and come back, for the tests of signing in with one."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
from app.settings import Settings
from pydantic import SecretStr

from tests.accounts.conftest import bearer, with_group
from tests.accounts.oauth_provider import CLIENT_ID, CLIENT_SECRET, ProviderServer

SITE = "https://app.example.org"


def with_provider(settings: Settings, provider: ProviderServer, **values: Any) -> Settings:
    """Settings of an installation that is registered with a provider."""
    secret = SecretStr(CLIENT_SECRET)
    oauth = {
        "github_client_id": CLIENT_ID,
        "github_client_secret": secret,
        "github_url": provider.url,
        "github_api_url": provider.url,
        "google_client_id": CLIENT_ID,
        "google_client_secret": secret,
        "google_issuer": provider.url,
        "timeout_seconds": 5.0,
        **values,
    }
    redirects = "https://other.example.org/here, https://wide.example.org/app/*, relais-app://signed-in"
    placed = with_group(settings, "auth", site_url=SITE, redirect_urls=redirects)
    return with_group(placed, "oauth", **oauth)


async def set_out(client: httpx.AsyncClient, provider: str, **query: str) -> str:
    """Where the provider sends a browser back to, that has set out from here."""
    begun = await client.get(f"/api/auth/oauth/{provider}", params=query)
    return await consent(begun)


async def consent(begun: httpx.Response) -> str:
    """The same, for one that has set out already."""
    assert begun.status_code == 302, begun.text
    async with httpx.AsyncClient() as browser:
        back = await browser.get(begun.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


async def travel(client: httpx.AsyncClient, provider: str, **query: str) -> httpx.URL:
    """Where a browser ends up that goes all the way."""
    return landed(await client.get(await set_out(client, provider, **query)))


def landed(answer: httpx.Response) -> httpx.URL:
    """Where an answer sends a browser."""
    assert answer.status_code == 302, answer.text
    return httpx.URL(answer.headers["location"])


def told(url: httpx.URL) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(str(url)).query, keep_blank_values=True))


def tokens_of(url: httpx.URL) -> dict[str, Any]:
    """The tokens that an address brings to the frontend."""
    assert str(url).startswith(f"{SITE}/auth?oauth=success&tokens="), url
    return orjson.loads(told(url)["tokens"])


def message_of(url: httpx.URL) -> str:
    """What the frontend is told that went wrong."""
    assert str(url).startswith(f"{SITE}/auth?error=oauth_error&message="), url
    return told(url)["message"]


async def user_of(client: httpx.AsyncClient, access_token: str) -> dict[str, Any]:
    """Whose token it is."""
    answer = await client.get("/api/auth/session", headers=bearer(access_token))
    assert answer.status_code == 200, answer.text
    return answer.json()["user"]
