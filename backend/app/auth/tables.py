"""Core tables of accounts: tenants, users, memberships, sessions and what proves who somebody is.

All in the schema `relais`, which no client can address: only the caller functions of `sql/` read them on a client's
behalf, and the auth code as the `service` role. Rules: every table has row security forced and no policy.
"""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import INET, JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, enum_type, identifier, reference, stamp, words

SCHEMA = "relais"


class TenantRole(StrEnum):
    """Standing within a tenant, lowest first: PostgreSQL compares enums in this order."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class TokenPurpose(StrEnum):
    """What a one-time token lets its holder do."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a password
    CLAIM_ACCOUNT = "claim_account"
    ACCEPT_INVITATION = "accept_invitation"
    CHANGE_EMAIL = "change_email"
    #: What a browser brings back from a provider.
    OAUTH_STATE = "oauth_state"
    #: Exchanged for a session by whoever holds the verifier, too.
    SIGN_IN_CODE = "sign_in_code"
    #: The password was right; the second factor is still to come.
    SECOND_FACTOR = "second_factor"


TENANT_ROLE = enum_type(SCHEMA, "tenant_role", TenantRole)
TOKEN_PURPOSE = enum_type(SCHEMA, "token_purpose", TokenPurpose)
BY_ID = ("id",)
TENANTS, USERS = f"{SCHEMA}.tenants.id", f"{SCHEMA}.users.id"

_tenants = TableNames(SCHEMA, "tenants")
_users = TableNames(SCHEMA, "users")
_memberships = TableNames(SCHEMA, "memberships")
_sessions = TableNames(SCHEMA, "sessions")
_second_factors = TableNames(SCHEMA, "second_factors")
_recovery_codes = TableNames(SCHEMA, "recovery_codes")
_one_time_tokens = TableNames(SCHEMA, "one_time_tokens")
_oauth_accounts = TableNames(SCHEMA, "oauth_accounts")
_api_tokens = TableNames(SCHEMA, "api_tokens")
_audit_log = TableNames(SCHEMA, "audit_log")


