"""GitHub: who the linked account is, its repositories, and a resource as one commit.

A commit is made of parts that nobody sees until a branch points at it, which is the last step: whatever fails before
leaves no trace. What can have happened nevertheless (a repository that was made for it, a branch that was moved by a
request whose answer was lost) is taken back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.accounts.oauth.lending import Lender
from app.adapters.github import Change, Commit, GitHub, GitHubApi, Place, Repository, is_overtaken
from app.adapters.rest import RestError
from app.errors import AppError
from app.modules.library.handover.desk import Desk, taken_back
from app.modules.library.handover.errors import GITHUB
from app.modules.library.handover.kept import Kept, forget
from app.modules.library.handover.papers import Papers

#: Private repositories take it, and writing to any.
SCOPES = ("repo",)
_ATTEMPTS = 3
#: A new repository takes a moment until it has its first commit.
_UNTIL_READY = (0.1, 0.3, 0.6, 1.2, 2.4)
_LONGEST_TITLE = 120
_NOT_FOUND, _CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a resource is to go."""

    resource_id: UUID
    place: Place
    #: Of the text; files go beside it.
    path: str
    branch: str
    #: What the repository is made with that is made for it; None: it is there.
    repository: Mapping[str, Any] | None


@dataclass(slots=True)
class _Done:
    """What has happened at GitHub that would have to be taken back."""

    created: Repository | None = None
    #: Whether one may have been made that we were not told of.
    is_creating: bool = False
    #: Where a commit became the newest of a branch, or may have.
    place: Place | None = None
    commit: str = ""
    #: The one before; None: there was no such branch.
    before: str | None = None


@dataclass(slots=True)
class _Sharing:
    desk: Desk
    wish: Wish
    papers: Papers
    done: _Done = field(default_factory=_Done)

    async def share(self, github: GitHub) -> dict[str, Any]:
        wish = self.wish
        if wish.repository is not None:
            repository = await self._created(github, wish.repository)
        else:
            repository = await github.repository(wish.place)
        place = Place(repository.owner.login, repository.name)
        blobs = {path: await github.blob(place, data) for path, data in self._contents().items()}
        commit = await self._committed(github, place, repository, blobs)
        return {
            "success": True,
            "repository": {"owner": place.owner, "name": place.name, "url": repository.html_url},
            "commit": {"sha": commit.sha, "html_url": commit.html_url},
            "files": list(blobs),
        }

    async def _created(self, github: GitHub, wish: Mapping[str, Any]) -> Repository:
        place, done = self.wish.place, self.done
        # Git data can only be added to a repository that has a commit.
        told = {**wish, "name": place.name, "auto_init": True}
        login = (await github.user()).login
        done.is_creating = True
        try:
            done.created = await github.create(told, "" if login.lower() == place.owner.lower() else place.owner)
        except RestError as error:
            done.is_creating = not error.is_known
            raise
        return done.created

    def _contents(self) -> dict[str, bytes]:
        path = self.wish.path
        contents = {path: self.papers.text.encode()}
        folder, slash, name = path.rpartition("/")
        # Names that differ in their letters' case are one on many disks.
        taken = {name.lower()}
        for file in self.papers.files:
            own = _free_name(file.name, taken)
            taken.add(own.lower())
            contents[f"{folder}{slash}{own}"] = file.data
        return contents

    async def _committed(
        self, github: GitHub, place: Place, repository: Repository, blobs: Mapping[str, str]
    ) -> Commit:
        message = f"Partage de « {self.papers.title[:_LONGEST_TITLE]} »"
        for attempt in range(_ATTEMPTS):
            before = await github.head(place, self.wish.branch)
            parent = before or await self._first(github, place, repository.default_branch)
            commit = await github.commit(place, Change(parent, blobs, message))
            self.done.place, self.done.commit, self.done.before = place, commit.sha, before
            try:
                if before is None:
                    await github.branch(place, self.wish.branch, commit.sha)
                else:
                    await github.move(place, self.wish.branch, commit.sha)
            except RestError as error:
                if attempt == _ATTEMPTS - 1 or not is_overtaken(error):
                    raise
                # Somebody has pushed meanwhile: what they did stays, and ours goes on top.
                continue
            return commit
        raise AssertionError("the last attempt returns or raises")

    async def _first(self, github: GitHub, place: Place, branch: str) -> str:
        """Where a branch begins that is not there yet."""
        for pause in (*(_UNTIL_READY if self.done.created is not None else ()), None):
            try:
                head = await github.head(place, branch)
                if head is not None:
                    return head
                refusal = RestError("refused", _NOT_FOUND)
            except RestError as error:
                # A repository without commits says that it has a conflict.
                if error.status != _CONFLICT:
                    raise
                refusal = error
            if pause is None:
                raise refusal
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def undo(self, lender: Lender) -> list[str]:
        """Take back what was done; the addresses of what is left."""
        done, api = self.done, _api(self.desk, self.desk.undo_seconds)
        try:
            async with api.conversation(lender) as github:
                if done.created is not None:
                    return await _without(github, done.created)
                if done.is_creating and await github.exists(self.wish.place):
                    # Perhaps not ours: that it is there is said, and no more.
                    return [f"{self.wish.place.owner}/{self.wish.place.name}"]
                if done.place is not None:
                    await _back(github, done.place, self.wish.branch, done)
        except (RestError, AppError):
            if done.created is not None:
                return [done.created.html_url]
            place = done.place or self.wish.place
            return [f"{place.owner}/{place.name}@{self.wish.branch}"]
        return []


