"""Google Drive's REST API over HTTP on this machine, its files in memory: as strict as the real one where we use it."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.library.provider_http import Answer, Asked, ProviderHttp, Refused, told

FOLDER = "application/vnd.google-apps.folder"
FILE_SCOPE = "https://www.googleapis.com/auth/drive.file"
STEPS = (
    ("about", "GET", r"drive/v3/about"),
    ("ids", "GET", r"drive/v3/files/generateIds"),
    ("list", "GET", r"drive/v3/files"),
    ("folder", "POST", r"drive/v3/files"),
    ("upload", "POST", r"upload/drive/v3/files"),
    ("permission", "POST", r"drive/v3/files/[^/]+/permissions"),
    ("delete", "DELETE", r"drive/v3/files/[^/]+"),
)


@dataclass(slots=True)
class DriveEntry:
    """A file or a folder."""

    id: str
    name: str
    kind: str
    parent: str
    owner: str
    data: bytes = b""
    is_public: bool = False


@dataclass(slots=True)
class Account:
    """Whose a token is."""

    email: str
    scopes: frozenset[str] = field(default_factory=lambda: frozenset({FILE_SCOPE}))


class DriveServer:
    """Google Drive."""

    def __init__(self) -> None:
        self.http = ProviderHttp(self)
        self.tokens: dict[str, Account] = {}
        self.entries: dict[str, DriveEntry] = {}
        #: Ids that were lent.
        self.lent: set[str] = set()

    def reset(self) -> None:
        """As on its first day."""
        self.http.reset()
        for state in (self.tokens, self.entries, self.lent):
            state.clear()

    def add(self, email: str, name: str, parent: str = "root", kind: str = FOLDER) -> DriveEntry:
        """A folder of somebody's."""
        made = DriveEntry(secrets.token_hex(12), name, kind, parent, email)
        self.entries[made.id] = made
        return made

    def step(self, asked: Asked) -> str:
        """Which of the steps a request is."""
        path = "/".join(asked.parts)
        for name, method, pattern in STEPS:
            if asked.method == method and re.fullmatch(pattern, path):
                return name
        raise AssertionError(f"Drive has nothing at {asked.method} {path}")

    def take(self, step: str, asked: Asked) -> Answer:
        """Take it."""
        who = self.tokens.get(asked.bearer)
        if who is None:
            raise refused(401, "Invalid Credentials", "authError")
        if FILE_SCOPE not in who.scopes:
            raise refused(403, "Request had insufficient authentication scopes.", "insufficientPermissions")
        match step:
            case "about":
                assert asked.query["fields"]
                return told({"user": {"emailAddress": who.email, "displayName": "Léa", "kind": "drive#user"}})
            case "ids":
                made = [secrets.token_urlsafe(24) for _ in range(int(asked.query["count"]))]
                self.lent |= set(made)
                return told({"ids": made, "space": asked.query["space"]})
            case "list":
                return self._list(asked.query, who)
            case "folder":
                return self._folder(asked.json(), who)
            case "upload":
                return self._upload(asked, who)
            case _:
                return self._of_entry(step, asked, who)

    def _list(self, query: Any, who: Account) -> Answer:
        found = re.fullmatch(
            rf"mimeType = '{re.escape(FOLDER)}' and trashed = false and '([\w-]+)' in parents", query["q"]
        )
        assert found is not None, query["q"]
        assert query["spaces"] == "drive"
        rows = [
            entry
            for entry in self.entries.values()
            if (entry.owner, entry.kind, entry.parent) == (who.email, FOLDER, found[1])
        ]
        rows.sort(key=lambda entry: entry.name)
        begin, size = int(query.get("pageToken", "0")), int(query["pageSize"])
        answer: dict[str, Any] = {"files": [_shown(entry) for entry in rows[begin : begin + size]]}
        if len(rows) > begin + size:
            answer["nextPageToken"] = str(begin + size)
        return told(answer)

    def _folder(self, wish: Any, who: Account) -> Answer:
        assert wish["mimeType"] == FOLDER
        return told(_shown(self._new(wish, who, b"")))

    def _upload(self, asked: Asked, who: Account) -> Answer:
        assert asked.query["uploadType"] == "multipart"
        kind = asked.headers["content-type"]
        assert kind.startswith("multipart/related; boundary=")
        before, described, content, after = asked.body.split(b"--" + kind.partition("boundary=")[2].encode())
        assert (before, after) == (b"", b"--\r\n")
        wish, data = json.loads(_part(described)[1]), _part(content)[1]
        assert _part(content)[0] == f"Content-Type: {wish['mimeType']}".encode()
        return told(_shown(self._new(wish, who, data)))

    def _new(self, wish: Any, who: Account, data: bytes) -> DriveEntry:
        (parent,) = wish.get("parents", ["root"])
        above = self.entries.get(parent)
        if parent != "root" and (above is None or above.owner != who.email):
            raise refused(404, f"File not found: {parent}.", "notFound")
        id = wish.get("id") or secrets.token_urlsafe(24)
        if "id" in wish and id not in self.lent:
            raise refused(400, "The provided file ID is not usable.", "fileIdInvalid")
        if id in self.entries:
            raise refused(409, "A file already exists with the provided ID.", "fileIdInUse")
        made = self.entries[id] = DriveEntry(id, wish["name"], wish["mimeType"], parent, who.email, data)
        return made

    def _of_entry(self, step: str, asked: Asked, who: Account) -> Answer:
        entry = self.entries.get(asked.parts[3])
        if entry is None or entry.owner != who.email:
            raise refused(404, f"File not found: {asked.parts[3]}.", "notFound")
        if step == "permission":
            assert asked.json() == {"role": "reader", "type": "anyone"}
            entry.is_public = True
            return told({"id": "anyoneWithLink"})
        self._drop(entry.id)
        return Answer(204)

    def _drop(self, id: str) -> None:
        del self.entries[id]
        for below in [entry.id for entry in self.entries.values() if entry.parent == id]:
            self._drop(below)


def _part(text: bytes) -> tuple[bytes, bytes]:
    """The head of a part of a body, and what is in it."""
    head, _, data = text.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
    return head, data


def _shown(entry: DriveEntry) -> dict[str, Any]:
    return {
        "kind": "drive#file",
        "id": entry.id,
        "name": entry.name,
        "mimeType": entry.kind,
        "parents": [entry.parent],
        "webViewLink": f"https://drive.example.org/{entry.id}",
        "createdTime": "2025-01-15T10:00:00.000Z",
        "modifiedTime": "2025-01-15T10:00:00.000Z",
    }


def refused(status: int, message: str, reason: str) -> Refused:
    """As Google says no."""
    problem = {"message": message, "domain": "global", "reason": reason}
    return Refused(told({"error": {"code": status, "message": message, "errors": [problem]}}, status))
