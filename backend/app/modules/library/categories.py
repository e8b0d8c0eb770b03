"""The tree of categories and the filters of each. Whoever may change them, row security says; loops, a trigger."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import DUPLICATE_ENTRY
from app.modules.library.shapes.community import Category, CategoryBrief, CategoryFilter, CategoryName
from app.named.ask import Pair, malformed_is, telling
from app.named.shapes import Shape

CATEGORY_NOT_FOUND = ErrorSpec("CATEGORY_NOT_FOUND", 404, "Catégorie non trouvée")
PARENT_CATEGORY_NOT_FOUND = ErrorSpec("PARENT_CATEGORY_NOT_FOUND", 404, "Catégorie parente non trouvée")
FILTER_NOT_FOUND = ErrorSpec("FILTER_NOT_FOUND", 404, "Filtre non trouvé")
CATEGORY_IS_OWN_PARENT = ErrorSpec("CATEGORY_IS_OWN_PARENT", 400, "Une catégorie ne peut pas être son propre parent")
CATEGORY_LOOP = ErrorSpec("CATEGORY_LOOP", 400, "Impossible de créer une boucle dans la hiérarchie")
# Raised by `library.remove_category`.
CATEGORY_HAS_CHILDREN = ErrorSpec(
    "CATEGORY_HAS_CHILDREN",
    400,
    "Impossible de supprimer une catégorie qui a des enfants. Supprimez d'abord les catégories enfants.",
)
TABLE = "category_hierarchy"
#: More categories, and deeper, than anybody can look through. What lies deeper is in the flat list alone.
MOST = 10_000
DEEPEST = 50
_ORDER = ("order", "order_index.asc,name.asc,id.asc")
_ALL = ("select", Category.select())
_WRITING = {
    "23503": PARENT_CATEGORY_NOT_FOUND,
    "23514": CATEGORY_LOOP,
    "23505": DUPLICATE_ENTRY.worded("Cette catégorie existe déjà"),
}


async def listed(caller: Caller, *, inactive: bool, tree: bool) -> dict[str, Any]:
    """All categories: as a tree beside the flat list, or the list alone."""
    rows = Category.all((await caller.ask.rows(TABLE, _ALL, *_active(inactive), _ORDER, ("limit", str(MOST)))).rows)
    return {"tree": _tree(rows), "flat": rows} if tree else {"categories": rows}


async def found(caller: Caller, category_id: str) -> dict[str, Any]:
    """A category with its parent, the active ones under it, and its filters."""
    category = await _one(caller, category_id)
    return {
        **category,
        "parent": await _parent(caller, category, CategoryBrief),
        "children": (await children(caller, category_id, inactive=False))["children"],
        "filters": await _filters(caller, category_id),
    }


async def children(caller: Caller, category_id: str, *, inactive: bool) -> dict[str, Any]:
    """The categories right under one."""
    await _one(caller, category_id)
    under = ("parent_id", f"eq.{category_id}")
    rows = (await caller.ask.rows(TABLE, _ALL, under, *_active(inactive), _ORDER, ("limit", str(MOST)))).rows
    return {"children": Category.all(rows)}


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new category."""
    with telling(_WRITING):
        stored = Category.told(await caller.ask.insert(TABLE, row, _ALL))
    return {**stored, "parent": await _parent(caller, stored, CategoryName)}


async def change(caller: Caller, category_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A category with some of its columns changed."""
    if str(changes.get("parent_id") or "") == category_id.lower():
        await _one(caller, category_id)
        raise refuse(CATEGORY_IS_OWN_PARENT)
    if changes:
        with malformed_is(CATEGORY_NOT_FOUND), telling(_WRITING):
            rows = await caller.ask.update(TABLE, changes, _ALL, ("id", f"eq.{category_id}"))
        if not rows:
            raise refuse(CATEGORY_NOT_FOUND)
    category = await _one(caller, category_id)
    under = await caller.ask.rows(
        TABLE, ("select", CategoryName.select()), ("parent_id", f"eq.{category_id}"), _ORDER, ("limit", str(MOST))
    )
    return {
        **category,
        "parent": await _parent(caller, category, CategoryName),
        "children": CategoryName.all(under.rows),
    }


async def delete(caller: Caller, category_id: str) -> None:
    """A category that has none under it goes, with its filters."""
    with malformed_is(CATEGORY_NOT_FOUND):
        await caller.ask.call("remove_category", {"category_id": category_id})


async def filters(caller: Caller, category_id: str) -> list[dict[str, Any]]:
    """The filters of a category."""
    await _one(caller, category_id)
    return await _filters(caller, category_id)


async def add_filter(caller: Caller, category_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new filter of a category."""
    select = ("select", CategoryFilter.select())
    with _no_category():
        stored = await caller.ask.insert("category_filters", {**row, "category_id": category_id}, select)
    return CategoryFilter.told(stored)


async def change_filter(caller: Caller, filter_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A filter with some of its columns changed."""
    select, which = ("select", CategoryFilter.select()), ("id", f"eq.{filter_id}")
    with malformed_is(FILTER_NOT_FOUND):
        if changes:
            rows = await caller.ask.update("category_filters", changes, select, which)
        else:
            rows = (await caller.ask.rows("category_filters", select, which)).rows
    if not rows:
        raise refuse(FILTER_NOT_FOUND)
    return CategoryFilter.told(rows[0])


async def delete_filter(caller: Caller, filter_id: str) -> None:
    """A filter goes."""
    with malformed_is(FILTER_NOT_FOUND):
        rows = await caller.ask.delete("category_filters", ("select", "id"), ("id", f"eq.{filter_id}"))
    if not rows:
        raise refuse(FILTER_NOT_FOUND)


async def _one(caller: Caller, category_id: str) -> dict[str, Any]:
    with malformed_is(CATEGORY_NOT_FOUND):
        row = await caller.ask.one(TABLE, _ALL, ("id", f"eq.{category_id}"))
    if row is None:
        raise refuse(CATEGORY_NOT_FOUND)
    return Category.told(row)


async def _parent(caller: Caller, category: Mapping[str, Any], shape: type[Shape]) -> dict[str, Any] | None:
    if category["parentId"] is None:
        return None
    row = await caller.ask.one(TABLE, ("select", shape.select()), ("id", f"eq.{category['parentId']}"))
    return shape.told(row) if row is not None else None


async def _filters(caller: Caller, category_id: str) -> list[dict[str, Any]]:
    select, which = ("select", CategoryFilter.select()), ("category_id", f"eq.{category_id}")
    order = ("order", "order_index.asc,filter_label.asc,id.asc")
    return CategoryFilter.all(
        (await caller.ask.rows("category_filters", select, which, order, ("limit", str(MOST)))).rows
    )


def _active(inactive: bool) -> list[Pair]:
    return [] if inactive else [("is_active", "is.true")]


def _tree(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows under one another, in their order; what is under a row that is not among them is left out."""
    under: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        under.setdefault(row["parentId"], []).append({**row, "children": []})
    roots = level = under.get(None, [])
    for _ in range(DEEPEST):
        for node in level:
            node["children"] = under.get(node["id"], [])
        level = [child for node in level for child in node["children"]]
    return roots


@contextmanager
def _no_category() -> Generator[None]:
    with malformed_is(CATEGORY_NOT_FOUND), telling({"23503": CATEGORY_NOT_FOUND}):
        yield
