"""What the library needs to keep files, and how a new one is kept: bytes first, then the row that says whose they are.

A row without its bytes never shows; bytes without a row are nobody's, and swept away (`file_sweep.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request

from app.accounts.people import instant
from app.adapters.postgres import SERVICE
from app.adapters.storage import STORAGE_UNAVAILABLE, Storage, Whole, key_of
from app.auth.signing import Keyring
from app.errors import AppError, ErrorSpec, refuse
from app.files.incoming import Incoming
from app.files.kinds import is_allowed, settled
from app.files.names import shown_name, stored_name
from app.settings import FilesSettings

if TYPE_CHECKING:
    from app.modules.library.callers import Caller

FILE_TOO_LARGE = ErrorSpec("FILE_TOO_LARGE", 400, "Fichier trop volumineux")
FILE_TYPE_REFUSED = ErrorSpec("FILE_TYPE_REFUSED", 400, "Type de fichier non autorisé")
FILE_TYPE_MISMATCH = ErrorSpec("FILE_TYPE_MISMATCH", 400, "Le contenu du fichier ne correspond pas au type annoncé")
FILE_QUOTA_EXCEEDED = ErrorSpec("FILE_QUOTA_EXCEEDED", 403, "Votre espace de stockage est plein")
#: What files are refused for, in whichever way they come.
REFUSALS = (FILE_TOO_LARGE, FILE_TYPE_REFUSED, FILE_TYPE_MISMATCH, FILE_QUOTA_EXCEEDED, STORAGE_UNAVAILABLE)
PATH = "/api/files"
_ADD = """
    select id::text, created_at
    from library_internal.add_file(jsonb_populate_record(null::library.files, $1::text::jsonb), $2)
"""
_DROP = "delete from library.files where tenant_id = $1::text::uuid and file_name = any($2::text[])"
_ROOM = """
    select relais.tenant_id()::text, (
        select coalesce(sum(f.size), 0)::bigint from library.files as f where f.uploaded_by = relais.user_id())
"""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where files go, and under which rules."""

    storage: Storage
    settings: FilesSettings
    keys: Keyring = field(repr=False)
    #: Address of this API as browsers reach it.
    base: str

    def url(self, name: str) -> str:
        """The address of a file."""
        return f"{self.base}{PATH}/{name}"


def keeping_of(request: Request) -> Keeping:
    """As the process that serves a request keeps files."""
    state = request.app.state.relais
    base: str = state.settings.oauth.callback_url or str(request.base_url)
    return Keeping(state.storage, state.settings.files, request.app.state.accounts.keys, base.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a file that comes in."""

    name: str
    kind: str
    resource_id: str | None = None
    is_public: bool = True
    #: Whether it was written into a row.
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that has been kept."""

    id: str
    tenant_id: str
    file_name: str
    original_name: str
    mime_type: str
    size: int
    resource_id: str | None
    uploaded_at: datetime

    def told(self, keeping: Keeping) -> dict[str, Any]:
        """As clients read it."""
        return {
            "id": self.id,
            "fileName": self.file_name,
            "originalName": self.original_name,
            "mimeType": self.mime_type,
            "size": self.size,
            "resourceId": self.resource_id,
            "uploadedAt": instant(self.uploaded_at),
            "url": keeping.url(self.file_name),
        }


def too_large(keeping: Keeping) -> AppError:
    """The file is longer than files may be."""
    return refuse(FILE_TOO_LARGE, f"The limit is {keeping.settings.max_bytes} bytes")


async def room(caller: "Caller", size: int = 0) -> str:
    """The tenant that the caller's files are kept in; or there is no room left for so many bytes."""
    async with caller.connection() as connection:
        row = await connection.fetchrow(_ROOM)
    assert row is not None
    quota = caller.keeping.settings.quota_bytes
    if quota and row[1] + max(size, 1) > quota:
        raise _full(quota)
    return row[0]


async def keep(caller: "Caller", tenant_id: str, come: Incoming, told: Told) -> Kept:
    """Put a file that has come in to its place."""
    keeping = caller.keeping
    kind = kind_of(keeping, come, told)
    original = shown_name(told.name, kind)
    name = stored_name(original)
    whole = await come.whole(kind)
    key = key_of(tenant_id, name)
    await keeping.storage.put(key, whole)
    try:
        row = await _written(caller, tenant_id, whole, (name, original), told)
    except BaseException:
        await keeping.storage.remove(key)
        raise
    return Kept(row[0], tenant_id, name, original, kind, whole.size, told.resource_id, row[1])


def kind_of(keeping: Keeping, come: Incoming, told: Told) -> str:
    """The type of a file, which must be what it is said to be, and one that is taken."""
    kind = settled(told.kind, told.name, come.seen)
    if kind is None:
        seen = come.seen.signature or ("text" if come.seen.is_text else "bytes of no known type")
        raise refuse(FILE_TYPE_MISMATCH, f"Said to be {told.kind[:100]}, it begins like {seen}")
    if not is_allowed(kind, keeping.settings.allowed()):
        raise refuse(FILE_TYPE_REFUSED.worded(f"Type de fichier non autorisé: {kind}"))
    return kind


async def _written(
    caller: "Caller", tenant_id: str, whole: Whole, names: tuple[str, str], told: Told
) -> tuple[str, Any]:
    quota = caller.keeping.settings.quota_bytes
    new = {
        "tenant_id": tenant_id,
        "file_name": names[0],
        "original_name": names[1],
        "mime_type": whole.kind,
        "size": whole.size,
        "uploaded_by": caller.user_id,
        "resource_id": told.resource_id,
        "is_public": told.is_public,
        "is_inline": told.is_inline,
    }
    async with caller.database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_ADD, orjson.dumps(new).decode(), quota)
    if row is None:
        raise _full(quota)
    return row[0], row[1]


async def forget(caller: "Caller", kept: list[Kept]) -> None:
    """Files that were kept for something that did not come about."""
    for tenant_id in {item.tenant_id for item in kept}:
        names = [item.file_name for item in kept if item.tenant_id == tenant_id]
        async with caller.database.connection(SERVICE, "write") as connection:
            await connection.execute(_DROP, tenant_id, names)
        for name in names:
            await caller.keeping.storage.remove(key_of(tenant_id, name))


def _full(quota: int) -> AppError:
    return refuse(FILE_QUOTA_EXCEEDED, f"All files of a user may come to {quota} bytes")
