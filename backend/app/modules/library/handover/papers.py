"""What of a resource is handed over: a text that introduces it, and the files that were uploaded with it.

The file that the row names is written into it by the forms of old (a `data:` address) or stored (`/api/files/…`, or its
name alone). A row that names none has those that hang on it. An address elsewhere is no
file of ours: the text names it.
"""

import mimetypes
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.errors import refuse
from app.files.data_urls import LONGEST_HEAD, is_data_url, read_data_url
from app.files.names import is_stored_name
from app.modules.library.callers import Caller
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.handover.errors import FORBIDDEN, RESOURCE_FILE_TOO_LARGE, RESOURCE_FILE_UNREADABLE
from app.named.ask import malformed_is

_COLUMNS = (
    "id,user_id,title,description,category,tags,github_url,external_url,file_path,file_url,language,license,readme"
)
_KIND = re.compile(r"[a-z0-9][a-z0-9.+-]{0,80}/[a-z0-9][a-z0-9.+-]{0,80}\Z")
_STORED = re.compile(r"/api/files/([^/]+)\Z")
#: What the local client puts before the name of a file: `hub-lib-file-1736935200000-`.
_LOCAL = re.compile(r"hub-lib-file-(?:\d+-)?")
_LONGEST_NAME = 120
_MOST_FILES = 100
_ONE_TOO_MANY = str(_MOST_FILES + 1)
UNKNOWN_KIND = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """A file, whole."""

    name: str
    kind: str
    data: bytes = field(repr=False)


#: Reads a stored file by the name in its address, as the caller, if it is no longer than so many bytes.
StoredFiles = Callable[[Caller, str, int], Awaitable[File]]


@dataclass(frozen=True, slots=True)
class Papers:
    """What is handed over."""

    resource_id: str
    title: str
    text: str
    files: tuple[File, ...]
    has_github_url: bool


async def papers_of(caller: Caller, resource_id: UUID, most_bytes: int, stored: StoredFiles | None) -> Papers:
    """Those of a resource of the caller's."""
    with malformed_is(RESOURCE_NOT_FOUND):
        row = await caller.ask.one("resources", ("select", _COLUMNS), ("id", f"eq.{resource_id}"))
    if row is None:
        raise refuse(RESOURCE_NOT_FOUND)
    if row["user_id"] != caller.user_id:
        raise refuse(FORBIDDEN)
    addressed = await _addressed(caller, row, most_bytes, stored)
    if addressed is not None:
        files = (addressed,)
    else:
        files = await _stored_with(caller, row, most_bytes, stored) if stored is not None else ()
    text = _text(row, with_link=addressed is None)
    return Papers(row["id"], _line(row["title"]) or "Ressource", text, files, bool(row["github_url"]))


async def _addressed(
    caller: Caller, row: Mapping[str, Any], most_bytes: int, stored: StoredFiles | None
) -> File | None:
    address: str = row["file_url"] or ""
    if not address:
        return None
    if is_data_url(address):
        return _written(row, address, most_bytes)
    try:
        parts = urlsplit(address)
    except ValueError:
        raise refuse(RESOURCE_FILE_UNREADABLE) from None
    found = _STORED.search(parts.path)
    if found is not None and stored is not None:
        return await stored(caller, unquote(found[1]), most_bytes)
    if found is None and parts.scheme in ("http", "https"):
        return None
    raise refuse(RESOURCE_FILE_UNREADABLE)


async def _stored_with(
    caller: Caller, row: Mapping[str, Any], most_bytes: int, stored: StoredFiles
) -> tuple[File, ...]:
    """The file that `file_path` names; or else those that hang on the resource, which come to no more in all.

    What a form wrote into the row, and the row names no longer, is waiting to be swept away.
    """
    hanging, path = f"and(resource_id.eq.{row['id']},is_inline.is.false)", row["file_path"] or ""
    which = f'(file_name.eq."{path}",{hanging})' if is_stored_name(path) else f"({hanging})"
    found = await caller.ask.rows(
        "files", ("select", "file_name"), ("or", which), ("order", "created_at.asc,id.asc"), ("limit", _ONE_TOO_MANY)
    )
    names: list[str] = [item["file_name"] for item in found.rows]
    if path in names:
        names = [path]
    if len(names) > _MOST_FILES:
        raise refuse(RESOURCE_FILE_TOO_LARGE)
    files: list[File] = []
    for name in names:
        files.append(await stored(caller, name, most_bytes - sum(len(file.data) for file in files)))
    return tuple(files)


def _written(row: Mapping[str, Any], address: str, most_bytes: int) -> File:
    # Three letters of an address are at the least one byte of what it says.
    if len(address) > most_bytes * 3 + LONGEST_HEAD:
        raise refuse(RESOURCE_FILE_TOO_LARGE)
    try:
        written = read_data_url(address)
    except ValueError:
        raise refuse(RESOURCE_FILE_UNREADABLE) from None
    if len(written.content) > most_bytes:
        raise refuse(RESOURCE_FILE_TOO_LARGE)
    declared = written.declared.lower()
    kind = declared if _KIND.match(declared) else UNKNOWN_KIND
    return File(_name(row, kind), kind, written.content)


def _name(row: Mapping[str, Any], kind: str) -> str:
    given = re.split(r"[/\\]", row["file_path"] or "")[-1]
    name = file_name(_LOCAL.sub("", given, count=1)) or file_name(row["title"])
    return name if "." in name else f"{name or 'fichier'}{mimetypes.guess_extension(kind) or '.bin'}"


def file_name(text: str) -> str:
    """A text as the name of a file: one part of a path, nothing hidden, nothing that has to be quoted."""
    plain = re.sub(r"[^\w.+@=-]+", "-", text).strip(".-")
    if len(plain) <= _LONGEST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
    return plain[: _LONGEST_NAME - len(ending)] + ending


def _text(row: Mapping[str, Any], *, with_link: bool) -> str:
    """The author's own words, or else what is known of the resource."""
    if (row["readme"] or "").strip():
        return row["readme"]
    facts = {
        "Catégorie": row["category"],
        "Mots-clés": ", ".join(row["tags"] or ()),
        "Langage": row["language"],
        "Licence": row["license"],
        "Lien": row["external_url"],
        "GitHub": row["github_url"],
        "Fichier": row["file_url"] if with_link else None,
    }
    known = [f"- **{name}** : {_line(value)}" for name, value in facts.items() if value]
    parts = (f"# {_line(row['title'])}", row["description"], "\n".join(known))
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