def _free_name(name: str, taken: set[str]) -> str:
    own, number = name, 1
    while own.lower() in taken:
        own = f"fichier-{name}" if number == 1 else f"fichier-{number}-{name}"
        number += 1
    return own


async def user(desk: Desk) -> dict[str, Any]:
    """Who the linked account is."""
    lender = await desk.lender(GITHUB)
    with desk.telling(GITHUB):
        async with _api(desk).conversation(lender) as github:
            return (await github.user()).model_dump()


async def repositories(desk: Desk, wanted: Mapping[str, str], page: int) -> dict[str, Any]:
    """A page of the repositories of the linked account."""
    lender = await desk.lender(GITHUB)
    query = {**wanted, "page": str(page)}
    variant = "&".join((lender.account_id, *(f"{name}={value}" for name, value in sorted(query.items()))))
    kept = Kept(desk.redis, _key(desk), variant)
    known = await kept.get()
    if known is not None:
        return known
    with desk.telling(GITHUB):
        async with _api(desk).conversation(lender) as github:
            found, has_more = await github.repositories(query)
    told: dict[str, Any] = {"repositories": [repository.model_dump() for repository in found], "hasMore": has_more}
    if has_more:
        told["nextPage"] = page + 1
    await kept.put(told)
    return told


async def exists(desk: Desk, place: Place) -> bool:
    """Whether there is a repository of this name."""
    lender = await desk.lender(GITHUB, "la lecture des dépôts", SCOPES)
    with desk.telling(GITHUB):
        async with _api(desk).conversation(lender) as github:
            return await github.exists(place)


async def create(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    """A new repository of the linked account."""
    lender = await desk.lender(GITHUB, "la création d'un dépôt", SCOPES)
    try:
        with desk.telling(GITHUB):
            async with _api(desk).conversation(lender) as github:
                return (await github.create(wish)).model_dump()
    finally:
        await forget(desk.redis, _key(desk))


async def share(desk: Desk, wish: Wish) -> dict[str, Any]:
    """A resource of the caller's becomes a commit: all of it or nothing."""
    papers = await desk.papers(wish.resource_id)
    lender = await desk.lender(GITHUB, "le partage sur GitHub", SCOPES)
    sharing = _Sharing(desk, wish, papers)
    try:
        with desk.telling(GITHUB):
            async with _api(desk).conversation(lender) as github:
                told = await sharing.share(github)
        if not papers.has_github_url:
            await _remember(desk, papers.resource_id, told["repository"]["url"])
    except BaseException as error:
        await taken_back(error, lambda: sharing.undo(lender))
        raise
    finally:
        if sharing.done.created is not None:
            await forget(desk.redis, _key(desk))
    return told


async def _without(github: GitHub, created: Repository) -> list[str]:
    # Sign-ins do not ask for the right to delete repositories; some accounts have it all the same.
    try:
        await github.delete(Place(created.owner.login, created.name))
    except RestError as error:
        if error.status != _NOT_FOUND:
            return [created.html_url]
    return []


async def _back(github: GitHub, place: Place, branch: str, done: _Done) -> None:
    if await github.head(place, branch) != done.commit:
        # It never came to it, or others have gone on from there.
        return
    if done.before is None:
        await github.delete_branch(place, branch)
    else:
        await github.move(place, branch, done.before, force=True)


async def _remember(desk: Desk, resource_id: str, url: str) -> None:
    empty = ("or", '(github_url.is.null,github_url.eq."")')
    await desk.caller.ask.update("resources", {"github_url": url}, ("select", "id"), ("id", f"eq.{resource_id}"), empty)


def _api(desk: Desk, seconds: float | None = None) -> GitHubApi:
    settings = desk.settings
    return GitHubApi(settings.oauth.github_api_url, seconds or settings.handover.timeout_seconds)


def _key(desk: Desk) -> str:
    return desk.redis.key("cache", "github", "repositories", desk.caller.user_id)
