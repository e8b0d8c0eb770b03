"""Google Drive: who the linked account is, its folders, and a resource as files in one.

Drive lends ids before what they name is there. Everything is made under such an id, so that it can be taken away again
even if the answer that told of it was lost.

Reading asks for no more than writing does: `drive.file`, the one right that sign-ins ask for, shows the files and
folders that were made by this application or opened with it, and who the user is. Rights that show the whole of
somebody's drive (`drive.readonly`) are ones that Google has applications audited for, and nothing here needs them.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.accounts.oauth.lending import Lender
from app.adapters.google_drive import ROOT, Drive, DriveApi, DriveEntry, FolderPage, NewFile
from app.adapters.rest import RestError
from app.errors import AppError
from app.modules.library.handover.desk import Desk, taken_back
from app.modules.library.handover.errors import GOOGLE
from app.modules.library.handover.kept import Kept, forget
from app.modules.library.handover.papers import File, Papers

SCOPES = ("https://www.googleapis.com/auth/drive.file",)
#: Pages of another size are not kept: there is one place for each folder.
USUAL_SIZE = 100
_TEXT_KIND = "text/markdown"


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a resource is to go."""

    resource_id: UUID
    folder_id: str = ""
    #: Of a folder that is made for it; None: none is.
    new_folder: str | None = None
    is_public: bool = False


@dataclass(slots=True)
class _Sharing:
    desk: Desk
    wish: Wish
    papers: Papers
    #: Ids of what was made, or may have been, in this order.
    begun: list[str] = field(default_factory=list[str])

    async def share(self, drive: Drive) -> dict[str, Any]:
        wish, contents = self.wish, self._contents()
        ids = await drive.ids(len(contents) + 1)
        folder_id = wish.folder_id
        if wish.new_folder is not None:
            folder_id = self._begin(ids.pop())
            name = wish.new_folder or self.papers.title
            await drive.create_folder(name, wish.folder_id or ROOT, id=folder_id)
        made: list[DriveEntry] = []
        for file in contents:
            new = NewFile(self._begin(ids.pop()), file.name, file.kind, file.data, folder_id or ROOT)
            made.append(await drive.upload(new))
        if wish.is_public:
            # What is in a folder is as open as the folder.
            for id in [folder_id] if wish.new_folder is not None else [entry.id for entry in made]:
                await drive.open_to_everybody(id)
        return {
            "success": True,
            "folder": {"id": folder_id} if folder_id else None,
            "files": [_file(entry) for entry in made],
        }

    def _contents(self) -> list[File]:
        text = File(f"{self.papers.title} - README.md", _TEXT_KIND, self.papers.text.encode())
        return [text, *self.papers.files]

    def _begin(self, id: str) -> str:
        self.begun.append(id)
        return id

    async def undo(self, lender: Lender) -> list[str]:
        """Take away what was made; the ids of what is left."""
        left = list(self.begun)
        try:
            async with _api(self.desk, self.desk.undo_seconds).conversation(lender) as drive:
                while left:
                    await drive.delete(left[-1])
                    left.pop()
        except (RestError, AppError):
            return left
        return []


async def user(desk: Desk) -> dict[str, Any]:
    """Who the linked account is."""
    lender = await desk.lender(GOOGLE, "la lecture du profil", SCOPES)
    with desk.telling(GOOGLE):
        async with _api(desk).conversation(lender) as drive:
            person = await drive.person()
    told = {"email": person.email, "name": person.name, "picture": person.picture}
    return {name: value for name, value in told.items() if value is not None}


async def folders(desk: Desk, page: FolderPage, *, use_kept: bool) -> dict[str, Any]:
    """A page of the folders in a folder."""
    lender = await desk.lender(GOOGLE, "la lecture des dossiers", SCOPES)
    kept = None
    if not page.token and page.size == USUAL_SIZE:
        kept = Kept(desk.redis, _key(desk, page.parent), lender.account_id)
        known = await kept.get()
        if known is not None and use_kept:
            return known
    with desk.telling(GOOGLE):
        async with _api(desk).conversation(lender) as drive:
            found, next_token = await drive.folders(page)
    told: dict[str, Any] = {"folders": [_told(folder) for folder in found]}
    if next_token:
        told["nextPageToken"] = next_token
    if kept is not None:
        await kept.put(told)
    return told


async def create_folder(desk: Desk, name: str, parent: str) -> dict[str, Any]:
    """A new folder."""
    lender = await desk.lender(GOOGLE, "la création d'un dossier", SCOPES)
    try:
        with desk.telling(GOOGLE):
            async with _api(desk).conversation(lender) as drive:
                return _told(await drive.create_folder(name, parent))
    finally:
        await forget(desk.redis, _key(desk, parent))


async def share(desk: Desk, wish: Wish) -> dict[str, Any]:
    """A resource of the caller's becomes files: all of them or none."""
    papers = await desk.papers(wish.resource_id)
    lender = await desk.lender(GOOGLE, "le partage sur Google Drive", SCOPES)
    sharing = _Sharing(desk, wish, papers)
    try:
        with desk.telling(GOOGLE):
            async with _api(desk).conversation(lender) as drive:
                return await sharing.share(drive)
    except BaseException as error:
        await taken_back(error, lambda: sharing.undo(lender))
        raise
    finally:
        if wish.new_folder is not None:
            await forget(desk.redis, _key(desk, wish.folder_id or ROOT))


def _file(entry: DriveEntry) -> dict[str, Any]:
    told = {"id": entry.id, "name": entry.name, "url": entry.web_view_link}
    return {name: value for name, value in told.items() if value is not None}


def _told(folder: DriveEntry) -> dict[str, Any]:
    return folder.model_dump(by_alias=True, exclude_none=True)


def _api(desk: Desk, seconds: float | None = None) -> DriveApi:
    handover = desk.settings.handover
    return DriveApi(handover.drive_url, seconds or handover.timeout_seconds)


def _key(desk: Desk, parent: str) -> str:
    return desk.redis.key("cache", "googledrive", "folders", desk.caller.user_id, parent, "first")
