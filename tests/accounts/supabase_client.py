"""What Supabase's client sends and reads, for the tests of `/auth/v1`."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, bearer, some_email

AUTH = "/auth/v1"
VERSION = "2024-01-01"
HEADERS = {"x-supabase-api-version": VERSION}
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who has signed in, as the client keeps them."""

    email: str
    session: dict[str, Any]

    @property
    def id(self) -> str:
        """The user's."""
        return self.session["user"]["id"]

    @property
    def headers(self) -> dict[str, str]:
        """What the client sends."""
        return bearer(self.session["access_token"])


async def signed(client: httpx.AsyncClient, email: str = "", **fields: Any) -> Signed:
    """Somebody new."""
    email = email or some_email()
    answer = await client.post(f"{AUTH}/signup", json={"email": email, "password": PASSWORD, **fields})
    assert answer.status_code == 200, answer.text
    return Signed(email, answer.json())


async def signed_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Signed:
    """Somebody in one more session."""
    answer = await with_password(client, email, password)
    assert answer.status_code == 200, answer.text
    return Signed(email, answer.json())


async def with_password(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    """The answer to a password."""
    body = {"email": email, "password": password}
    return await client.post(f"{AUTH}/token", params={"grant_type": "password"}, json=body)


async def refreshed(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    """The answer to a refresh token."""
    body = {"refresh_token": refresh_token}
    return await client.post(f"{AUTH}/token", params={"grant_type": "refresh_token"}, json=body)


async def is_good(client: httpx.AsyncClient, someone: Signed) -> bool:
    """Whether their session lets them in."""
    return (await client.get(f"{AUTH}/user", headers=someone.headers)).status_code == 200


def service_key(app: FastAPI, **claims: Any) -> dict[str, str]:
    """The headers of a program that holds the service key."""
    return bearer(app.state.accounts.keys.sign({"role": "service_role", **claims}))


def must_refuse(answer: httpx.Response, status: int, code: str) -> None:
    """A refusal in GoTrue's shape, which old clients and new ones read."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["error_code"] == code, told
    new = answer.request.headers.get("x-supabase-api-version", "") >= VERSION
    assert told["code"] == (code if new else status)
    assert told["msg"] == told["message"] != ""
    assert answer.headers["x-supabase-api-version"] == VERSION


def some_password() -> str:
    """A strong one."""
    return f"Neuf-{secrets.token_hex(8)}-Aa1"
