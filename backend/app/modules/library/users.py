"""People as administrators see them, and the rank that each of them has."""

from typing import Any

from app.accounts.errors import INSUFFICIENT_ROLE
from app.errors import AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import FOREIGN_KEY_CONSTRAINT
from app.modules.library.shapes.overview import Rank, UserInFull
from app.modules.library.tables.kinds import AppRole
from app.named.ask import telling
from app.named.lists import Page

INVALID_ROLE = ErrorSpec("INVALID_ROLE", 400, "Rôle invalide")
LAST_SUPER_ADMIN = ErrorSpec("LAST_SUPER_ADMIN", 409, "Le dernier super administrateur ne peut pas être rétrogradé")
#: Ids of nobody, ids that are none, and what the library's own trigger says of its last super administrator.
_REFUSALS = {"23503": FOREIGN_KEY_CONSTRAINT, "22P02": FOREIGN_KEY_CONSTRAINT, "PT409": LAST_SUPER_ADMIN}


async def users(caller: Caller, search: str, page: Page) -> dict[str, Any]:
    """A page of the people whose name or address contains a text."""
    asked = {"search": search, "page_limit": page.limit, "page_offset": (page.number - 1) * page.limit}
    found = await caller.ask.call("admin_users", asked)
    return {"data": [_told(row) for row in found["rows"]], "meta": page.meta(found["total"])}


async def set_rank(caller: Caller, user_id: str, wanted: str) -> dict[str, Any]:
    """Give somebody a rank, for good: an earlier one that would have expired is replaced."""
    if wanted not in set(AppRole):
        raise refuse(INVALID_ROLE)
    row = {"user_id": user_id, "role": wanted, "expires_at": None}
    try:
        with telling(_REFUSALS):
            stored = await caller.ask.upsert("user_roles", row, ("on_conflict", "user_id"), ("select", Rank.select()))
    except AppError as error:
        if error.code == FOREIGN_KEY_CONSTRAINT.code:
            error.details = {"field": "userId"}
        raise _rank_needed(error) from error
    assert stored is not None, "a rank that may not be changed is refused"
    return Rank.told(stored)


def _rank_needed(error: AppError) -> AppError:
    # Row security lets administrators hand out the ranks below their own.
    if error.code != "42501":
        return error
    refused = refuse(INSUFFICIENT_ROLE)
    refused.extra = {"required": AppRole.SUPER_ADMIN.value}
    return refused


def _told(row: dict[str, Any]) -> dict[str, Any]:
    role = row["role"]
    counts = {"resources": row["resources_count"], "collections": row["collections_count"]}
    return UserInFull.told(row) | {"userRole": None if role is None else {"role": role}, "_count": counts}
