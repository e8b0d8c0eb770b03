"""Files: uploaded, listed, told of, read by whoever may, opened to others by a link for a while, deleted.

Who may read or delete one is row security's affair: a file that hangs on a resource is read like it.
"""

import base64
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect

from app import log
from app.accounts.people import instant
from app.adapters.postgres import SERVICE, Row
from app.adapters.storage import Missing, Span, key_of
from app.errors import MALFORMED_REQUEST, ErrorSpec, refuse
from app.files.forms import Form, TooManyFiles, read_form
from app.files.incoming import Incoming, TooLong, incoming
from app.files.multipart import MultipartError, boundary_of
from app.files.names import is_stored_name
from app.files.serving import Served
from app.modules.library.callers import Caller
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.file_keeping import Told, keep, room, too_large
from app.modules.library.shapes.files import OwnFile
from app.named.lists import Form as ListForm
from app.named.lists import Page, filters, invalid, order
from app.named.lists import listed as listed_rows
from app.named.wishes import Claim

NO_FILE = ErrorSpec("NO_FILE", 400, "Aucun fichier fourni")
TOO_MANY_FILES = ErrorSpec("TOO_MANY_FILES", 400, "Trop de fichiers")
INVALID_FILE_NAME = ErrorSpec("INVALID_FILE_NAME", 400, "Nom de fichier invalide")
FILE_NOT_FOUND = ErrorSpec("FILE_NOT_FOUND", 404, "Fichier non trouvé")
INVALID_FILE_LINK = ErrorSpec("INVALID_FILE_LINK", 403, "Lien invalide ou expiré")
_PURPOSE = "file link"
_COLUMNS = "id::text, tenant_id::text, file_name, original_name, mime_type, size, is_public, created_at, updated_at"
_READABLE = f"select {_COLUMNS} from library_internal.readable_file($1)"  # noqa: S608 - constants
_OF_NAME = f"select {_COLUMNS} from library.files where file_name = $1"  # noqa: S608 - constants
_MAY_CHANGE = """
    select r.user_id = relais.user_id() or library_internal.has_rank('admin')
           or r.id in (select library_internal.writable_resource_ids())
    from library.resources as r where r.id = $1::text::uuid
"""
_DELETE = "delete from library.files where file_name = $1 returning tenant_id::text"


@dataclass(frozen=True, slots=True)
class Link:
    """What an address says that opens a file to whoever has it."""

    expires: str
    signature: str


async def upload(
    caller: Caller, content_type: str, stream: AsyncIterator[bytes], claim: Claim | None
) -> dict[str, Any]:
    """Keep the one file of a form."""
    keeping = caller.keeping
    tenant_id = await room(caller)
    async with incoming(keeping.storage.incoming, keeping.settings.max_bytes) as come:
        form = await _read(caller, content_type, stream, into=come)
        part = form.file
        if part is None:
            raise refuse(NO_FILE, hint="Send it as the field `file` of a multipart/form-data form.")
        if claim is not None:
            await claim(
                orjson.dumps((sorted(form.fields.items()), part.filename, part.content_type, await come.digest()))
            )
        resource_id = await _resource(caller, form)
        is_public = resource_id is None and _is_public(form)
        told = Told(part.filename or "", part.content_type, resource_id, is_public=is_public)
        kept = await keep(caller, tenant_id, come, told)
    return {"success": True, "file": kept.told(keeping)}


async def _read(caller: Caller, content_type: str, stream: AsyncIterator[bytes], *, into: Incoming) -> Form:
    try:
        boundary = boundary_of(content_type)
    except MultipartError as error:
        raise refuse(NO_FILE, str(error)) from None
    try:
        return await read_form(stream, boundary, into, caller.keeping.settings.max_bytes)
    except MultipartError as error:
        raise refuse(MALFORMED_REQUEST, str(error)) from None
    except TooManyFiles:
        raise refuse(TOO_MANY_FILES) from None
    except TooLong:
        raise too_large(caller.keeping) from None
    except ClientDisconnect:
        raise refuse(MALFORMED_REQUEST, "the connection ended before the file did") from None


async def _resource(caller: Caller, form: Form) -> str | None:
    """The resource that the file is to hang on: one that the caller may change."""
    given = (form.fields.get("resourceId") or form.fields.get("resource_id") or "").strip()
    if not given:
        return None
    try:
        resource_id = str(UUID(given))
    except ValueError:
        raise refuse(RESOURCE_NOT_FOUND) from None
    async with caller.connection() as connection:
        allowed = await connection.fetchval(_MAY_CHANGE, resource_id)
    if allowed is None:
        raise refuse(RESOURCE_NOT_FOUND)
    if not allowed:
        raise refuse(NOT_OWNER)
    return resource_id


def _is_public(form: Form) -> bool:
    """Whether whoever knows its name may read the file while it hangs on nothing."""
    given = (form.fields.get("isPublic") or form.fields.get("is_public") or "").strip().lower()
    if given not in ("", "true", "false"):
        raise invalid(("isPublic", "true ou false"))
    return given != "false"


