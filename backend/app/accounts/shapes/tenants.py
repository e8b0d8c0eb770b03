"""Tenants, who is in them, and who was asked to come."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.accounts.shapes.sessions import SignedIn
from app.answers import Answer, Message
from app.auth.tables import TenantRole


class TenantBrief(Answer):
    """A tenant, and the caller's standing there."""

    both_casings: ClassVar[bool] = True

    id: UUID
    slug: str
    name: str
    role: TenantRole


class OwnTenant(TenantBrief):
    """A tenant that the caller is in; `current` is the one of the token."""

    is_default: bool
    open_sign_up: bool
    created_at: datetime
    updated_at: datetime
    current: bool


class TenantMade(Message):
    """A new tenant."""

    tenant: OwnTenant


class TenantMember(Answer):
    """Somebody in a tenant. Addresses are told to administrators."""

    both_casings: ClassVar[bool] = True

    user_id: UUID
    email: str | None
    role: TenantRole
    joined_at: datetime
    full_name: str | None
    username: str | None
    avatar_url: str | None


class StandingChanged(Answer):
    """A member's new standing."""

    both_casings: ClassVar[bool] = True

    message: str
    user_id: UUID
    role: TenantRole


class Invitation(Answer):
    """An invitation that nobody has accepted."""

    both_casings: ClassVar[bool] = True

    id: UUID
    email: str
    role: TenantRole
    invited_by: UUID
    created_at: datetime
    expires_at: datetime


class InvitationSent(Message):
    """That an invitation is on its way."""

    invitation: Invitation


class InvitationSeen(Answer):
    """What an invitation is to, and whether its address has an account."""

    both_casings: ClassVar[bool] = True

    email: str
    role: TenantRole
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    expires_at: datetime
    has_account: bool


class InvitationAccepted(Message):
    """Where somebody who had an account is now a member, too."""

    tenant: TenantBrief


class AccountInvited(SignedIn):
    """Somebody new, signed in, and where they are a member."""

    tenant: TenantBrief
