"""Invitations: sent and withdrawn by administrators of a tenant, seen and accepted by whoever was sent one."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.answers import opened_answer
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import Body, Email, FullName, Password, Token
from app.accounts.casings import in_both_casings
from app.accounts.context import accounts_of
from app.accounts.errors import EMAIL_TAKEN, INVALID_LINK
from app.accounts.invitations import (
    ALREADY_MEMBER,
    INVITATION_FOR_ANOTHER,
    INVITATION_NOT_FOUND,
    SIGN_IN_TO_ACCEPT,
    TOO_MANY_INVITATIONS,
    Acceptance,
    accept,
    invitations_of,
    invite,
    preview,
    withdraw,
)
from app.accounts.refusals import ADMINISTERING, NEW_PASSWORD
from app.accounts.shapes.tenants import AccountInvited, Invitation, InvitationAccepted, InvitationSeen, InvitationSent
from app.accounts.tenancy import SESSION_REQUIRED
from app.answers import Json, Message, errors
from app.auth.tables import TenantRole
from app.routers import Router

router = Router(prefix="/api", tags=["tenants"])
Mailing = Annotated[Asked, Depends(asking("mail", user=True))]
Accepting = Annotated[Asked, Depends(asking("auth"))]
_PREVIEWED = ("email", "role", "tenant_id", "tenant_slug", "tenant_name", "expires_at", "has_account")
_TENANT = {"id": "tenant_id", "slug": "tenant_slug", "name": "tenant_name", "role": "role"}


class InvitationBody(Body):
    """Of inviting somebody."""

    email: Email
    role: TenantRole = TenantRole.MEMBER


class AcceptanceBody(Body):
    """Of accepting an invitation; a password and a name from who has no account yet."""

    token: Token
    password: Password | None = None
    full_name: FullName | None = None


@router.post(
    "/tenants/current/invitations",
    status_code=201,
    summary="Invite somebody into the tenant",
    response_model=InvitationSent,
    responses=errors(ALREADY_MEMBER, TOO_MANY_INVITATIONS, *ADMINISTERING),
)
async def post_invitation(request: Request, asked: Mailing, body: InvitationBody) -> Json:
    """By administrators. An earlier invitation to the same address is worthless then."""
    sent = await invite(accounts_of(request), asked, body.email, body.role)
    return Json({"message": "Invitation envoyée", "invitation": in_both_casings(sent)}, 201)


@router.get(
    "/tenants/current/invitations",
    summary="Invitations that have not been accepted",
    response_model=list[Invitation],
    responses=errors(*ADMINISTERING),
)
async def get_invitations(request: Request, asked: User) -> Json:
    """For administrators."""
    return Json([in_both_casings(item) for item in await invitations_of(accounts_of(request), asked)])


@router.delete(
    "/tenants/current/invitations/{invitation_id}",
    summary="Withdraw an invitation",
    response_model=Message,
    responses=errors(INVITATION_NOT_FOUND, *ADMINISTERING),
)
async def delete_invitation(request: Request, asked: User, invitation_id: str) -> Json:
    """By administrators; what invites an owner, by owners."""
    await withdraw(accounts_of(request), asked, invitation_id)
    return Json({"message": "Invitation retirée"})


@router.post(
    "/invitations/accept",
    summary="Accept an invitation",
    response_model=InvitationAccepted,
    responses={201: {"model": AccountInvited, "description": "Somebody who had no account has one."}}
    | errors(INVALID_LINK, INVITATION_FOR_ANOTHER, SIGN_IN_TO_ACCEPT, SESSION_REQUIRED, EMAIL_TAKEN, *NEW_PASSWORD),
)
async def post_acceptance(request: Request, asked: Accepting, body: AcceptanceBody) -> Json:
    """Whoever has signed in with the invited address joins; who has no account makes one, and is signed in."""
    accounts = accounts_of(request)
    acceptance = Acceptance(body.token, body.password, body.full_name)
    invitation, opened = await accept(accounts, asked, acceptance)
    tenant = in_both_casings({name: invitation[source] for name, source in _TENANT.items()})
    if opened is None:
        return Json({"message": "Invitation acceptée", "tenant": tenant})
    return Json({**await opened_answer(accounts, opened, "Compte créé avec succès"), "tenant": tenant}, 201)


@router.get(
    "/invitations/{token}",
    summary="What an invitation is to",
    response_model=InvitationSeen,
    responses=errors(INVALID_LINK),
)
async def get_invitation(
    request: Request, _: Annotated[Asked, Depends(asking("auth", bearer="unread"))], token: str
) -> Json:
    """For whoever holds it; nothing is used up."""
    found = await preview(accounts_of(request), token)
    return Json(in_both_casings({name: found[name] for name in _PREVIEWED}))
