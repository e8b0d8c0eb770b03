"""People with a second factor, and the authenticators that they carry."""

import base64
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
from app.auth import totp
from jose import jwt

from tests.accounts.conftest import Member, bearer, signed_up

MFA = "/api/auth/mfa"
Client = httpx.AsyncClient


@dataclass(frozen=True, slots=True)
class Guarded:
    """A member with a second factor, in a session that showed it."""

    member: Member
    factor_id: str
    secret: bytes
    recovery_codes: list[str]
    access_token: str

    @property
    def headers(self) -> dict[str, str]:
        """Of the session with the second factor."""
        return bearer(self.access_token)

    @property
    def code(self) -> str:
        """That of now."""
        return code_of(self.secret)


def code_of(secret: bytes, steps: int = 0) -> str:
    """The code of now, or some steps away from it."""
    return totp.code_at(secret, totp.step_at(time.time()) + steps)


def wrong_code(secret: bytes) -> str:
    """One that is right neither now nor soon."""
    right = {code_of(secret, steps) for steps in range(-3, 4)}
    return next(code for code in (f"{number:06d}" for number in range(100)) if code not in right)


def secret_in(uri: str) -> bytes:
    """What an authenticator reads from a QR code."""
    text = parse_qs(urlsplit(uri).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))


async def guarded(client: Client, owner: asyncpg.Connection, member: Member | None = None) -> Guarded:
    """A member who added a second factor."""
    member = member or await signed_up(client)
    made = (await client.post(f"{MFA}/enroll", json={"name": "Téléphone"}, headers=member.headers)).json()
    secret = secret_in(made["uri"])
    body = {"id": made["id"], "code": code_of(secret)}
    answer = await client.post(f"{MFA}/verify", json=body, headers=member.headers)
    assert answer.status_code == 200, answer.text
    await forget_steps(owner, member.id)
    told = answer.json()
    return Guarded(member, made["id"], secret, told["recoveryCodes"], told["access_token"])


async def forget_steps(owner: asyncpg.Connection, user_id: str) -> None:
    """Let time pass: the code of now has not been used yet."""
    await owner.execute("update relais.second_factors set last_step = 0 where user_id = $1", user_id)


async def first_step(client: Client, member: Member) -> dict[str, Any]:
    """The answer to a right password."""
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shown(client: Client, token: str, code: str) -> httpx.Response:
    """The answer to a code."""
    return await client.post(f"{MFA}/challenge", json={"mfaToken": token, "code": code})


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, whoever signed it."""
    return jwt.get_unverified_claims(token)
