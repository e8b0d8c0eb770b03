"""Tenants and the people in them, made over HTTP where there is a way, and in the database where somebody else's is."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
from app.accounts.context import Accounts
from app.adapters.postgres import SERVICE
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up

_JOIN = """
    insert into relais.memberships (tenant_id, user_id, role)
    values ($1::text::uuid, $2::text::uuid, $3::text::relais.tenant_role)
    on conflict (tenant_id, user_id) do update set role = excluded.role
"""
_LAST_LETTER = """
    select template, locale, data::text, sealed from relais.email_outbox
    where lower(recipient) = lower($1) and template = $2 order by created_at desc, id desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Team:
    """A tenant and its owner, whose session is in it."""

    id: str
    slug: str
    owner: Member


def some_slug(name: str = "equipe") -> str:
    """A slug that no tenant has."""
    return f"{name}-{secrets.token_hex(5)}"


async def founded(client: httpx.AsyncClient, owner: Member | None = None) -> Team:
    """A new tenant, and its owner gone there."""
    owner = owner or await signed_up(client)
    slug = some_slug()
    answer = await client.post("/api/tenants", json={"name": f"Équipe {slug}", "slug": slug}, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    return Team(answer.json()["tenant"]["id"], slug, await gone_to(client, owner, slug))


async def gone_to(client: httpx.AsyncClient, member: Member, slug: str) -> Member:
    """The member, in another tenant."""
    answer = await client.post("/api/tenants/switch", json={"slug": slug}, headers=member.headers)
    assert answer.status_code == 200, answer.text
    return holding(member, answer.json())


async def signed_in_again(client: httpx.AsyncClient, member: Member) -> Member:
    """The member in one more session."""
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    assert answer.status_code == 200, answer.text
    return holding(member, answer.json())


async def added(app: FastAPI, client: httpx.AsyncClient, team: Team, role: str = "member") -> Member:
    """Somebody new in a tenant, with a session there."""
    member = await signed_up(client)
    await put_in(app, team.id, member.id, role)
    return await gone_to(client, member, team.slug)


async def put_in(app: FastAPI, tenant_id: str, user_id: str, role: str = "member") -> None:
    """Make a user a member of a tenant, as an operator would."""
    accounts: Accounts = app.state.accounts
    async with accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute(_JOIN, tenant_id, user_id, role)


async def letter_to(app: FastAPI, email: str, template: str = "accept_invitation") -> dict[str, Any]:
    """The last message of its kind to an address: what it says, and the secret in it."""
    accounts: Accounts = app.state.accounts
    (row,) = await accounts.database.fetch(SERVICE, _LAST_LETTER, email, template)
    sealed = orjson.loads(accounts.keys.unseal(row["sealed"]))
    return {"locale": row["locale"], "data": orjson.loads(row["data"]), **sealed}


async def token_of(app: FastAPI, tenant_id: str, user_id: str, scopes: tuple[str, ...] = ("read", "write")) -> str:
    """An API token, as it was shown once."""
    token = f"hub_lib_{secrets.token_hex(32)}"
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute(
            "insert into relais.api_tokens (tenant_id, user_id, name, prefix, token_hash, scopes)"
            " values ($1::text::uuid, $2::text::uuid, 'n', 'p', sha256($3::text::bytea), $4)",
            tenant_id,
            user_id,
            token,
            list(scopes),
        )
    return token


def holding(member: Member, told: dict[str, Any]) -> Member:
    """The member with the tokens of an answer."""
    return replace(member, access_token=told["access_token"], refresh_token=told["refresh_token"])