class Tenant(SQLModel, table=True):
    """An organisation whose rows no other can see. A single-tenant install has one, `default`."""

    __tablename__: ClassVar[Any] = _tenants.table
    __table_args__ = _tenants.args(
        _tenants.unique("slug", within_tenant=False),
        _tenants.check("slug", r"slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'"),
        _tenants.index("is_default", within_tenant=False, unique=True, where="is_default"),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    slug: str = column(Text())
    name: str = column(Text())
    is_default: bool = column(Boolean(), default="false")
    #: Whoever signs up may join; otherwise only who was invited.
    open_sign_up: bool = column(Boolean(), default="false")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class User(SQLModel, table=True):
    """Somebody who can sign in, in any number of tenants.

    `password_hash` names its own scheme. A user without one signs in by other means or has yet to claim the account.
    """

    __tablename__: ClassVar[Any] = _users.table
    __table_args__ = _users.args(
        _users.index("lower(email)", name="email", within_tenant=False, unique=True),
        _users.check("email", "length(email) <= 255 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'"),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    email: str = column(Text())
    password_hash: str | None = column(Text(), null=True)
    email_verified_at: datetime | None = stamp(null=True, default=None)
    disabled_at: datetime | None = stamp(null=True, default=None)
    last_sign_in_at: datetime | None = stamp(null=True, default=None)
    password_changed_at: datetime | None = stamp(null=True, default=None)
    #: What the user says of themselves, and what only the service may say of them.
    user_metadata: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    app_metadata: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    locale: str = column(Text(), default="'fr'")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Membership(SQLModel, table=True):
    """A user's standing in a tenant."""

    __tablename__: ClassVar[Any] = _memberships.table
    __table_args__ = _memberships.args(
        _memberships.references_global("tenant_id", TENANTS),
        _memberships.references_global("user_id", USERS),
        _memberships.index("user_id", within_tenant=False),
        primary_key=("tenant_id", "user_id"),
    )
    tenant_id: UUID = reference()
    user_id: UUID = reference()
    role: TenantRole = column(TENANT_ROLE, default=f"'member'::{SCHEMA}.tenant_role")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Session(SQLModel, table=True):
    """A signed-in device. The truth that Redis only mirrors: losing Redis logs nobody out."""

    __tablename__: ClassVar[Any] = _sessions.table
    __table_args__ = _sessions.args(
        _sessions.references("user_id", f"{SCHEMA}.memberships.user_id"),
        _sessions.index("user_id", within_tenant=False),
        _sessions.index("expires_at", within_tenant=False),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    tenant_id: UUID = reference()
    user_id: UUID = reference()
    #: How often the refresh token has been exchanged; the token of now carries this number.
    refresh_counter: int = column(Integer(), default="0")
    rotated_at: datetime = stamp()
    #: How often the token before it came again since.
    reuses: int = column(Integer(), default="0")
    #: How somebody signed in, and with how many factors.
    method: str = column(Text(), default="'password'")
    assurance: int = column(SmallInteger(), default="1")
    user_agent: str | None = column(Text(), null=True)
    address: str | None = column(INET(), null=True)
    created_at: datetime = stamp()
    last_used_at: datetime = stamp()
    expires_at: datetime = stamp(default=None)
    revoked_at: datetime | None = stamp(null=True, default=None)


class SecondFactor(SQLModel, table=True):
    """A generator of one-time codes. Its secret is encrypted before it comes here; it counts once it is confirmed."""

    __tablename__: ClassVar[Any] = _second_factors.table
    __table_args__ = _second_factors.args(
        _second_factors.references_global("user_id", USERS),
        _second_factors.index("user_id", within_tenant=False),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    user_id: UUID = reference()
    name: str = column(Text(), default="''")
    secret: bytes = column(LargeBinary())
    #: The time step of the last code that was accepted: no code is accepted twice.
    last_step: int = column(BigInteger(), default="0")
    #: Wrong codes in a row, and when the last one was shown.
    failures: int = column(Integer(), default="0")
    failed_at: datetime | None = stamp(null=True, default=None)
    confirmed_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()


class RecoveryCode(SQLModel, table=True):
    """Stands in for a lost second factor, once."""

    __tablename__: ClassVar[Any] = _recovery_codes.table
    __table_args__ = _recovery_codes.args(
        _recovery_codes.references_global("user_id", USERS),
        primary_key=("user_id", "code_hash"),
    )
    user_id: UUID = reference()
    code_hash: bytes = column(LargeBinary())
    used_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()


class OneTimeToken(SQLModel, table=True):
    """A secret that somebody holds for a while, kept as a hash, good for one use before it expires."""

    __tablename__: ClassVar[Any] = _one_time_tokens.table
    __table_args__ = _one_time_tokens.args(
        _one_time_tokens.references_global("tenant_id", TENANTS),
        _one_time_tokens.references_global("user_id", USERS),
        _one_time_tokens.unique("token_hash", within_tenant=False),
        _one_time_tokens.index("tenant_id", within_tenant=False),
        _one_time_tokens.index("user_id", within_tenant=False),
        _one_time_tokens.index("expires_at", within_tenant=False),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    tenant_id: UUID | None = reference(null=True)
    user_id: UUID | None = reference(null=True)
    email: str | None = column(Text(), null=True)
    purpose: TokenPurpose = column(TOKEN_PURPOSE)
    token_hash: bytes = column(LargeBinary())
    #: What its use needs to know: a role offered, where to go back to.
    details: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    failures: int = column(Integer(), default="0")
    expires_at: datetime = stamp(default=None)
    used_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()


class OAuthAccount(SQLModel, table=True):
    """A provider's account linked to a user. Its tokens are encrypted before they come here."""

    __tablename__: ClassVar[Any] = _oauth_accounts.table
    __table_args__ = _oauth_accounts.args(
        _oauth_accounts.references_global("user_id", USERS),
        _oauth_accounts.unique("provider", "provider_user_id", within_tenant=False),
        _oauth_accounts.check("provider", "provider in ('github', 'google')"),
        _oauth_accounts.index("user_id", within_tenant=False),
        _oauth_accounts.index(
            "user_id", "provider", name="primary", within_tenant=False, unique=True, where="is_primary"
        ),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    user_id: UUID = reference()
    provider: str = column(Text())
    provider_user_id: str = column(Text())
    provider_email: str | None = column(Text(), null=True)
    access_token: bytes = column(LargeBinary())
    refresh_token: bytes | None = column(LargeBinary(), null=True)
    token_expires_at: datetime | None = stamp(null=True, default=None)
    scope: list[str] = words()
    details: dict[str, Any] | None = column(JSONB(), null=True)
    is_primary: bool = column(Boolean(), default="false")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ApiToken(SQLModel, table=True):
    """A personal token for programs. Only its hash and its first characters are kept."""

    __tablename__: ClassVar[Any] = _api_tokens.table
    __table_args__ = _api_tokens.args(
        _api_tokens.references("user_id", f"{SCHEMA}.memberships.user_id"),
        _api_tokens.unique("token_hash", within_tenant=False),
        _api_tokens.index("user_id", within_tenant=False),
        _api_tokens.check("scopes", "scopes <@ array['read', 'write', 'admin']"),
        primary_key=BY_ID,
    )
    id: UUID = identifier()
    tenant_id: UUID = reference()
    user_id: UUID = reference()
    name: str = column(Text())
    prefix: str = column(Text())
    token_hash: bytes = column(LargeBinary())
    scopes: list[str] = words()
    last_used_at: datetime | None = stamp(null=True, default=None)
    expires_at: datetime | None = stamp(null=True, default=None)
    revoked_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()


class AuditEntry(SQLModel, table=True):
    """Who did what that matters later. Rows outlive the users they speak of; nobody updates them."""

    __tablename__: ClassVar[Any] = _audit_log.table
    __table_args__ = _audit_log.args(
        _audit_log.references_global("tenant_id", TENANTS),
        _audit_log.references_global("actor_id", USERS, on_delete="set null"),
        _audit_log.index("created_at"),
        _audit_log.index("actor_id", within_tenant=False),
        _audit_log.index("action", "created_at", within_tenant=False),
        primary_key=BY_ID,
    )
    id: int = column(BigInteger(), identity=True)
    tenant_id: UUID | None = reference(null=True)
    actor_id: UUID | None = reference(null=True)
    action: str = column(Text())
    target: str | None = column(Text(), null=True)
    details: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    address: str | None = column(INET(), null=True)
    request_id: str | None = column(Text(), null=True)
    created_at: datetime = stamp()
