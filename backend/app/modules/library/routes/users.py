"""`/api/admin/users`: people, and the ranks that are given to them."""

from typing import Annotated

from fastapi import Depends, Query

from app.accounts.bodies import Body, Text
from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, PageOf, errors
from app.modules.library import users
from app.modules.library.callers import Caller, calling
from app.modules.library.errors import FOREIGN_KEY_CONSTRAINT
from app.modules.library.shapes.overview import Rank, UserInFull
from app.modules.library.tables.kinds import AppRole
from app.modules.library.users import INVALID_ROLE, LAST_SUPER_ADMIN
from app.named.lists import Paged
from app.routers import Router

router = Router(prefix="/api/admin/users", tags=["admin"])
Administrator = Annotated[Caller, Depends(calling("admin", rank=AppRole.ADMIN))]


class RoleBody(Body):
    """Of giving a rank."""

    role: Text


@router.get("", summary="List people", response_model=PageOf[UserInFull], responses=errors(INSUFFICIENT_ROLE))
async def get_users(
    caller: Administrator,
    page: Paged,
    search: Annotated[Text, Query(max_length=255, description="Within user name, full name or address.")] = "",
) -> Json:
    """The newest first."""
    return Json(await users.users(caller, search, page))


@router.put(
    "/{user_id}/role",
    summary="Give somebody a rank",
    response_model=Rank,
    responses=errors(INVALID_ROLE, FOREIGN_KEY_CONSTRAINT, INSUFFICIENT_ROLE, LAST_SUPER_ADMIN),
)
async def put_role(caller: Administrator, user_id: str, body: RoleBody) -> Json:
    """It counts at once, everywhere. Only super administrators make administrators and take that rank away."""
    return Json(await users.set_rank(caller, user_id, body.role))
