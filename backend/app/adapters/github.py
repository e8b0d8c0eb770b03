"""GitHub's REST API: who somebody is, their repositories, and commits made of blobs and trees.

What is handed over and why is not known here, but to `modules/library/handover`.
"""

import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints

from app.adapters.rest import Content, Lends, Manners, RestClient, RestConversation, RestError, understood

Address = Annotated[str, StringConstraints(pattern=r"^https?://")]
Sha = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
_NOT_FOUND, _CONFLICT, _FORBIDDEN, _TOO_MANY = 404, 409, 403, 429


class GitHubUser(BaseModel):
    """Somebody at GitHub."""

    login: str
    name: str | None = None
    email: str | None = None
    avatar_url: str | None = None


class RepositoryOwner(BaseModel):
    """Whose a repository is."""

    login: str


class Repository(BaseModel):
    """A repository."""

    id: int
    name: str
    full_name: str
    description: str | None = None
    private: bool
    html_url: Address
    clone_url: Address
    default_branch: str
    owner: RepositoryOwner


class _Object(BaseModel):
    sha: Sha


class _Ref(BaseModel):
    object: _Object


class _CommitWithTree(BaseModel):
    tree: _Object


class Commit(BaseModel):
    """A commit."""

    sha: Sha
    html_url: Address


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, by its names."""

    owner: str
    name: str

    def path(self, *parts: str) -> tuple[str, ...]:
        """What is below it."""
        return ("repos", self.owner, self.name, *parts)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that is to be made: from which one, with which blobs (by path), saying what."""

    parent: str
    blobs: Mapping[str, str]
    message: str


class GitHub:
    """GitHub, asked in one user's name."""

    def __init__(self, conversation: RestConversation) -> None:
        self._ask = conversation.ask

    async def user(self) -> GitHubUser:
        """Who they are."""
        return understood(GitHubUser, (await self._ask("GET", ("user",))).told)

    async def repositories(self, query: Mapping[str, str]) -> tuple[list[Repository], bool]:
        """A page of their repositories, and whether there are more."""
        answer = await self._ask("GET", ("user", "repos"), query=query)
        if not isinstance(answer.told, list):
            raise RestError("garbage")
        # The address that comes along is not looked at: there is but one that we ask.
        has_more = 'rel="next"' in answer.headers.get("link", "")
        return [understood(Repository, told) for told in answer.told], has_more

    async def repository(self, place: Place) -> Repository:
        """One of them."""
        return understood(Repository, (await self._ask("GET", place.path())).told)

    async def exists(self, place: Place) -> bool:
        """Whether there is such a repository, as far as they are shown it."""
        try:
            await self.repository(place)
        except RestError as error:
            # One that was renamed answers from where it is now.
            if error.status == _NOT_FOUND or 300 <= error.status < 400:
                return False
            raise
        return True

    async def create(self, wish: Mapping[str, Any], organisation: str = "") -> Repository:
        """A new repository, theirs or an organisation's."""
        path = ("orgs", organisation, "repos") if organisation else ("user", "repos")
        return understood(Repository, (await self._ask("POST", path, content=Content.of(wish))).told)

    async def delete(self, place: Place) -> None:
        """A repository goes."""
        await self._ask("DELETE", place.path())

    async def head(self, place: Place, branch: str) -> str | None:
        """The newest commit of a branch; None without such a branch."""
        try:
            answer = await self._ask("GET", place.path("git", "ref", "heads", *branch.split("/")))
        except RestError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return understood(_Ref, answer.told).object.sha

    async def blob(self, place: Place, data: bytes) -> str:
        """Bytes that a tree can name. In base64 whatever they are: nothing is taken for text."""
        content = Content.of({"content": base64.b64encode(data).decode(), "encoding": "base64"})
        return understood(_Object, (await self._ask("POST", place.path("git", "blobs"), content=content)).told).sha

    async def commit(self, place: Place, change: Change) -> Commit:
        """A commit that no branch has yet."""
        before = await self._ask("GET", place.path("git", "commits", change.parent))
        entries = [{"path": path, "mode": "100644", "type": "blob", "sha": sha} for path, sha in change.blobs.items()]
        tree = await self._made(
            place, "trees", {"base_tree": understood(_CommitWithTree, before.told).tree.sha, "tree": entries}
        )
        made = {"message": change.message, "tree": understood(_Object, tree).sha, "parents": [change.parent]}
        return understood(Commit, await self._made(place, "commits", made))

    async def move(self, place: Place, branch: str, sha: str, *, force: bool = False) -> None:
        """A branch gets another newest commit: one that follows, unless by force."""
        content = Content.of({"sha": sha, "force": force})
        await self._ask("PATCH", place.path("git", "refs", "heads", *branch.split("/")), content=content)

    async def branch(self, place: Place, branch: str, sha: str) -> None:
        """A new branch."""
        await self._made(place, "refs", {"ref": f"refs/heads/{branch}", "sha": sha})

    async def delete_branch(self, place: Place, branch: str) -> None:
        """A branch goes."""
        await self._ask("DELETE", place.path("git", "refs", "heads", *branch.split("/")))

    async def _made(self, place: Place, kind: str, what: Mapping[str, Any]) -> Any:
        return (await self._ask("POST", place.path("git", kind), content=Content.of(what))).told


class GitHubApi:
    """Where GitHub is."""

    def __init__(self, url: str, seconds: float) -> None:
        self._client = RestClient(url, _MANNERS, seconds)

    @asynccontextmanager
    async def conversation(self, lends: Lends) -> AsyncGenerator[GitHub]:
        """Requests in one user's name."""
        async with self._client.conversation(lends) as conversation:
            yield GitHub(conversation)


def _message(told: Any) -> str:
    if not isinstance(told, dict):
        return ""
    errors: Sequence[Any] = told["errors"] if isinstance(told.get("errors"), list) else ()
    further = [error["message"] for error in errors if isinstance(error, dict) and error.get("message")]
    return " ".join(str(part) for part in (told.get("message", ""), *further) if part)


def _is_limit(status: int, headers: Mapping[str, str], told: Any) -> bool:
    if status != _FORBIDDEN:
        return status == _TOO_MANY
    # Both kinds of limits may be told as a refusal.
    return headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers or "rate limit" in _message(told)


_MANNERS = Manners({"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}, _message, _is_limit)


def is_overtaken(error: RestError) -> bool:
    """Whether a branch was not moved because it has got other commits meanwhile."""
    return error.status == _CONFLICT or (error.status == 422 and "fast forward" in error.message.lower())