async def own(caller: Caller, params: QueryParams, page: Page, form: ListForm = "page") -> Any:
    """A page of the files that the caller has uploaded."""
    columns = {**OwnFile.columns(), "created_at": "created_at", "createdAt": "created_at"}
    query = (("select", OwnFile.select()), ("uploaded_by", f"eq.{caller.user_id}"), *filters(params, columns))
    sorting = order(params, columns, filled=("created_at",))
    found = await caller.ask.rows("files", *query, sorting, *page.pairs(), count=True)
    rows = [OwnFile.told(row, url=caller.keeping.url(row["file_name"])) for row in found.rows]
    return listed_rows(rows, found, page, form)


async def info(caller: Caller, name: str) -> dict[str, Any]:
    """What is known of a file that the caller may read."""
    row = await _readable(caller, name)
    return {
        "fileName": row["file_name"],
        "originalName": row["original_name"],
        "size": row["size"],
        "mimeType": row["mime_type"],
        "createdAt": instant(row["created_at"]),
        "url": caller.keeping.url(row["file_name"]),
    }


async def signed(caller: Caller, name: str, seconds: int) -> dict[str, Any]:
    """An address that opens a file, which the caller may read, to anybody until it expires."""
    row = await _readable(caller, name)
    expires = int(time.time()) + seconds
    code = caller.keeping.keys.code_of(_PURPOSE, _message(row, str(expires)))
    signature = base64.urlsafe_b64encode(code).rstrip(b"=").decode()
    url = f"{caller.keeping.url(row['file_name'])}?expires={expires}&signature={signature}"
    return {"url": url, "expiresAt": instant(datetime.fromtimestamp(expires, UTC))}


async def served(caller: Caller, name: str, link: Link | None) -> tuple[Served, str]:
    """A file that the caller may read, or has a link to; and where its bytes lie."""
    row = await _readable(caller, name) if link is None else await _linked(caller, name, link)
    told = Served(
        row["id"],
        row["original_name"],
        row["mime_type"],
        row["size"],
        row["created_at"],
        is_public=row["is_public"],
        is_linked=link is not None,
    )
    return told, key_of(row["tenant_id"], row["file_name"])


def opening(caller: Caller, key: str) -> Any:
    """Opens parts of a file; whose bytes are gone is not there."""

    @asynccontextmanager
    async def opened(span: Span) -> AsyncGenerator[AsyncIterator[bytes]]:
        began = False
        try:
            async with caller.keeping.storage.opened(key, span) as chunks:
                began = True
                yield chunks
        except Missing as error:
            log.event("file_bytes_missing", {"key": key}, level="error")
            if began:
                raise
            raise refuse(FILE_NOT_FOUND) from error

    def open_span(span: Span) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return opened(span)

    return open_span


async def delete(caller: Caller, name: str) -> dict[str, Any]:
    """A file goes: its uploader's and administrators' affair."""
    _check(name)
    async with caller.connection("write") as connection:
        tenant_id = await connection.fetchval(_DELETE, name)
    if tenant_id is None:
        await _readable(caller, name)
        raise refuse(NOT_OWNER.worded("Vous n'êtes pas propriétaire de ce fichier"))
    key = key_of(tenant_id, name)
    await caller.database.afterwards(lambda: caller.keeping.storage.remove(key))
    return {"success": True, "message": "Fichier supprimé avec succès"}


def _check(name: str) -> None:
    """A name is never a path."""
    if ".." in name or "/" in name or "\\" in name:
        raise refuse(INVALID_FILE_NAME)
    if not is_stored_name(name):
        raise refuse(FILE_NOT_FOUND)


async def _readable(caller: Caller, name: str) -> Row:
    _check(name)
    async with caller.connection() as connection:
        row = await connection.fetchrow(_READABLE, name)
    if row is None:
        raise refuse(FILE_NOT_FOUND)
    return row


async def _linked(caller: Caller, name: str, link: Link) -> Row:
    """The file that a link was made for, in whichever tenant: the link itself says which."""
    _check(name)
    usable = link.expires.isascii() and link.expires.isdecimal() and len(link.expires) < 12
    if not usable or int(link.expires) <= time.time():
        raise refuse(INVALID_FILE_LINK)
    try:
        code = base64.urlsafe_b64decode(link.signature.encode() + b"=" * (-len(link.signature) % 4))
    except ValueError:
        raise refuse(INVALID_FILE_LINK) from None
    rows = await caller.database.fetch(SERVICE, _OF_NAME, name)
    for row in rows:
        if len(code) == 32 and caller.keeping.keys.made(_PURPOSE, _message(row, link.expires), code):
            return row
    raise refuse(INVALID_FILE_LINK)


def _message(row: Row, expires: str) -> bytes:
    return f"{row['tenant_id']} {row['id']} {expires}".encode()
