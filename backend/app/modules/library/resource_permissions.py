"""Explicit rights on one resource, for a user or a group. Its owner and administrators manage them.

The matrix of permissions, which says what ranks may do, is in `permissions.py`.
"""

from collections.abc import Mapping
from typing import Any

from app.accounts.oauth.errors import FORBIDDEN
from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.resources import GONE_OR_GUEST, must_be_readable
from app.modules.library.shapes.resources import ResourcePermission, ResourcePermissionInFull
from app.modules.library.sharing import must_be_target
from app.modules.library.tables.kinds import AppRole
from app.named.ask import Pair, malformed_is, telling

RESOURCE_PERMISSION_NOT_FOUND = ErrorSpec("RESOURCE_PERMISSION_NOT_FOUND", 404, "Permission non trouvée")
NOT_YOURS_TO_LIST = FORBIDDEN.worded("Accès refusé")
NOT_YOURS_TO_GIVE = FORBIDDEN.worded("Seul le propriétaire ou un administrateur peut définir des permissions")
NOT_YOURS_TO_CHANGE = FORBIDDEN.worded("Seul le propriétaire ou un administrateur peut modifier les permissions")


async def permissions(caller: Caller, resource_id: str) -> list[dict[str, Any]]:
    """The rights that were given on a resource, the newest first."""
    managed = await _must_manage(caller, resource_id, NOT_YOURS_TO_LIST)
    select: Pair = ("select", ResourcePermissionInFull.select())
    newest: Pair = ("order", "created_at.desc,id.desc")
    found = await caller.ask.rows("resource_permissions", select, ("resource_id", f"eq.{managed}"), newest)
    return ResourcePermissionInFull.all(found.rows)


async def give(
    caller: Caller, resource_id: str, user_id: str | None, group_id: str | None, terms: Mapping[str, Any]
) -> dict[str, Any]:
    """A new right for a user or a group."""
    managed = await _must_manage(caller, resource_id, NOT_YOURS_TO_GIVE)
    await must_be_target(caller, user_id, group_id)
    row = {"resource_id": managed, "user_id": user_id, "group_id": group_id, **terms}
    with telling(GONE_OR_GUEST):
        stored = await caller.ask.insert("resource_permissions", row, ("select", ResourcePermission.select()))
    return ResourcePermission.told(stored)


async def take_back(caller: Caller, resource_id: str, permission_id: str) -> None:
    """A right ends."""
    managed = await _must_manage(caller, resource_id, NOT_YOURS_TO_CHANGE)
    which = (("resource_id", f"eq.{managed}"), ("id", f"eq.{permission_id}"))
    with malformed_is(RESOURCE_PERMISSION_NOT_FOUND):
        rows = await caller.ask.delete("resource_permissions", ("select", "id"), *which)
    if not rows:
        raise refuse(RESOURCE_PERMISSION_NOT_FOUND)


async def _must_manage(caller: Caller, resource_id: str, refusal: ErrorSpec) -> str:
    row = await must_be_readable(caller, resource_id)
    if row["user_id"] != caller.user_id and not await caller.has_rank(AppRole.ADMIN):
        raise refuse(refusal)
    return row["id"]
