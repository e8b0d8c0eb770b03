"""`/api/auth/password` and `/api/auth/email`: what links in messages prove, and what a password lets people change."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from app.accounts.asking import Anybody, Asked, asking
from app.accounts.bodies import Body, Email, Password, Token
from app.accounts.changes import change_password
from app.accounts.context import accounts_of
from app.accounts.errors import EMAIL_TAKEN, INVALID_LINK, USER_NOT_FOUND
from app.accounts.recovery import forgot, reset
from app.accounts.refusals import NEW_PASSWORD, OWN_PASSWORD
from app.accounts.verification import (
    EMAIL_UNCHANGED,
    Sending,
    ask_to_change_email,
    confirm_email,
    send_again,
    send_to,
    verify,
)
from app.answers import Json, Message, errors
from app.jobs.places import site_of
from app.routers import Router

router = Router(prefix="/api/auth", tags=["auth"])
# Clients send the token that they have with every request; where a link counts, it is not looked at.
Strict = Annotated[Asked, Depends(asking("auth", bearer="unread"))]
StrictUser = Annotated[Asked, Depends(asking("auth", user=True))]
_MAILING = asking("mail", bearer="unread")
_MAILING_USER = asking("mail", user=True)
Mailing = Annotated[Asked, Depends(_MAILING)]
MailingUser = Annotated[Asked, Depends(_MAILING_USER)]
_RESENT: Mapping[Sending, str] = {
    "sent": "Email de vérification envoyé",
    "paused": "Un email de vérification vient déjà de vous être envoyé",
    "verified": "Votre adresse email est déjà vérifiée",
}


class ForgotBody(Body):
    """Of asking for a link."""

    email: Email


class ResetBody(Body):
    """Of choosing a password with a link."""

    token: Token
    password: Password


class ChangeBody(Body):
    """Of choosing another password."""

    current_password: Password
    new_password: Password


class LinkBody(Body):
    """Of taking a link back."""

    token: Token


class ResendBody(Body):
    """Of asking for a link without a session."""

    email: Email | None = None


class EmailBody(Body):
    """Of choosing another address."""

    email: Email
    password: Password


@router.post("/password/forgot", summary="Ask for a link to choose a new password", response_model=Message)
async def post_forgot(request: Request, asked: Mailing, body: ForgotBody) -> Json:
    """The answer is the same whether the address is somebody's or not."""
    await forgot(accounts_of(request), asked, body.email)
    return Json({"message": "Si un compte existe pour cette adresse, un email vient de lui être envoyé"})


@router.post(
    "/password/reset",
    summary="Choose a new password with a link",
    response_model=Message,
    responses=errors(INVALID_LINK, *NEW_PASSWORD),
)
async def post_reset(request: Request, asked: Strict, body: ResetBody) -> Json:
    """The link is good for one use; it may be one that claims an account. All sessions and API tokens of the account
    end.
    """
    await reset(accounts_of(request), asked, body.token, body.password)
    return Json({"message": "Mot de passe réinitialisé, vous pouvez vous connecter"})


@router.post(
    "/password/change",
    summary="Choose another password",
    response_model=Message,
    responses=errors(*NEW_PASSWORD, *OWN_PASSWORD),
)
async def post_change(request: Request, asked: StrictUser, body: ChangeBody) -> Json:
    """All other sessions of the caller end."""
    await change_password(accounts_of(request), asked, body.current_password, body.new_password)
    return Json({"message": "Mot de passe modifié"})


@router.post(
    "/email/verify",
    summary="Prove an address with the link that was sent to it",
    response_model=Message,
    responses=errors(INVALID_LINK),
)
async def post_verify(request: Request, asked: Strict, body: LinkBody) -> Json:
    """The link is good for one use."""
    await verify(accounts_of(request), asked, body.token)
    return Json({"message": "Adresse email vérifiée"})


@router.get("/email/verify", status_code=303, response_class=RedirectResponse, summary="The same, for a browser")
async def get_verify(request: Request, _: Anybody, token: str = "") -> RedirectResponse:
    """Goes on to the page that asks for a press of its button: whatever looks at mail opens links, too."""
    site = site_of(accounts_of(request).settings)
    return RedirectResponse(site.link("verify_email", {"token": token}), 303)


@router.post(
    "/email/verify/resend",
    summary="Ask for another link that proves an address",
    response_model=Message,
    responses=errors(USER_NOT_FOUND, *_MAILING.refuses("POST"), *_MAILING_USER.refuses("POST")),
)
async def post_resend(request: Request, body: ResendBody | None = None) -> Json:
    """Of the caller, or, without a session, of whoever has the `email`: that answer is the same for all addresses.

    The link before it is good no longer. Nobody is sent two within a minute.
    """
    accounts = accounts_of(request)
    if body is not None and body.email is not None:
        await send_to(accounts, await _MAILING(request), body.email)
        return Json({"message": "Si cette adresse attend d'être vérifiée, un email vient de lui être envoyé"})
    return Json({"message": _RESENT[await send_again(accounts, await _MAILING_USER(request))]})


@router.post(
    "/email/change",
    summary="Ask for another address",
    response_model=Message,
    responses=errors(EMAIL_UNCHANGED, *OWN_PASSWORD),
)
async def post_email_change(request: Request, asked: MailingUser, body: EmailBody) -> Json:
    """A link is sent there; the address of now stays until it is taken back."""
    await ask_to_change_email(accounts_of(request), asked, body.email, body.password)
    return Json({"message": "Un email de confirmation vient d'être envoyé à votre nouvelle adresse"})


@router.post(
    "/email/change/confirm",
    summary="Take another address with the link that was sent to it",
    response_model=Message,
    responses=errors(INVALID_LINK, EMAIL_TAKEN),
)
async def post_email_confirm(request: Request, asked: Strict, body: LinkBody) -> Json:
    """The link is good for one use; the old address is told."""
    await confirm_email(accounts_of(request), asked, body.token)
    return Json({"message": "Adresse email modifiée"})
