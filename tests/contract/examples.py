"""How a request of each endpoint is made so that it is right.

Values in braces are made for each request (`world.MAKERS`): `{resource}` is the id of a new one, `{share.1}` the second
of the ids that belong together. What is not in the table has no place and no body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.contract.uploads import NAMED
from tests.contract.world import World
from tests.library.file_samples import PNG

_MADE = re.compile(r"\{(\w+)(?:\.(\d))?\}")


@dataclass(frozen=True, slots=True)
class Example:
    """A request that is right, and who may be refused nevertheless."""

    path: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    #: Statuses that a right request may have besides the contract's: what an installation was not given (mail, a
    #: provider, a backup) or the row's state.
    also: tuple[int, ...] = ()
    #: Codes that refusals may have besides the contract's, where a rule is ours.
    codes: tuple[str, ...] = ()
    #: The row whose names only its readers may see, in the places of the path.
    hidden: Mapping[str, str] | None = None
    #: Whoever asks is signed out by it: somebody new does.
    leaves: bool = False
    #: More makers of what the path may name.
    others: tuple[str, ...] = ()
    #: What it answers with, if that is bytes.
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request, made."""

    path: Mapping[str, str]
    body: Any
    query: Mapping[str, str]


async def made(world: World, example: Example, who: str, *, hidden: bool = False, instead: str = "") -> Request:
    """The request of somebody, about rows of its own; or about a hidden one, made by another maker if one is named."""
    known: dict[str, list[str]] = {}

    async def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: await filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [await filled(item) for item in value]
        if not isinstance(value, str):
            return value
        for what, _ in _MADE.findall(value):
            if what not in known:
                known[what] = (await world.make(what, who)).split(":")
        return _MADE.sub(lambda found: known[found[1]][int(found[2] or 0)], value)

    path = dict(example.hidden if hidden and example.hidden is not None else example.path)
    if instead:
        path = {name: f"{{{instead}}}" for name in path}
    return Request(await filled(path), await filled(example.body), await filled(dict(example.query)))


def _of(name: str, maker: str, hidden: str = "", **more: Any) -> Example:
    return Example({name: f"{{{maker}}}"}, hidden={name: f"{{{hidden}}}"} if hidden else None, **more)


_RESOURCE = {"title": "Titre", "description": "Texte", "tags": ["a"], "category": "c"}
_FILTER = {"filterKey": "{word}", "filterType": "select", "filterLabel": "Prix", "filterOptions": ["a"]}
_EXPORT = {"metadata": {"exportDate": "2024-01-01T00:00:00.000Z", "exportVersion": "1.0.0", "tables": []}, "tables": {}}
_PERMISSION = {"name": "x:{word}", "resource": "x", "action": "y"}
_VERSION = {"resource_id": "{resource}", "title": "T", "description": "D", "tags": [], "change_summary": "c"}
_NAMED = tuple(f"{name}_file" for name in NAMED)
#: No provider is linked in this world: the refusal is what is looked at.
_UNLINKED = (400, 404, 502, 503)

