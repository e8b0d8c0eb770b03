"""`/api/tenants`: the tenants that somebody is in, going from one to another, and who else is there."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, StringConstraints, model_validator

from app.accounts.answers import opened_answer
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import Body
from app.accounts.casings import in_both_casings
from app.accounts.context import accounts_of
from app.accounts.errors import NOT_A_MEMBER, USER_NOT_FOUND
from app.accounts.members import LAST_OWNER, MEMBER_NOT_FOUND, change_role, members_of, remove
from app.accounts.refusals import ADMINISTERING, OWN_SESSION
from app.accounts.shapes.sessions import SignedIn
from app.accounts.shapes.tenants import OwnTenant, StandingChanged, TenantMade, TenantMember
from app.accounts.switching import switch
from app.accounts.tenancy import (
    SESSION_REQUIRED,
    SLUG,
    SLUG_TAKEN,
    TENANT_CREATION_CLOSED,
    TOO_MANY_TENANTS,
    NewTenant,
    TenantChange,
    change_tenant,
    create_tenant,
    my_tenants,
    tenant_as_seen,
)
from app.answers import Json, Message, PageOf, errors
from app.auth.tables import TenantRole
from app.routers import Router

router = Router(prefix="/api/tenants", tags=["tenants"])
LARGEST_PAGE = 100


def _printable(value: str) -> str:
    # It is the subject of messages, too.
    if not value.isprintable():
        raise ValueError("Caractère interdit")
    return value


def _slug(value: str) -> str:
    if not SLUG.match(value):
        raise ValueError("1 à 63 caractères parmi a-z, 0-9 et -, sans - au début")
    return value


TenantName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]
Slug = Annotated[str, StringConstraints(strip_whitespace=True, max_length=63), AfterValidator(_slug)]


class NewTenantBody(Body):
    """Of making a tenant."""

    name: TenantName
    slug: Slug
    open_sign_up: bool = False


class TenantBody(Body):
    """Of changing a tenant."""

    name: TenantName | None = None
    slug: Slug | None = None
    open_sign_up: bool | None = None


class RoleBody(Body):
    """Of giving a member another standing."""

    role: TenantRole


class SwitchBody(Body):
    """Of going to another tenant, by its id or by its slug."""

    tenant_id: Annotated[str, StringConstraints(max_length=36), AfterValidator(_printable)] = ""
    slug: Annotated[str, StringConstraints(max_length=63), AfterValidator(_printable)] = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> "SwitchBody":
        if bool(self.tenant_id) == bool(self.slug):
            raise ValueError("tenantId ou slug")
        return self


@router.get("", summary="The tenants that the caller is in", response_model=list[OwnTenant])
async def get_tenants(request: Request, asked: User) -> Json:
    """All of them, by name; `current` is the one of the token."""
    return Json([in_both_casings(tenant) for tenant in await my_tenants(accounts_of(request), asked)])


@router.post(
    "",
    status_code=201,
    summary="Make a tenant",
    response_model=TenantMade,
    responses=errors(SESSION_REQUIRED, TENANT_CREATION_CLOSED, TOO_MANY_TENANTS, SLUG_TAKEN),
)
async def post_tenant(request: Request, asked: User, body: NewTenantBody) -> Json:
    """The caller becomes its owner. Only where a setting allows it."""
    accounts = accounts_of(request)
    new = NewTenant(body.name, body.slug, body.open_sign_up)
    tenant_id = await create_tenant(accounts, asked, new)
    (tenant,) = await my_tenants(accounts, asked, only=tenant_id)
    return Json({"message": "Espace créé", "tenant": in_both_casings(tenant)}, 201)


@router.get(
    "/current", summary="The tenant that the caller acts in", response_model=OwnTenant, responses=errors(NOT_A_MEMBER)
)
async def get_current(request: Request, asked: User) -> Json:
    """For its members."""
    return Json(in_both_casings(await tenant_as_seen(accounts_of(request), asked)))


@router.patch(
    "/current",
    summary="Change the tenant that the caller acts in",
    response_model=OwnTenant,
    responses=errors(SLUG_TAKEN, *ADMINISTERING),
)
async def patch_current(request: Request, asked: User, body: TenantBody) -> Json:
    """Its name, by administrators and owners; its slug, and whether whoever signs up may join, by owners."""
    accounts = accounts_of(request)
    await change_tenant(accounts, asked, TenantChange(body.name, body.slug, body.open_sign_up))
    return Json(in_both_casings(await tenant_as_seen(accounts, asked)))


@router.post(
    "/switch",
    summary="Go to another tenant",
    response_model=SignedIn,
    responses=errors(NOT_A_MEMBER, USER_NOT_FOUND, *OWN_SESSION),
)
async def post_switch(
    request: Request, asked: Annotated[Asked, Depends(asking("refresh", user=True))], body: SwitchBody
) -> Json:
    """New tokens, for the other tenant. Those of before stop working at once."""
    accounts = accounts_of(request)
    opened = await switch(accounts, asked, tenant_id=body.tenant_id, slug=body.slug)
    return Json(await opened_answer(accounts, opened, "Espace changé"))


@router.get(
    "/current/members",
    summary="Who is in the tenant",
    response_model=PageOf[TenantMember],
    responses=errors(NOT_A_MEMBER),
)
async def get_members(
    request: Request,
    asked: User,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
) -> Json:
    """Owners first, then those who have been here the longest. Addresses are shown to administrators."""
    rows, total = await members_of(accounts_of(request), asked, page=page, limit=limit)
    meta = {"total": total, "page": page, "limit": limit, "totalPages": -(-total // limit)}
    return Json({"data": [in_both_casings(row) for row in rows], "meta": meta})


@router.patch(
    "/current/members/{user_id}",
    summary="Give a member another standing",
    response_model=StandingChanged,
    responses=errors(MEMBER_NOT_FOUND, LAST_OWNER, *ADMINISTERING),
)
async def patch_member(request: Request, asked: User, user_id: str, body: RoleBody) -> Json:
    """By administrators; only owners make owners, and touch them."""
    await change_role(accounts_of(request), asked, user_id, body.role)
    return Json({"message": "Rôle modifié", **in_both_casings({"user_id": user_id, "role": body.role.value})})


@router.delete(
    "/current/members/{user_id}",
    summary="Take a member out of the tenant, or leave it",
    response_model=Message,
    responses=errors(MEMBER_NOT_FOUND, LAST_OWNER, SESSION_REQUIRED, *ADMINISTERING),
)
async def delete_member(request: Request, asked: User, user_id: str) -> Json:
    """Their sessions and API tokens there end at once."""
    await remove(accounts_of(request), asked, user_id)
    return Json({"message": "Membre retiré"})
