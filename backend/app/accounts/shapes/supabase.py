"""Users and sessions as Supabase's client reads them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class GoTrueError(BaseModel):
    """An error as Supabase's client reads it. Some have one member more: `weak_password`, `required`, `retryAfter`."""

    model_config = ConfigDict(extra="allow")

    code: str | int = Field(description="GoTrue's word for it; the status, for clients of before 2024.")
    error_code: str
    msg: str
    message: str


class AppMetadata(BaseModel):
    """How a user signs in, and whatever else an administrator noted of them."""

    model_config = ConfigDict(extra="allow")

    provider: str | None = Field(default=None, description="The first of them; left out if there is none.")
    providers: list[str]


class IdentityData(BaseModel):
    """What a way in says of whoever comes."""

    sub: str
    email: str | None
    email_verified: bool
    phone_verified: Literal[False]


class Identity(BaseModel):
    """A way in: a password (`email`), or an account at a provider."""

    identity_id: UUID
    id: str
    user_id: UUID
    provider: str
    email: str | None
    identity_data: IdentityData
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None


class AuthFactor(BaseModel):
    """A second factor."""

    id: UUID
    friendly_name: str
    factor_type: Literal["totp"]
    status: Literal["verified", "unverified"]
    created_at: datetime
    updated_at: datetime


class AuthUser(BaseModel):
    """A user. What they say of themselves is in `user_metadata`: any object."""

    id: UUID
    aud: str
    role: str
    email: str
    email_confirmed_at: datetime | None
    phone: Literal[""]
    confirmed_at: datetime | None
    last_sign_in_at: datetime | None
    app_metadata: AppMetadata
    user_metadata: dict[str, Any]
    identities: list[Identity]
    created_at: datetime
    updated_at: datetime
    is_anonymous: Literal[False]
    factors: list[AuthFactor] = Field(default_factory=list, description="Left out if there is none.")
    new_email: str | None = Field(default=None, description="An address that waits to be proved. Otherwise left out.")
    banned_until: datetime | None = Field(default=None, description="Of those who are disabled. Otherwise left out.")


class AuthUsers(BaseModel):
    """A page of users."""

    users: list[AuthUser]
    aud: str


class AuthSession(BaseModel):
    """A session, and whose it is."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    expires_at: int = Field(description="In seconds since 1970.")
    refresh_token: str
    user: AuthUser


class SignInWays(BaseModel):
    """With what somebody can sign in."""

    email: bool
    phone: bool
    anonymous_users: bool
    github: bool
    google: bool


class SignInSettings(BaseModel):
    """Which ways of signing in there are."""

    external: SignInWays
    disable_signup: bool
    mailer_autoconfirm: bool
    phone_autoconfirm: bool
    sms_provider: str
    saml_enabled: bool


class AuthHealth(BaseModel):
    """Who answers."""

    version: str
    name: str
    description: str
