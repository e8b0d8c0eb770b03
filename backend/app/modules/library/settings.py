"""Settings of administrators, `admin_config`: a value is stored as text, and read as JSON where it is JSON.

What the rules about votes understand, a trigger checks on every road; another writes down who changed what.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from app.errors import AppError
from app.modules.library.callers import Caller
from app.modules.library.shapes.administration import ConfigChange, ConfigRow
from app.named.lists import Page, invalid, listed

TABLE = "admin_config"
#: More settings than anybody has.
MOST = 10_000
_CHECK_VIOLATION = "23514"
_ON_KEY = ("on_conflict", "key")


async def known(caller: Caller) -> dict[str, Any]:
    """All settings by their keys."""
    found = await caller.ask.rows(TABLE, ("select", ConfigRow.select()), ("order", "key.asc"), ("limit", str(MOST)))
    return {row["key"]: _entry(row) for row in found.rows}


async def put(caller: Caller, key: str, value: Any, described: Mapping[str, str | None]) -> dict[str, Any]:
    """One setting, new or changed; without a description it keeps the one it has."""
    with _refused():
        row = await caller.ask.upsert(
            TABLE, {"key": key, "value": as_text(value), **described}, ("select", ConfigRow.select()), _ON_KEY
        )
    assert row is not None, "administrators change any setting"
    return {**ConfigRow.told(row), "value": as_json(row["value"])}


async def put_all(caller: Caller, values: Mapping[str, Any]) -> dict[str, Any]:
    """Several settings, all of them or none."""
    rows = [{"key": key, "value": as_text(value)} for key, value in values.items()]
    if not rows:
        return {}
    with _refused():
        stored = await caller.ask.upsert_all(TABLE, rows, ("select", ConfigRow.select()), _ON_KEY)
    return {row["key"]: _entry(row) for row in stored}


async def put_row(caller: Caller, row: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A row of the table, and whether there was none with this key."""
    which, select = ("key", f"eq.{row['key']}"), ("select", "*")
    values = {**row, "value": as_text(row["value"])}
    with _refused():
        changed = await caller.ask.update(TABLE, values, select, which)
        if changed:
            return changed[0], False
        stored = await caller.ask.upsert(TABLE, values, select, _ON_KEY)
    assert stored is not None, "administrators change any setting"
    return stored, True


async def changes(caller: Caller, key: str | None, page: Page) -> dict[str, Any]:
    """Who changed what, the newest first."""
    conditions = [("key", f"eq.{key}")] if key is not None else []
    order = ("order", "created_at.desc,id.desc")
    found = await caller.ask.rows(
        "admin_config_audit_logs",
        ("select", ConfigChange.select()),
        *conditions,
        order,
        *page.pairs(),
        count=True,
    )
    return listed(ConfigChange.all(found.rows), found, page)


def as_text(value: Any) -> str:
    """A value as it is stored: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def as_json(text: str) -> Any:
    """A value as it is told to those who know JSON: `5`, `true`; what is no JSON is a text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    told = ConfigRow.told(row)
    return {"value": as_json(row["value"]), "description": told["description"], "updatedAt": told["updatedAt"]}


@contextmanager
def _refused() -> Generator[None]:
    """What the table's trigger refuses, as a field of the body."""
    try:
        yield
    except AppError as error:
        if error.code != _CHECK_VIOLATION:
            raise
        raise invalid(("value", error.message)) from error
