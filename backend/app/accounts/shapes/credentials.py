"""API tokens, linked accounts and public keys."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.api_tokens import Scope
from app.answers import Answer, Message


class ApiToken(Answer):
    """An API token, by its first characters."""

    id: UUID
    name: str
    token_prefix: str
    scopes: list[Scope]
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    is_expired: bool


class ApiTokens(BaseModel):
    """The caller's API tokens."""

    tokens: list[ApiToken]


class NewApiToken(ApiToken):
    """An API token in full, told here alone."""

    token: str
    message: str


class LinkedAccount(Answer):
    """An account elsewhere. What the provider says of it is in `metadata`: any object."""

    id: UUID
    user_id: UUID
    provider: Literal["github", "google"]
    provider_user_id: str
    provider_email: str | None
    scope: list[str]
    metadata: dict[str, Any] | None
    is_primary: bool
    token_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AccountLinked(Message):
    """An account elsewhere, linked just now."""

    account: LinkedAccount


class Departure(BaseModel):
    """Where a sign-in with a provider begins."""

    url: str


class PublicKey(BaseModel):
    """A JWK. Those of RSA have `n` and `e`, those of elliptic curves `crv`, `x` and `y`; more is the key's own."""

    model_config = ConfigDict(extra="allow")

    kty: Literal["RSA", "EC"]
    kid: str
    use: Literal["sig"]
    alg: str
    key_ops: list[str]


class PublicKeys(BaseModel):
    """A JWK set."""

    keys: list[PublicKey] = Field(description="None where tokens are signed with the secret.")