EXAMPLES: Final[Mapping[str, Example]] = {
    "POST /api/auth/signup": Example(
        body={"email": "{word}@example.org", "password": "Correct-Horse-7"}, codes=("WEAK_PASSWORD",)
    ),
    "POST /api/auth/signin": Example(body={"email": "{word}@example.org", "password": "x"}, also=(401,)),
    "POST /api/auth/signout": Example(also=(400,), leaves=True),
    "POST /api/auth/refresh": Example(body={"refreshToken": "{word}"}, also=(401,)),
    "GET /api/auth/oauth/github": Example(also=(400, 404, 501, 503)),
    "GET /api/auth/oauth/google": Example(also=(400, 404, 501, 503)),
    "GET /api/auth/oauth/callback/github": Example(query={"code": "c", "state": "s"}, also=(400, 404, 501, 503)),
    "GET /api/auth/oauth/callback/google": Example(query={"code": "c", "state": "s"}, also=(400, 404, 501, 503)),
    "POST /api/auth/oauth/:provider": Example({"provider": "github"}, body={}, also=(400, 404, 501, 503)),
    "GET /api/resources": Example(query={"search": "zzsecretzz", "visibility": "private"}),
    "GET /api/resources/:id": _of("id", "resource", "private"),
    "POST /api/resources": Example(body=_RESOURCE),
    "PUT /api/resources/:id": _of("id", "resource", "private", body={"title": "Autre"}),
    "DELETE /api/resources/:id": _of("id", "resource", "private"),
    "POST /api/resources/:id/view": _of("id", "resource", "private"),
    "POST /api/resources/:id/download": _of("id", "resource", "private"),
    "POST /api/resources/:id/fork": _of("id", "resource", "private"),
    "POST /api/resources/:id/share": _of(
        "id", "resource", "private", body={"sharedWithUserId": "{newcomer}", "permission": "read"}
    ),
    "GET /api/resources/:id/shares": Example({"id": "{share.0}"}, hidden={"id": "{private}"}),
    "PUT /api/resources/:id/shares/:shareId": Example(
        {"id": "{share.0}", "shareId": "{share.1}"}, {"permission": "write", "expiresAt": "{later}"}
    ),
    "DELETE /api/resources/:id/shares/:shareId": Example({"id": "{share.0}", "shareId": "{share.1}"}),
    "DELETE /api/resources/:id/share/:userId": Example({"id": "{share.0}", "userId": "{share.2}"}),
    "GET /api/resources/:id/permissions": Example({"id": "{explicit.0}"}, hidden={"id": "{private}"}),
    "POST /api/resources/:id/permissions": _of(
        "id", "resource", "private", body={"userId": "{newcomer}", "permission": "resource:read"}
    ),
    "DELETE /api/resources/:id/permissions/:permissionId": Example(
        {"id": "{explicit.0}", "permissionId": "{explicit.1}"}
    ),
    "POST /api/resources/:id/save": _of("id", "resource", "private"),
    "DELETE /api/resources/:id/save": _of("id", "saved", "private"),
    "POST /api/resources/:id/rating": _of("id", "resource", "private", body={"rating": 4}),
    "PUT /api/resources/:id/rating": _of("id", "rated", "private", body={"rating": 2}),
    "DELETE /api/resources/:id/rating": _of("id", "rated", "private"),
    "GET /api/resources/:id/ratings": _of("id", "rated", "private"),
    "GET /api/resources/:id/comments": _of("id", "resource", "private"),
    "POST /api/resources/:id/comments": _of("id", "resource", "private", body={"content": "Bien"}),
    "GET /api/resources/:resourceId/versions": _of("resourceId", "versioned", "private"),
    "GET /api/resources/:resourceId/versions/:versionNumber": Example(
        {"resourceId": "{versioned}", "versionNumber": "1"}
    ),
    "POST /api/resources/:resourceId/versions": _of("resourceId", "resource", "private", body={"changeSummary": "c"}),
    "POST /api/resources/:resourceId/versions/:versionNumber/restore": Example(
        {"resourceId": "{versioned}", "versionNumber": "1"}
    ),
    "DELETE /api/resources/:resourceId/versions/:versionNumber": Example(
        {"resourceId": "{versioned}", "versionNumber": "1"}
    ),
    "GET /api/profiles/:id": _of("id", "person"),
    "PUT /api/profiles/:id": _of("id", "owner", body={"bio": "Bonjour"}),
    "GET /api/profiles/:id/resources": _of("id", "owner"),
    "GET /api/profiles/:id/stats": _of("id", "person"),
    "GET /api/profiles/:id/collections": _of("id", "owner"),
    "GET /api/collections/:id": _of("id", "collection", "private_collection"),
    "POST /api/collections": Example(body={"name": "Choix", "isPublic": True}),
    "PUT /api/collections/:id": _of("id", "collection", "private_collection", body={"name": "Autre"}),
    "DELETE /api/collections/:id": _of("id", "collection", "private_collection"),
    "POST /api/collections/:id/resources": _of(
        "id", "collection", "private_collection", body={"resourceId": "{resource}"}
    ),
    "DELETE /api/collections/:id/resources/:resourceId": Example({"id": "{entry.0}", "resourceId": "{entry.1}"}),
    "GET /api/comments/resource/:resourceId": _of("resourceId", "resource", "private"),
    "POST /api/comments": Example(body={"resourceId": "{resource}", "content": "Bien"}),
    "PUT /api/comments/:id": _of("id", "comment", body={"content": "Mieux"}),
    "DELETE /api/comments/:id": _of("id", "comment"),
    "GET /api/groups/:id": _of("id", "group", "group"),
    "POST /api/groups": Example(body={"name": "Équipe"}),
    "PUT /api/groups/:id": _of("id", "group", "group", body={"name": "zzsecretzz"}),
    "DELETE /api/groups/:id": _of("id", "group", "group"),
    "POST /api/groups/:id/members": _of("id", "group", "group", body={"userId": "{newcomer}", "role": "member"}),
    "DELETE /api/groups/:id/members/:userId": Example({"id": "{member.0}", "userId": "{member.1}"}),
    "GET /api/groups/:id/resources": _of("id", "group", "group"),
    "PUT /api/notifications/:id/read": _of("id", "notification"),
    "DELETE /api/notifications/:id": _of("id", "notification"),
    "PUT /api/admin/config/:key": _of("key", "config_key", body={"value": "2"}),
    "PUT /api/admin/config": Example(body={"consider_downvotes": True}),
    "POST /api/admin/seed-suggestions": Example(body={"suggestions": [{"name": "{word}", "type": "tag"}]}),
    "PUT /api/admin/suggestions/:id/approve": _of("id", "suggestion"),
    "PUT /api/admin/suggestions/:id/reject": _of("id", "suggestion"),
    "PUT /api/admin/users/:id/role": _of("id", "newcomer", body={"role": "moderator"}),
    "GET /api/suggestions/:id": _of("id", "suggestion"),
    "POST /api/suggestions": Example(body={"name": "{word}", "type": "tag"}),
    "POST /api/suggestions/:id/vote": _of("id", "suggestion", body={"voteType": "upvote"}),
    "DELETE /api/suggestions/:id/vote": _of("id", "voted"),
    "GET /api/suggestions/:id/votes": _of("id", "voted"),
    "POST /api/analytics/track": Example(
        # What is measured is never worth an error to its visitor.
        body={"event": "resource_view", "metadata": {}},
        also=(200,),
    ),
    "GET /api/analytics/user/:userId/stats": _of("userId", "owner"),
    "POST /api/migration/import": Example(body=_EXPORT),
    "POST /api/migration/validate": Example(body=_EXPORT),
    "GET /api/api-tokens/:id": _of("id", "api_token"),
    "POST /api/api-tokens": Example(body={"name": "Jeton"}),
    "DELETE /api/api-tokens/:id": _of("id", "api_token"),
    "GET /api/categories/:id": _of("id", "category"),
    "GET /api/categories/:id/children": _of("id", "category"),
    "POST /api/categories": Example(body={"name": "{word}"}),
    "PUT /api/categories/:id": _of("id", "category", body={"description": "d"}),
    "DELETE /api/categories/:id": _of("id", "category"),
    "GET /api/categories/:categoryId/filters": _of("categoryId", "category"),
    "POST /api/categories/:categoryId/filters": _of("categoryId", "category", body=_FILTER),
    "PUT /api/categories/filters/:id": _of("id", "filter", body={"filterLabel": "Autre"}),
    "DELETE /api/categories/filters/:id": _of("id", "filter"),
    # It is sent a form: see `uploads.py`.
    "POST /api/files/upload": Example(codes=("FILE_TYPE_MISMATCH", "MALFORMED_REQUEST")),
    "GET /api/files/:fileName": _of("fileName", "plain_file", "hidden_file", others=_NAMED, content=PNG),
    "DELETE /api/files/:fileName": _of("fileName", "plain_file", "hidden_file", others=_NAMED, codes=("NOT_OWNER",)),
    "GET /api/files/:fileName/info": _of("fileName", "plain_file", "hidden_file", others=_NAMED),
    # One at a time; and only an administrator of the default tenant.
    "POST /api/backups/create": Example(also=(409, 503)),
    "POST /api/backups/restore": Example(
        body={"filename": "{word}.dump"}, also=(400, 403, 404), codes=("RESTORE_DISABLED",)
    ),
    # On a slow machine it says so.
    "GET /api/monitoring/health": Example(also=(207, 503)),
    "GET /api/oauth-accounts/:provider": Example({"provider": "github"}, also=(404,)),
    "DELETE /api/oauth-accounts/:id": _of("id", "nobody", also=(404,)),
    "PUT /api/oauth-accounts/:id/primary": _of("id", "nobody", also=(404,)),
    "POST /api/oauth-accounts/:id/refresh": _of("id", "nobody", also=_UNLINKED),
    "GET /api/github/user": Example(also=_UNLINKED),
    "GET /api/github/repositories": Example(also=_UNLINKED),
    "POST /api/github/repositories": Example(body={"name": "depot"}, also=_UNLINKED),
    "POST /api/github/share-resource": Example(
        body={"resourceId": "{resource}", "owner": "o", "repo": "r"}, also=_UNLINKED
    ),
    "GET /api/github/repositories/:owner/:repo/exists": Example({"owner": "o", "repo": "r"}, also=(200, *_UNLINKED)),
    "GET /api/google-drive/user": Example(also=_UNLINKED),
    "GET /api/google-drive/folders": Example(also=_UNLINKED),
    "POST /api/google-drive/folders": Example(body={"name": "dossier"}, also=_UNLINKED),
    "POST /api/google-drive/share-resource": Example(body={"resourceId": "{resource}"}, also=_UNLINKED),
    "GET /api/templates/:id": _of("id", "template"),
    "POST /api/templates": Example(body={"name": "Modèle", "templateData": {"category": "c"}}),
    "PUT /api/templates/:id": _of("id", "template", body={"name": "Autre"}),
    "DELETE /api/templates/:id": _of("id", "template"),
    "GET /api/permissions/:id": _of("id", "permission"),
    "POST /api/permissions": Example(body=_PERMISSION),
    "POST /api/permissions/assign": Example(body={"role": "user", "permissionId": "{permission}"}),
    "DELETE /api/permissions/assign/:id": _of("id", "assignment"),
    "GET /api/permissions/user/:userId": _of("userId", "owner"),
    "GET /api/permissions/check": Example(query={"resource": "resource", "action": "read"}),
    "POST /api/rpc/:function": Example(
        {"function": "increment_resource_views"}, {"resource_id": "{resource}"}, also=(204,)
    ),
    "POST /api/admin_config": Example(body={"key": "{word}", "value": "1", "id": "{word}"}, also=(201,)),
    "GET /api/resource_versions": Example(query={"resource_id": "{versioned}"}),
    "GET /api/resource_versions/:id": _of("id", "version"),
    # A row as the dialect takes it: values are cast, and what no row of the caller's may be is refused by its policy.
    "POST /api/resource_versions": Example(body=_VERSION, also=(201, 403), codes=("23514",)),
    "DELETE /api/resource_versions/:id": _of("id", "version"),
    "GET /api/v1/resources/:id": _of("id", "resource", "private"),
    "POST /api/v1/resources": Example(body=_RESOURCE),
    "PUT /api/v1/resources/:id": _of("id", "resource", "private", body={"title": "Autre"}),
    "DELETE /api/v1/resources/:id": _of("id", "resource", "private"),
    "GET /api/v1/users/:id": _of("id", "owner"),
}
