"""An API of the library, and people of every rank who have signed up with it."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import Member, app, cheap, client, signed_up
from tests.conftest import Urls, run_sql

__all__ = ["People", "app", "cheap", "client", "new_resource", "people", "ranked"]


@dataclass(frozen=True, slots=True)
class People:
    """Who asks in a test."""

    owner: Member
    other: Member
    moderator: Member
    admin: Member
    super_admin: Member


async def ranked(urls: Urls, member: Member, rank: str) -> Member:
    """Somebody with a rank."""
    await run_sql(
        urls.admin,
        f"update library.user_roles set role = '{rank}' where user_id = '{member.id}'",
    )
    return member


@pytest.fixture
async def people(client: httpx.AsyncClient, urls: Urls) -> People:
    """An owner, somebody else, and one of every higher rank."""
    made = [await signed_up(client) for _ in range(5)]
    for member, rank in zip(made[2:], ("moderator", "admin", "super_admin"), strict=True):
        await ranked(urls, member, rank)
    return People(*made)


async def new_resource(client: httpx.AsyncClient, owner: Member, **fields: Any) -> dict[str, Any]:
    """A resource of somebody's."""
    body = {"title": "Une ressource", "description": "Ce qu'elle contient", **fields}
    answer = await client.post("/api/resources", json=body, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()
