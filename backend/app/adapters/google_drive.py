"""Google Drive's REST API: who somebody is, folders, and files that go there.

What is handed over and why is not known here, but to `modules/library/handover`.
"""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from app.adapters.rest import Content, Lends, Manners, RestClient, RestConversation, RestError, understood

FOLDER = "application/vnd.google-apps.folder"
ROOT = "root"
_FIELDS = "id,name,mimeType,webViewLink,parents,createdTime,modifiedTime"
_FILES = ("drive", "v3", "files")
_NOT_FOUND, _FORBIDDEN, _TOO_MANY = 404, 403, 429
_LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class DriveEntry(_Told):
    """A folder or a file."""

    id: Id
    name: str
    mime_type: str
    web_view_link: str | None = None
    parents: list[str] | None = None
    created_time: str | None = None
    modified_time: str | None = None


class _Listed(_Told):
    files: list[DriveEntry]
    next_page_token: str | None = None


class _Person(_Told):
    email_address: str
    display_name: str | None = None
    photo_link: str | None = None


class _About(_Told):
    user: _Person


class _Ids(_Told):
    ids: list[Id]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at Google."""

    email: str
    name: str | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class FolderPage:
    """Which folders are asked for."""

    parent: str = ROOT
    size: int = 100
    token: str = ""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be in a folder, under an id that Drive gave for it."""

    id: str
    name: str
    kind: str
    data: bytes = field(repr=False)
    parent: str = ROOT


class Drive:
    """Google Drive, asked in one user's name."""

    def __init__(self, conversation: RestConversation) -> None:
        self._ask = conversation.ask

    async def person(self) -> Person:
        """Who they are: Drive tells it to whoever may do anything there."""
        fields = {"fields": "user(emailAddress,displayName,photoLink)"}
        user = understood(_About, (await self._ask("GET", ("drive", "v3", "about"), query=fields)).told).user
        return Person(user.email_address, user.display_name, user.photo_link)

    async def folders(self, page: FolderPage) -> tuple[list[DriveEntry], str | None]:
        """The folders in another, and the token of the next page."""
        query = {
            "q": f"mimeType = '{FOLDER}' and trashed = false and '{quoted(page.parent)}' in parents",
            "fields": f"nextPageToken,files({_FIELDS})",
            "orderBy": "name",
            "pageSize": str(page.size),
            "spaces": "drive",
        }
        if page.token:
            query["pageToken"] = page.token
        listed = understood(_Listed, (await self._ask("GET", _FILES, query=query)).told)
        return listed.files, listed.next_page_token

    async def ids(self, count: int) -> list[str]:
        """Ids for what is about to be made: known before it is there, so that it can be taken away in any case."""
        query = {"count": str(count), "space": "drive", "type": "files"}
        found = understood(_Ids, (await self._ask("GET", (*_FILES, "generateIds"), query=query)).told).ids
        if len(found) != count:
            raise RestError("garbage")
        return found

    async def create_folder(self, name: str, parent: str = ROOT, *, id: str = "") -> DriveEntry:
        """A new folder."""
        told: dict[str, Any] = {"name": name, "mimeType": FOLDER, "parents": [parent]}
        if id:
            told["id"] = id
        answer = await self._ask("POST", _FILES, query={"fields": _FIELDS}, content=Content.of(told))
        return understood(DriveEntry, answer.told)

    async def upload(self, file: NewFile) -> DriveEntry:
        """A file goes there."""
        query = {"uploadType": "multipart", "fields": _FIELDS}
        answer = await self._ask("POST", ("upload", *_FILES), query=query, content=_related(file))
        return understood(DriveEntry, answer.told)

    async def open_to_everybody(self, id: str) -> None:
        """Whoever has the address may read it."""
        content = Content.of({"role": "reader", "type": "anyone"})
        await self._ask("POST", (*_FILES, id, "permissions"), query={"fields": "id"}, content=content)

    async def delete(self, id: str) -> None:
        """It goes, if it is there."""
        try:
            await self._ask("DELETE", (*_FILES, id))
        except RestError as error:
            if error.status != _NOT_FOUND:
                raise


class DriveApi:
    """Where Drive is."""

    def __init__(self, url: str, seconds: float) -> None:
        self._client = RestClient(url, _MANNERS, seconds)

    @asynccontextmanager
    async def conversation(self, lends: Lends) -> AsyncGenerator[Drive]:
        """Requests in one user's name."""
        async with self._client.conversation(lends) as conversation:
            yield Drive(conversation)


def quoted(text: str) -> str:
    """A text within the quotes of a search."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _related(file: NewFile) -> Content:
    """What a file is called and what is in it, in one body (multipart/related)."""
    told = {"id": file.id, "name": file.name, "mimeType": file.kind, "parents": [file.parent]}
    boundary = f"relais-{secrets.token_hex(16)}".encode()
    parts = (
        b"--" + boundary + b"\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + orjson.dumps(told),
        b"\r\n--" + boundary + b"\r\nContent-Type: " + file.kind.encode() + b"\r\n\r\n" + file.data,
        b"\r\n--" + boundary + b"--\r\n",
    )
    return Content(b"".join(parts), f"multipart/related; boundary={boundary.decode()}")


def _problem(told: Any) -> Mapping[str, Any]:
    problem = told.get("error") if isinstance(told, dict) else None
    return problem if isinstance(problem, dict) else {}


def _is_limit(status: int, headers: Mapping[str, str], told: Any) -> bool:
    if status != _FORBIDDEN:
        return status == _TOO_MANY
    with suppress(TypeError, KeyError, IndexError):
        return _problem(told)["errors"][0]["reason"] in _LIMITS
    return False


_MANNERS = Manners({"Accept": "application/json"}, lambda told: str(_problem(told).get("message") or ""), _is_limit)
