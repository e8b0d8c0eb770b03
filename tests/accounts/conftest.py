"""An API whose passwords cost next to nothing, and people who sign up with it."""

import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.conftest import client_of, started

PASSWORD = "Correct-Horse-7"
#: An identifier that nothing has. The same in every process of a run, for it stands in names of tests.
NOBODYS = "5f0c6a52-3a0e-4d5b-9f3e-0d6a1f0b7c11"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has signed up, and what they hold."""

    id: str
    email: str
    password: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What they send with a request."""
        return bearer(self.access_token)


def bearer(token: str) -> dict[str, str]:
    """The header that a token travels in."""
    return {"Authorization": f"Bearer {token}"}


def some_email(name: str = "membre") -> str:
    """An address that nobody has."""
    return f"{name}.{secrets.token_hex(6)}@example.org"


def with_group(settings: Settings, group: str, **values: Any) -> Settings:
    """Settings with some of a group changed."""
    return settings.model_copy(update={group: getattr(settings, group).model_copy(update=values)})


async def signed_up(client: httpx.AsyncClient, **fields: Any) -> Member:
    """A new member."""
    body = {"email": some_email(), "password": PASSWORD, **fields}
    answer = await client.post("/api/auth/signup", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    tokens = told["access_token"], told["refresh_token"]
    return Member(told["user"]["id"], body["email"], body["password"], *tokens)


async def is_in(client: httpx.AsyncClient, access_token: str) -> bool:
    """Whether a token still lets its holder in."""
    return (await client.get("/api/auth/session", headers=bearer(access_token))).status_code == 200


@pytest.fixture(scope="module")
def cheap(settings: Settings) -> Settings:
    """Settings with passwords that are hashed in no time, and limits that no test meets by chance."""
    limits = settings.limits.model_copy(update=dict.fromkeys(type(settings.limits).model_fields, "100000/60"))
    free = {"failures_free": 10**6, "failures_free_wide": 10**6}
    quick = with_group(settings, "auth", argon2_memory_kib=8 * 1024, argon2_time_cost=1, **free)
    return quick.model_copy(update={"limits": limits})


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """The API, with its lifespan begun."""
    async with started(create_app(cheap)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the API."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def member(client: httpx.AsyncClient) -> Member:
    """Somebody who has signed up."""
    return await signed_up(client)
