"""`/api/github`: what the caller's linked account at GitHub has, and resources handed over to it."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from app.accounts.bodies import Body, Text
from app.adapters.github import GitHubUser, Place
from app.adapters.github import Repository as OneRepository
from app.adapters.storage import STORAGE_UNAVAILABLE
from app.answers import Json, errors
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.handover import to_github
from app.modules.library.handover.desk import Transferring, User
from app.modules.library.handover.errors import (
    FORBIDDEN,
    GITHUB,
    INSUFFICIENT_OAUTH_SCOPES,
    RESOURCE_FILE_TOO_LARGE,
    RESOURCE_FILE_UNREADABLE,
)
from app.routers import Router

router = Router(prefix="/api/github", tags=["github"])
FAILURES = GITHUB.refusals()
_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}\Z")
#: What git has for a part of a branch's name, or of a path, which must not lead to its own files.
_PART = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\/]{1,200}\Z")
_PATH_PART = re.compile(r"[^\x00-\x1f\x7f\\/]{1,200}\Z")


def _owner(value: str) -> str:
    if not _OWNER.match(value):
        raise ValueError("Nom de propriétaire invalide")
    return value


def _name(value: str) -> str:
    if not _NAME.match(value) or value in (".", ".."):
        raise ValueError("Nom de dépôt invalide : lettres, chiffres, point, tiret et souligné")
    return value


def _branch(value: str) -> str:
    parts = value.split("/")
    wrong = any(part.startswith((".", "-")) or part.endswith((".", ".lock")) for part in parts)
    if wrong or ".." in value or "@{" in value or not all(_PART.match(part) for part in parts):
        raise ValueError("Nom de branche invalide")
    return value


def _path(value: str) -> str:
    parts = value.split("/")
    if not all(_PATH_PART.match(part) and part.lower() not in (".", "..", ".git") for part in parts):
        raise ValueError("Chemin invalide")
    return value


def _blank_is_missing(value: Any) -> Any:
    return None if value == "" else value


Owner = Annotated[Text, StringConstraints(strip_whitespace=True), AfterValidator(_owner)]
RepositoryName = Annotated[Text, StringConstraints(strip_whitespace=True), AfterValidator(_name)]
Branch = Annotated[Text, Field(max_length=200), AfterValidator(_branch)]
Path = Annotated[Text, Field(max_length=500), AfterValidator(_path)]
Describing = Annotated[Annotated[Text, Field(max_length=500)] | None, BeforeValidator(_blank_is_missing)]
Template = Annotated[
    Annotated[Text, StringConstraints(pattern=r"^[A-Za-z0-9+.# -]{1,60}$")] | None, BeforeValidator(_blank_is_missing)
]


class NewRepository(BaseModel):
    """A new repository. Its fields are GitHub's."""

    name: RepositoryName
    description: Describing = None
    private: bool = False
    auto_init: bool = True
    gitignore_template: Template = None
    license_template: Template = None


class GitHubShare(Body):
    """Where a resource is to go."""

    resource_id: UUID
    owner: Owner
    repo: RepositoryName
    path: Annotated[Path | None, BeforeValidator(_blank_is_missing)] = None
    branch: Annotated[Branch | None, BeforeValidator(_blank_is_missing)] = None
    create_repo: bool = False
    repo_description: Describing = None
    repo_private: bool = False


class Repositories(BaseModel):
    """A page of repositories."""

    repositories: list[OneRepository]
    has_more: bool = Field(alias="hasMore")
    next_page: int | None = Field(None, alias="nextPage", description="Missing on the last page.")


class Existence(BaseModel):
    """Whether something is there."""

    exists: bool


class SharedRepository(BaseModel):
    """Where a resource went."""

    owner: str
    name: str
    url: str


class SharedCommit(BaseModel):
    """The commit that it became."""

    sha: str
    html_url: str


class SharedToGitHub(BaseModel):
    """What became of a resource."""

    success: Literal[True]
    repository: SharedRepository
    commit: SharedCommit
    files: list[str]


@router.get("/user", summary="The linked account at GitHub", response_model=GitHubUser, responses=errors(*FAILURES))
async def get_user(desk: User) -> Json:
    """As GitHub tells of it."""
    return Json(await to_github.user(desk))


@router.get(
    "/repositories",
    summary="Repositories of the linked account",
    response_model=Repositories,
    responses=errors(*FAILURES),
)
async def get_repositories(
    desk: User,
    type: Literal["all", "owner", "member"] | None = None,
    sort: Literal["created", "updated", "pushed", "full_name"] | None = None,
    direction: Literal["asc", "desc"] | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 100,
) -> Json:
    """A page of them; kept for five minutes, or until one is made here."""
    given = {"type": type, "sort": sort, "direction": direction, "per_page": str(per_page)}
    wanted = {name: value for name, value in given.items() if value is not None}
    return Json(await to_github.repositories(desk, wanted, page))


@router.post(
    "/repositories",
    status_code=201,
    summary="Make a repository",
    response_model=OneRepository,
    responses=errors(INSUFFICIENT_OAUTH_SCOPES, *FAILURES),
)
async def post_repository(desk: User, body: NewRepository) -> Json:
    """Of the linked account."""
    return Json(await to_github.create(desk, body.model_dump(exclude_none=True)), 201)


@router.get(
    "/repositories/{owner}/{repo}/exists",
    summary="Whether there is a repository",
    response_model=Existence,
    responses=errors(INSUFFICIENT_OAUTH_SCOPES, *FAILURES),
)
async def get_exists(desk: User, owner: str, repo: str) -> Json:
    """As far as the linked account is shown it."""
    try:
        place = Place(_owner(owner), _name(repo))
    except ValueError:
        # Nothing is called like this.
        return Json({"exists": False})
    return Json({"exists": await to_github.exists(desk, place)})


@router.post(
    "/share-resource",
    summary="Hand a resource over to GitHub",
    response_model=SharedToGitHub,
    responses=errors(
        RESOURCE_NOT_FOUND,
        FORBIDDEN,
        INSUFFICIENT_OAUTH_SCOPES,
        RESOURCE_FILE_UNREADABLE,
        RESOURCE_FILE_TOO_LARGE,
        STORAGE_UNAVAILABLE,
        *FAILURES,
    ),
)
async def post_share(desk: Transferring, body: GitHubShare) -> Json:
    """Its text and its file as one commit, whole or not at all; a missing branch begins at the default one."""
    repository = {"description": body.repo_description or "", "private": body.repo_private}
    wish = to_github.Wish(
        body.resource_id,
        Place(body.owner, body.repo),
        body.path or "README.md",
        body.branch or "main",
        repository if body.create_repo else None,
    )
    return Json(await to_github.share(desk, wish))
