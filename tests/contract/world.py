"""People and rows that requests of the contract are about. Each request gets rows of its own, so that none depends on
what another one did to them."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.accounts.conftest import Member, signed_up
from tests.contract.uploads import NAMED, UPLOADS, Upload
from tests.library.file_samples import uploaded

#: In every private row; whoever may not read these finds it in no answer.
SECRET = "zzsecretzz"
#: Makers of resources that strangers may not read, and of some that one of them may.
HIDDEN = ("private", "lapsed", "of_group")
SHARED = ("shared", "of_their_group")
CALLERS = ("anonymous", "other", "owner", "moderator", "admin", "super_admin")


@dataclass(slots=True)
class World:
    """A library with people in it."""

    client: httpx.AsyncClient
    pool: asyncpg.Pool
    people: dict[str, Member] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """What somebody sends."""
        return {} if who == "anonymous" else self.people[who].headers

    def person(self, who: str) -> str:
        """Whose rows: visitors have none, and ask about the owner's."""
        return self.people["owner" if who == "anonymous" else who].id

    async def row(self, table: str, **values: Any) -> str:
        """A new row, and its id."""
        key = str(values.setdefault("id", str(uuid4())))
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.pool.execute(f"insert into library.{table} ({names}) values ({places})", *_typed(values))
        return key

    async def make(self, what: str, who: str) -> str:
        """The id of a new row of a kind, for somebody's request."""
        return await MAKERS[what](self, who)


def _typed(values: dict[str, Any]) -> list[Any]:
    return [
        UUID(value) if name.endswith("id") and isinstance(value, str) and len(value) == 36 else value
        for name, value in values.items()
    ]


async def populated(client: httpx.AsyncClient, pool: asyncpg.Pool) -> World:
    """A world with people of every rank."""
    world = World(client, pool)
    for name in CALLERS[1:]:
        world.people[name] = await signed_up(client)
    for rank in ("moderator", "admin", "super_admin"):
        await pool.execute(
            "update library.user_roles set role = $1::text::library.app_role where user_id = $2",
            rank,
            UUID(world.people[rank].id),
        )
    return world


Maker = Callable[[World, str], Awaitable[str]]


async def _resource(world: World, _who: str) -> str:
    return await world.row(
        "resources", user_id=world.people["owner"].id, title="Une ressource", description="Ouverte", tags=["a"]
    )


async def _private(world: World, _who: str) -> str:
    owner = world.people["owner"].id
    return await world.row(
        "resources", user_id=owner, title=SECRET, description=SECRET, readme=SECRET, visibility="private"
    )


async def _lapsed(world: World, who: str) -> str:
    """Shared with the stranger until yesterday."""
    return await _shared_with_other(world, who, SECRET, expires_at=datetime.now(UTC) - timedelta(days=1))


async def _shared(world: World, who: str) -> str:
    return await _shared_with_other(world, who, "Partagée", expires_at=datetime.now(UTC) + timedelta(days=1))


async def _shared_with_other(world: World, who: str, text: str, **more: Any) -> str:
    resource = await _resource_of(world, who, text, "shared_users")
    other = world.people["other"].id
    await world.row("resource_shares", resource_id=resource, shared_with_user_id=other, permission="read", **more)
    return resource


async def _of_group(world: World, who: str) -> str:
    """Shared with a group that the stranger is not in."""
    resource = await _resource_of(world, who, SECRET, "shared_groups")
    group = await _group(world, who)
    await world.row("resource_shares", resource_id=resource, shared_with_group_id=group, permission="read")
    return resource


async def _of_their_group(world: World, who: str) -> str:
    resource = await _resource_of(world, who, "Partagée", "shared_groups")
    group = await world.row("groups", owner_id=world.people["owner"].id, name="Ensemble")
    await world.row("group_members", group_id=group, user_id=world.people["other"].id, role="member")
    await world.row("resource_shares", resource_id=resource, shared_with_group_id=group, permission="read")
    return resource


async def _resource_of(world: World, _who: str, text: str, visibility: str) -> str:
    owner = world.people["owner"].id
    return await world.row("resources", user_id=owner, title=text, description=text, readme=text, visibility=visibility)


async def _versioned(world: World, _who: str) -> str:
    resource = await _resource(world, _who)
    for number in (1, 2):
        await _version_of(world, resource, number)
    return resource


async def _version_of(world: World, resource: str, number: int) -> str:
    owner = world.people["owner"].id
    return await world.row(
        "resource_versions", resource_id=resource, version_number=number, title="V", description="V", created_by=owner
    )


async def _version(world: World, who: str) -> str:
    resource = await _resource(world, who)
    first = await _version_of(world, resource, 1)
    await _version_of(world, resource, 2)
    return first


async def _rated(world: World, who: str) -> str:
    resource = await _resource(world, who)
    await world.row("resource_ratings", resource_id=resource, user_id=world.person(who), rating=4)
    return resource


async def _saved(world: World, who: str) -> str:
    resource = await _resource(world, who)
    await world.row("saved_resources", resource_id=resource, user_id=world.person(who))
    return resource


async def _comment(world: World, who: str) -> str:
    resource = await _resource(world, who)
    owner = world.people["owner"].id
    return await world.row("resource_comments", resource_id=resource, user_id=owner, content="Bien")


