"""Templates: resources half filled in. Using one makes a resource and counts the use, in one function."""

from collections.abc import Mapping
from typing import Any

from app.accounts.oauth.errors import FORBIDDEN
from app.errors import VALIDATION_ERROR, ErrorSpec, refuse
from app.modules.library.callers import Caller, of_members
from app.modules.library.shapes.resources import Resource, Template
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Page

# `library.use_template` raises it, too.
TEMPLATE_NOT_FOUND = ErrorSpec("TEMPLATE_NOT_FOUND", 404, "Template non trouvé")
NOT_TO_CHANGE = FORBIDDEN.worded("Seul le créateur peut modifier ce template")
NOT_TO_DELETE = FORBIDDEN.worded("Seul le créateur ou un admin peut supprimer ce template")
TABLE = "resource_templates"
#: What clients keep within the data of a template, and the table in columns.
_WITHIN_DATA = ("category", "language", "readme")
_SELECT = ("select", Template.select())


async def listed(caller: Caller, page: Page, *, public: bool) -> list[dict[str, Any]]:
    """A page of public templates and the caller's own, those used most first."""
    conditions: list[Pair] = [("is_public", "is.true")] if public else []
    order = ("order", "usage_count.desc,created_at.desc,id.desc")
    return Template.all((await caller.ask.rows(TABLE, _SELECT, *conditions, order, *page.pairs())).rows)


async def found(caller: Caller, template_id: str) -> dict[str, Any]:
    """A template that the caller may read."""
    with malformed_is(TEMPLATE_NOT_FOUND):
        row = await caller.ask.one(TABLE, _SELECT, ("id", f"eq.{template_id}"))
    if row is None:
        raise refuse(TEMPLATE_NOT_FOUND)
    return Template.told(row)


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new template of the caller's; what its data says of its category and the like is told of itself, too."""
    data = row["template_data"]
    within = {name: data[name] for name in _WITHIN_DATA if isinstance(data.get(name), str)}
    with of_members():
        return Template.told(await caller.ask.insert(TABLE, {**within, **row}, _SELECT))


async def change(caller: Caller, template_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A template with some of its columns changed."""
    present = await found(caller, template_id)
    if not changes:
        return present
    rows = await caller.ask.update(TABLE, changes, _SELECT, ("id", f"eq.{template_id}"))
    if not rows:
        raise refuse(NOT_TO_CHANGE)
    return Template.told(rows[0])


async def delete(caller: Caller, template_id: str) -> None:
    """A template goes; what was made of it stays."""
    await found(caller, template_id)
    if not await caller.ask.delete(TABLE, ("select", "id"), ("id", f"eq.{template_id}")):
        raise refuse(NOT_TO_DELETE)


async def use(caller: Caller, template_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A resource of the caller's, made of a template."""
    await found(caller, template_id)
    # What a template says of a resource is free: it may say what no resource can be.
    with telling(dict.fromkeys(("22P02", "22001", "22023", "23514"), VALIDATION_ERROR)), of_members():
        made = await caller.ask.call(
            "use_template", {"template_id": template_id, "changes": changes}, ("select", Resource.select())
        )
    return Resource.told(made)
