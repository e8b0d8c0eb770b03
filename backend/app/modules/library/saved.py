"""Resources that people keep at hand. Everybody sees their own, and of those what they may still read."""

from typing import Any

from starlette.datastructures import QueryParams

from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.resources import GONE_OR_GUEST, conditions, must_be_readable
from app.modules.library.shapes.resources import Resource, SavedResource
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Form, Page, listed, order

ALREADY_SAVED = ErrorSpec("ALREADY_SAVED", 400, "Ressource déjà sauvegardée")
NOT_SAVED = ErrorSpec("NOT_SAVED", 404, "Ressource non sauvegardée")
_SAVED_AT = "created_at"


async def save(caller: Caller, resource_id: str) -> dict[str, Any]:
    """A resource is kept at hand."""
    readable = await must_be_readable(caller, resource_id)
    row = {"resource_id": readable["id"], "user_id": caller.user_id}
    with telling({**GONE_OR_GUEST, "23505": ALREADY_SAVED}):
        stored = await caller.ask.insert("saved_resources", row, ("select", SavedResource.select()))
    return SavedResource.told(stored)


async def let_go(caller: Caller, resource_id: str) -> None:
    """A resource is not kept at hand any more, whether it may still be read or not."""
    which = (("resource_id", f"eq.{resource_id}"), ("user_id", f"eq.{caller.user_id}"))
    with malformed_is(NOT_SAVED):
        rows = await caller.ask.delete("saved_resources", ("select", "id"), *which)
    if not rows:
        raise refuse(NOT_SAVED)


async def saved(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """A page of the caller's, the last saved first; another order is one of the resources."""
    mine: Pair = ("user_id", f"eq.{caller.user_id}")
    narrowed = [_of_resource(pair) for pair in conditions(params, folded=True)]
    found = await caller.ask.rows(
        "saved_resources",
        ("select", SavedResource.select()),
        mine,
        *narrowed,
        _order(params),
        *page.pairs(),
        count=True,
    )
    return listed([saved["resource"] for saved in SavedResource.all(found.rows)], found, page, form)


def _of_resource(pair: Pair) -> Pair:
    return f"resource.{pair[0]}", pair[1]


def _order(params: QueryParams) -> Pair:
    key, terms = order(params, Resource.columns(), filled=Resource.filled())
    first, _, last = terms.partition(",")
    column, _, how = first.partition(".")
    return key, first + "," + last if column == _SAVED_AT else f"resource({column}).{how},{last}"