async def _collection(world: World, _who: str) -> str:
    return await world.row("collections", user_id=world.people["owner"].id, name="Choix", is_public=True)


async def _private_collection(world: World, _who: str) -> str:
    return await world.row("collections", user_id=world.people["owner"].id, name=SECRET, is_public=False)


async def _group(world: World, _who: str) -> str:
    return await world.row("groups", owner_id=world.people["owner"].id, name=SECRET)


async def _notification(world: World, who: str) -> str:
    return await world.row("notifications", user_id=world.person(who), type="system", title="T", message="M")


async def _suggestion(world: World, _who: str) -> str:
    owner = world.people["owner"].id
    name = f"mot-{secrets.token_hex(4)}"
    return await world.row("category_tag_suggestions", name=name, type="tag", suggested_by=owner)


async def _voted(world: World, who: str) -> str:
    suggestion = await _suggestion(world, who)
    await world.row("suggestion_votes", suggestion_id=suggestion, user_id=world.person(who), vote_type="upvote")
    return suggestion


async def _category(world: World, _who: str) -> str:
    return await world.row("category_hierarchy", name=f"Rayon {secrets.token_hex(4)}")


async def _filter(world: World, who: str) -> str:
    category = await _category(world, who)
    return await world.row(
        "category_filters", category_id=category, filter_key="k", filter_type="text", filter_label="K"
    )


async def _template(world: World, _who: str) -> str:
    owner = world.people["owner"].id
    return await world.row("resource_templates", created_by=owner, name="Modèle", description="", is_public=True)


async def _permission(world: World, _who: str) -> str:
    return await world.row("permissions", name=f"p:{secrets.token_hex(6)}", resource="r", action="a")


async def _assignment(world: World, who: str) -> str:
    return await world.row("role_permissions", role="user", permission_id=await _permission(world, who))


async def _api_token(world: World, who: str) -> str:
    made = await world.client.post("/api/api-tokens", json={"name": "Jeton"}, headers=world.headers(who))
    return str(made.json()["id"]) if made.status_code == 201 else str(uuid4())


async def _config_key(world: World, _who: str) -> str:
    key = f"contract_{secrets.token_hex(4)}"
    # Its identifier is text.
    await world.pool.execute("insert into library.admin_config (key, value) values ($1, '1')", key)
    return key


async def _person(world: World, who: str) -> str:
    return world.person(who)


async def _newcomer(world: World, _who: str) -> str:
    return (await signed_up(world.client)).id


async def _owner(world: World, _who: str) -> str:
    return world.people["owner"].id


async def _nobody(_world: World, _who: str) -> str:
    return str(uuid4())


async def _later(_world: World, _who: str) -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def _word(_world: World, _who: str) -> str:
    return f"mot{secrets.token_hex(5)}"


async def _share(world: World, who: str) -> str:
    resource = await _resource(world, who)
    target = world.people["moderator"].id
    share = await world.row("resource_shares", resource_id=resource, shared_with_user_id=target, permission="read")
    return f"{resource}:{share}:{target}"


async def _explicit(world: World, who: str) -> str:
    resource = await _resource(world, who)
    target = world.people["moderator"].id
    given = await world.row("resource_permissions", resource_id=resource, user_id=target, permission="resource:read")
    return f"{resource}:{given}"


async def _entry(world: World, who: str) -> str:
    collection, resource = await _collection(world, who), await _resource(world, who)
    await world.row("collection_resources", collection_id=collection, resource_id=resource)
    return f"{collection}:{resource}"


async def _member(world: World, who: str) -> str:
    group, person = await _group(world, who), world.people["moderator"].id
    await world.row("group_members", group_id=group, user_id=person, role="member")
    return f"{group}:{person}"


def _file(upload: Upload) -> Maker:
    """Makes the owner's files that anybody may read who knows their names."""

    async def make(world: World, _who: str) -> str:
        content, headers = upload.sent()
        headers |= world.headers("owner")
        answer = await world.client.post("/api/files/upload", content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["file"]["fileName"]

    return make


async def _hidden_file(world: World, who: str) -> str:
    private = await _private(world, who)
    content = SECRET.encode()
    told = await uploaded(world.client, world.people["owner"], content, "text/plain", "a.txt", resourceId=private)
    return told["fileName"]


MAKERS: dict[str, Maker] = {
    **{f"{name}_file": _file(UPLOADS[name]) for name in ("plain", *NAMED)},
    "hidden_file": _hidden_file,
    "share": _share,
    "explicit": _explicit,
    "entry": _entry,
    "member": _member,
    "resource": _resource,
    "private": _private,
    "lapsed": _lapsed,
    "of_group": _of_group,
    "shared": _shared,
    "of_their_group": _of_their_group,
    "versioned": _versioned,
    "version": _version,
    "rated": _rated,
    "saved": _saved,
    "comment": _comment,
    "collection": _collection,
    "private_collection": _private_collection,
    "group": _group,
    "notification": _notification,
    "suggestion": _suggestion,
    "voted": _voted,
    "category": _category,
    "filter": _filter,
    "template": _template,
    "permission": _permission,
    "assignment": _assignment,
    "api_token": _api_token,
    "config_key": _config_key,
    "person": _person,
    "newcomer": _newcomer,
    "owner": _owner,
    "nobody": _nobody,
    "later": _later,
    "word": _word,
}
