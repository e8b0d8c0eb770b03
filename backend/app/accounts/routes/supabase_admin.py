"""`/auth/v1/admin`: users as administered by Supabase's client, with the service key or for one tenant."""

import math
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from app.accounts.context import accounts_of
from app.accounts.errors import AUTH_TOKEN_MISSING, USER_NOT_FOUND
from app.accounts.members import LAST_OWNER, MEMBER_NOT_FOUND
from app.accounts.refusals import ADMINISTERING, NEW_PASSWORD
from app.accounts.routes.supabase import PREFIX
from app.accounts.shapes.supabase import AuthUser, AuthUsers
from app.accounts.supabase.admin import administrator, create_user, delete_user, sign_user_out
from app.accounts.supabase.admin_changes import change_user
from app.accounts.supabase.asking import Administering
from app.accounts.supabase.bodies import AdminUserBody, DeleteBody
from app.accounts.supabase.errors import EMAIL_EXISTS, NOT_ADMIN, PHONE_PROVIDER_DISABLED, SupabaseRoute, described
from app.accounts.supabase.users import page_of_users, user_of
from app.accounts.tenancy import SESSION_REQUIRED
from app.answers import Json, Nothing
from app.auth.sessions import AUDIENCE
from app.errors import VALIDATION_ERROR, refuse
from app.routers import Router

_PATH = f"{PREFIX}/admin/users"
_PER_PAGE, _MOST_PER_PAGE, _LAST_PAGE = 50, 1000, 1_000_000
router = Router(prefix=_PATH, tags=["supabase"], route_class=SupabaseRoute)
Number = Annotated[str, Query(max_length=10)]
_ADMINISTERING = (AUTH_TOKEN_MISSING, NOT_ADMIN, *ADMINISTERING)


@router.post(
    "",
    summary="Make a user",
    response_model=AuthUser,
    responses=described(PHONE_PROVIDER_DISABLED, EMAIL_EXISTS, *NEW_PASSWORD, *_ADMINISTERING),
)
async def post_user(request: Request, asked: Administering, body: AdminUserBody) -> Json:
    """A user of the caller's tenant. No message is sent."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    return Json(await user_of(accounts, await create_user(accounts, asked, by, body)))


@router.get("", summary="Users, by page", response_model=AuthUsers, responses=described(*_ADMINISTERING))
async def get_users(request: Request, asked: Administering, page: Number = "", per_page: Number = "") -> Json:
    """Those of the caller's tenant, the newest first; all of them for a service key that names no tenant."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    number, size = _number(page, 1, _LAST_PAGE), _number(per_page, _PER_PAGE, _MOST_PER_PAGE)
    found = await page_of_users(accounts, by.tenant_id, number, size)
    last = max(1, math.ceil(found.total / size))
    links = [(number + 1, "next")] if number < last else []
    # `page` comes first: there the client looks for it.
    told = [f'<{_PATH}?page={at}&per_page={size}>; rel="{rel}"' for at, rel in (*links, (last, "last"))]
    headers = {"Link": ", ".join(told), "X-Total-Count": str(found.total)}
    return Json({"users": found.users, "aud": accounts.settings.rest.jwt_aud or AUDIENCE}, headers=headers)


@router.get(
    "/{user_id}", summary="A user", response_model=AuthUser, responses=described(USER_NOT_FOUND, *_ADMINISTERING)
)
async def get_user(request: Request, asked: Administering, user_id: UUID) -> Json:
    """As they are now."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    return Json(await user_of(accounts, str(user_id), by.tenant_id))


@router.put(
    "/{user_id}",
    summary="Change a user",
    response_model=AuthUser,
    responses=described(USER_NOT_FOUND, PHONE_PROVIDER_DISABLED, EMAIL_EXISTS, *NEW_PASSWORD, *_ADMINISTERING),
)
async def put_user(request: Request, asked: Administering, user_id: UUID, body: AdminUserBody) -> Json:
    """The user as they are now. Password, address and suspension are for the service key."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    await change_user(accounts, asked, by, str(user_id), body)
    return Json(await user_of(accounts, str(user_id), by.tenant_id))


@router.delete(
    "/{user_id}",
    summary="Remove a user",
    response_model=Nothing,
    responses=described(USER_NOT_FOUND, MEMBER_NOT_FOUND, LAST_OWNER, SESSION_REQUIRED, *_ADMINISTERING),
)
async def delete(request: Request, asked: Administering, user_id: UUID, body: DeleteBody | None = None) -> Json:
    """From the tenant, for its administrators; with all that hangs on their account, for the service key."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    softly = body is not None and body.should_soft_delete
    await delete_user(accounts, asked, by, str(user_id), softly=softly)
    return Json({})


@router.post(
    "/{user_id}/logout",
    status_code=204,
    summary="End the sessions of a user",
    responses=described(USER_NOT_FOUND, *_ADMINISTERING),
)
async def post_logout(request: Request, asked: Administering, user_id: UUID) -> None:
    """All of them; for administrators of a tenant, those in it."""
    accounts = accounts_of(request)
    by = await administrator(accounts, asked)
    await sign_user_out(accounts, asked, by, str(user_id))


def _number(text: str, otherwise: int, most: int) -> int:
    """A number of the query; the client sends empty ones for what it was not told."""
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= most:
        raise refuse(VALIDATION_ERROR, hint=f"Pages are numbered from 1, with up to {_MOST_PER_PAGE} users each.")
    return int(text)
