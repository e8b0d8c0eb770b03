"""`/api/admin/emails`: the mail of a tenant, for its administrators."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import StringConstraints

from app.accounts.asking import Asked, asking
from app.accounts.bodies import LONGEST_EMAIL, Text
from app.accounts.casings import in_both_casings
from app.accounts.context import accounts_of
from app.accounts.mails import (
    MAIL_ALREADY_SENT,
    MAIL_EXPIRED,
    MAIL_IN_HAND,
    MAIL_NOT_FOUND,
    MAIL_NOT_WAITING,
    Wanted,
    cancel,
    mails_of,
    send_again,
)
from app.accounts.refusals import ADMINISTERING
from app.accounts.shapes.mail import Mail, MailHandled
from app.answers import Json, PageOf, errors
from app.jobs.tables import MailStatus
from app.routers import Router

router = Router(prefix="/api/admin/emails", tags=["administration"])
LARGEST_PAGE = 100
Administrator = Annotated[Asked, Depends(asking("admin", user=True))]
Sought = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=LONGEST_EMAIL), Query()]


@router.get("", summary="Mail that goes out", response_model=PageOf[Mail], responses=errors(*ADMINISTERING))
async def get_emails(
    request: Request,
    asked: Administrator,
    *,
    status: Annotated[list[MailStatus] | None, Query(max_length=len(MailStatus))] = None,
    template: Sought = "",
    search: Sought = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
) -> Json:
    """The latest first; by status, by template, by a part of the recipient. What messages say is not shown."""
    wanted = Wanted(tuple(status or ()), template, search)
    rows, total = await mails_of(accounts_of(request), asked, wanted, page=page, limit=limit)
    meta = {"total": total, "page": page, "limit": limit, "totalPages": -(-total // limit)}
    return Json({"data": [in_both_casings(row) for row in rows], "meta": meta})


@router.post(
    "/{mail_id}/resend",
    summary="Send a message again",
    response_model=MailHandled,
    responses=errors(MAIL_NOT_FOUND, MAIL_IN_HAND, MAIL_EXPIRED, *ADMINISTERING),
)
async def post_resend(request: Request, asked: Administrator, mail_id: str) -> Json:
    """One that waits or has failed is tried at once; of one that was sent another one is made, if it had no link."""
    mail = await send_again(accounts_of(request), asked, mail_id)
    return Json({"message": "Message remis en file d'attente", "email": in_both_casings(mail)})


@router.post(
    "/{mail_id}/cancel",
    summary="Do not send a message",
    response_model=MailHandled,
    responses=errors(MAIL_NOT_FOUND, MAIL_IN_HAND, MAIL_ALREADY_SENT, MAIL_NOT_WAITING, *ADMINISTERING),
)
async def post_cancel(request: Request, asked: Administrator, mail_id: str) -> Json:
    """Only one that waits; it counts as failed then."""
    mail = await cancel(accounts_of(request), asked, mail_id)
    return Json({"message": "Envoi annulé", "email": in_both_casings(mail)})
