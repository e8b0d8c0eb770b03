"""Versions: a resource as it was. Kept, compared, brought back, deleted but for the newest.

Whoever may change a resource keeps versions of it and brings them back; its owner alone deletes them. Numbers are given
out by the database, and keeping what is replaced is part of bringing back: SQL functions, which `rpc` reaches as well.
"""

import asyncio
from typing import Any, Literal

from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import ACCESS_DENIED, RESOURCE_NOT_FOUND
from app.modules.library.line_diff import Hunk, hunks
from app.modules.library.resources import found as found_resource
from app.modules.library.resources import must_be_readable
from app.modules.library.shapes.resources import Resource, Snapshot, Version, VersionListed
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Page

VERSION_NOT_FOUND = ErrorSpec("VERSION_NOT_FOUND", 404, "Version non trouvée")
INVALID_VERSION = ErrorSpec("INVALID_VERSION", 400, "Numéro de version invalide")
NEWEST_VERSION = ErrorSpec("NEWEST_VERSION", 400, "Impossible de supprimer la version la plus récente")
NOT_YOURS_TO_KEEP = ACCESS_DENIED.worded("Seul le propriétaire peut créer des versions")
NOT_YOURS_TO_RESTORE = ACCESS_DENIED.worded("Seul le propriétaire peut restaurer une version")
NOT_YOURS_TO_DELETE = ACCESS_DENIED.worded("Seul le propriétaire peut supprimer une version")
Current = Literal["current"]
#: Compared line by line.
TEXTS = frozenset({"description", "readme"})
_MOST_DIGITS = 9
#: What `raise exception` without a code is told as: the one rule that versions have is about the newest.
_RAISED = "P0001"


def number_of(text: str) -> int:
    """The number of a version, from a path."""
    if not (text.isascii() and text.isdigit() and int(text[: _MOST_DIGITS + 1])):
        raise refuse(INVALID_VERSION)
    if len(text) > _MOST_DIGITS:
        raise refuse(VERSION_NOT_FOUND)
    return int(text)


async def versions(caller: Caller, resource_id: str, page: Page) -> dict[str, Any]:
    """The versions of a resource, the newest first."""
    readable = await must_be_readable(caller, resource_id)
    rows = await caller.ask.rows(
        "resource_versions",
        ("select", VersionListed.select()),
        ("resource_id", f"eq.{readable['id']}"),
        ("order", "version_number.desc"),
        *page.pairs(),
    )
    return {"resourceId": readable["id"], "versions": VersionListed.all(rows.rows)}


async def version(caller: Caller, resource_id: str, number: int) -> dict[str, Any]:
    """One version."""
    readable = await must_be_readable(caller, resource_id)
    row = await caller.ask.one("resource_versions", ("select", Version.select()), *_which(readable["id"], number))
    if row is None:
        raise refuse(VERSION_NOT_FOUND)
    return Version.told(row)


async def keep(caller: Caller, resource_id: str, summary: str | None) -> dict[str, Any]:
    """The present state of a resource becomes a version."""
    arguments = {"resource_id": resource_id, "change_summary": summary}
    refusals = {"PT404": RESOURCE_NOT_FOUND, "42501": NOT_YOURS_TO_KEEP}
    with malformed_is(RESOURCE_NOT_FOUND), telling(refusals):
        return Version.told(await caller.ask.call("keep_version", arguments, ("select", Version.select())))


async def restore(caller: Caller, resource_id: str, number: int) -> dict[str, Any]:
    """A resource becomes what it was; what it is now becomes a version."""
    readable = await must_be_readable(caller, resource_id)
    arguments = {"resource_id": readable["id"], "version_number": number}
    with telling({"PT404": VERSION_NOT_FOUND, "42501": NOT_YOURS_TO_RESTORE}):
        numbers = (await caller.ask.call("restore_numbered_version", arguments))[0]
    return {
        "message": f"Version {number} restaurée avec succès",
        "resource": await found_resource(caller, readable["id"], Resource),
        "restoredVersion": numbers["restored_version"],
        "backupVersion": numbers["backup_version"],
    }


async def delete(caller: Caller, resource_id: str, number: int) -> None:
    """A version goes, but not the newest."""
    readable = await must_be_readable(caller, resource_id)
    which = _which(readable["id"], number)
    with telling({_RAISED: NEWEST_VERSION}):
        rows = await caller.ask.delete("resource_versions", ("select", "id"), *which)
    if rows:
        return
    if await caller.ask.one("resource_versions", ("select", "id"), *which) is None:
        raise refuse(VERSION_NOT_FOUND)
    raise refuse(NOT_YOURS_TO_DELETE)


async def compared(caller: Caller, resource_id: str, before: int, after: int | Current) -> dict[str, Any]:
    """What changed from one version to another, or to the present state."""
    readable = await must_be_readable(caller, resource_id)
    old = await _snapshot(caller, readable["id"], before)
    new = await _snapshot(caller, readable["id"], after)
    # Away from the loop: long texts take a moment.
    changes = await asyncio.to_thread(_changes, old, new)
    return {"resourceId": readable["id"], "from": before, "to": after, "changes": changes}


async def _snapshot(caller: Caller, resource_id: str, number: int | Current) -> dict[str, Any]:
    select: Pair = ("select", Snapshot.select())
    if number == "current":
        row, missing = await caller.ask.one("resources", select, ("id", f"eq.{resource_id}")), RESOURCE_NOT_FOUND
    else:
        row, missing = (
            await caller.ask.one("resource_versions", select, *_which(resource_id, number)),
            VERSION_NOT_FOUND,
        )
    if row is None:
        raise refuse(missing)
    return Snapshot.told(row)


def _which(resource_id: str, number: int) -> tuple[Pair, Pair]:
    return ("resource_id", f"eq.{resource_id}"), ("version_number", f"eq.{number}")


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    return [_change(name, old[name], new[name]) for name in old if old[name] != new[name]]


def _change(name: str, before: Any, after: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"field": name, "before": before, "after": after}
    if name in TEXTS:
        told["hunks"] = [_told(hunk) for hunk in hunks(before or "", after or "")]
    return told


def _told(hunk: Hunk) -> dict[str, Any]:
    lines = [{"kind": line.kind, "text": line.text} for line in hunk.lines]
    return {"beforeStart": hunk.before_start, "afterStart": hunk.after_start, "lines": lines}
