"""Who hears of a row equals who can read it over REST at that moment: every marked table, every way to a right.

Everything is touched at once after each change of rights, and what each caller hears of that is compared with what they
list. So a right that was lost is lost at once, and one that was won is won.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.embedded import Servers
from app.modules.library import MODULE
from app.named.shapes import moment

from tests.accounts.conftest import Member, signed_up
from tests.accounts.tenant_people import founded
from tests.conftest import Urls, environment_for, run_sql
from tests.library.conftest import new_resource, ranked
from tests.library.test_suggestions import proposed, voted
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import Ear, listening
from tests.realtime.library_ground import asked

TABLES = MODULE.realtime_tables
NAMES = (
    *("owner", "target", "writer", "expired", "permitted", "member", "group_owner", "group_permitted", "stranger"),
    *("guest", "moderator", "admin", "super_admin", "elsewhere"),
)
PATIENCE_SECONDS = 60
Rows = frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    """Two processes, in which everybody may make tenants."""
    environment = {**environment_for(urls, servers, data_dir), **CHEAP, "RELAIS_AUTH_TENANT_CREATION": "true"}
    with own_server(environment, workers=2) as server:
        yield server


@dataclass(slots=True)
class World:
    """People, what there is to read, and what everybody hears."""

    client: httpx.AsyncClient
    database: asyncpg.Connection
    people: Mapping[str, Member]
    ears: Mapping[str, Ear]
    resources: Mapping[str, str]
    groups: Mapping[str, str]
    shares: Mapping[str, str]
    permissions: Mapping[str, str]
    collections: Mapping[str, str]
    vote: str

    async def read(self) -> dict[str, Rows]:
        """What everybody can read over REST."""

        async def rows(who: Member, table: str) -> set[tuple[str, str]]:
            found = await asked(self.client, who, "GET", f"/rest/v1/{table}?select=id")
            return {(table, row["id"]) for row in found}

        found = dict[str, Rows]()
        for name, who in self.people.items():
            found[name] = frozenset().union(*await asyncio.gather(*(rows(who, table) for table in TABLES)))
        return found

    async def touch(self) -> datetime:
        """Change every row, and how a vote goes; when it was."""
        async with self.database.transaction():
            for table in TABLES:
                await self.database.execute(f"update library.{table} set created_at = created_at")
            await self.database.execute(
                "update library.suggestion_votes set vote_type ="
                " (case vote_type when 'upvote' then 'downvote' else 'upvote' end)::library.vote_type where id = $1",
                self.vote,
            )
            return await self.database.fetchval("select now()")

    async def fence(self) -> None:
        """Everybody has heard of everything so far."""
        last = dict[str, str]()
        for name in ("owner", "elsewhere"):
            body = {"name": f"Borne {uuid4()}", "type": "tag"}
            last[name] = (await asked(self.client, self.people[name], "POST", "/api/suggestions", body))["id"]
        for name, ear in self.ears.items():
            found = ("category_tag_suggestions", last["elsewhere" if name == "elsewhere" else "owner"])
            await ear.until(lambda ear, found=found: found in heard(ear, None, "INSERT"), PATIENCE_SECONDS)


def heard(ear: Ear, at: datetime | None, kind: str) -> list[tuple[str, str]]:
    """Rows that were told of, and of nothing but rows of that moment."""
    told = [item for item in ear.of("postgres_changes") if item["eventType"] == kind]
    return [
        (item["table"], (item["old"] if kind == "DELETE" else item["new"])["id"])
        for item in told
        if at is None or datetime.fromisoformat(item["commit_timestamp"]) == at
    ]


@pytest.fixture
async def world(server: OwnServer, urls: Urls) -> AsyncGenerator[World]:
    """Everything that the rules of reading tell apart."""
    async with AsyncExitStack() as stack:
        options: dict[str, Any] = {"base_url": server.address, "trust_env": False, "timeout": 60}
        client = await stack.enter_async_context(httpx.AsyncClient(**options))
        database = await asyncpg.connect(urls.admin)
        stack.push_async_callback(database.close)
        people = {name: await signed_up(client) for name in NAMES if name != "elsewhere"}
        people["elsewhere"] = (await founded(client)).owner
        for name in ("moderator", "admin", "super_admin"):
            await ranked(urls, people[name], name)
        world = await built(client, database, people)
        # Guests made what they made before they were.
        await ranked(urls, people["guest"], "guest")
        ears = dict[str, Ear]()
        for name, who in people.items():
            ears[name] = await stack.enter_async_context(listening(server.address, who.access_token))
            for table in TABLES:
                config = {"event": "*", "schema": "public", "table": table}
                assert "error" not in await ears[name].subscribe({"channel": table, "postgres_changes": config})
        world.ears = ears
        yield world


async def built(client: httpx.AsyncClient, database: asyncpg.Connection, people: Mapping[str, Member]) -> World:
    owner = people["owner"]
    groups = dict[str, str]()
    for name in ("shared", "permitted"):
        made = await asked(client, people["group_owner"], "POST", "/api/groups", {"name": f"Groupe {name}"})
        groups[name] = made["id"]
        for who in ("owner", "member" if name == "shared" else "group_permitted"):
            body = {"userId": people[who].id}
            await asked(client, people["group_owner"], "POST", f"/api/groups/{made['id']}/members", body)
    resources, shares, permissions = dict[str, str](), dict[str, str](), dict[str, str]()
    for name, visibility, to in (
        ("public", "public", {}),
        ("private", "private", {}),
        ("shared", "shared_users", {"sharedWithUserId": people["target"].id}),
        ("private_shared", "private", {"sharedWithUserId": people["target"].id}),
        ("public_shared", "public", {"sharedWithUserId": people["target"].id}),
        ("written", "private", {"sharedWithUserId": people["writer"].id, "permission": "write"}),
        ("expired", "private", {"sharedWithUserId": people["expired"].id}),
        ("grouped", "shared_groups", {"sharedWithGroupId": groups["shared"]}),
        ("unshared", "shared_users", {}),
        ("permitted", "private", {"userId": people["permitted"].id, "permission": "resource:read"}),
        ("group_permitted", "private", {"groupId": groups["permitted"], "permission": "read"}),
    ):
        resources[name] = (await new_resource(client, owner, title=name, visibility=visibility))["id"]
        if "userId" in to or "groupId" in to:
            path = f"/api/resources/{resources[name]}/permissions"
            permissions[name] = (await asked(client, owner, "POST", path, to))["id"]
        elif to:
            shares[name] = (await asked(client, owner, "POST", f"/api/resources/{resources[name]}/share", to))["id"]
    await database.execute(
        "update library.resource_shares set expires_at = now() - interval '1 hour' where id = $1", shares["expired"]
    )
    resources["of_stranger"] = (await new_resource(client, people["stranger"], visibility="private"))["id"]
    resources["elsewhere"] = (await new_resource(client, people["elsewhere"], title="Ailleurs"))["id"]
    for name, resource in resources.items():
        who = people[{"of_stranger": "stranger", "elsewhere": "elsewhere"}.get(name, "owner")]
        await asked(client, who, "POST", "/api/comments", {"resourceId": resource, "content": f"Sur {name}"})
        await asked(client, who, "POST", f"/api/resources/{resource}/rating", {"rating": 3})
    await asked(client, people["guest"], "POST", "/api/comments", {"resourceId": resources["public"], "content": "x"})
    collections = dict[str, str]()
    for name in ("public", "private"):
        body = {"name": name, "isPublic": name == "public"}
        collections[name] = (await asked(client, owner, "POST", "/api/collections", body))["id"]
        for number, resource in enumerate(resources[each] for each in ("public", "private", "shared", "grouped")):
            row = {"collection_id": collections[name], "resource_id": resource, "order_index": number}
            await asked(client, owner, "POST", "/rest/v1/collection_resources", row)
    for name in ("owner", "elsewhere"):
        made = await proposed(client, people[name], f"Proposé par {name} {uuid4()}")
        await voted(client, people[name], made["id"])
    which = "select id::text from library.suggestion_votes where user_id = $1"
    vote: str = await database.fetchval(which, owner.id)
    return World(client, database, people, {}, resources, groups, shares, permissions, collections, vote)


Step = Callable[[World], Awaitable[Any]]


def rest(by: str, method: str, path: Callable[[World], str], body: Any = None) -> Step:
    """A change that somebody makes over REST."""

    def made(world: World) -> Awaitable[Any]:
        return asked(world.client, world.people[by], method, path(world), body(world) if callable(body) else body)

    return made


def sql(statement: str, value: Callable[[World], str]) -> Step:
    """One that time makes, or that has no route."""
    return lambda world: world.database.execute(statement, value(world))


def rank(whom: str, role: str) -> Step:
    """Somebody is given another rank."""
    return rest("super_admin", "PUT", lambda w: f"/api/admin/users/{w.people[whom].id}/role", {"role": role})


#: What is changed, and whose rights that changes, so that nothing is compared that stayed the same.
STEPS: Mapping[str, tuple[Step, tuple[str, ...]]] = {
    "a share with a user is taken back": (
        rest("owner", "DELETE", lambda w: f"/api/resources/{w.resources['shared']}/shares/{w.shares['shared']}"),
        ("target",),
    ),
    "a share comes to its end": (
        sql(
            "update library.resource_shares set expires_at = now() - interval '1 s' where id = $1",
            lambda w: w.shares["written"],
        ),
        ("writer",),
    ),
    "a share that had ended is prolonged": (
        rest(
            "owner",
            "PUT",
            lambda w: f"/api/resources/{w.resources['expired']}/shares/{w.shares['expired']}",
            {"expiresAt": None},
        ),
        ("expired",),
    ),
    "a right of a user is taken back": (
        rest(
            "owner",
            "DELETE",
            lambda w: f"/api/resources/{w.resources['permitted']}/permissions/{w.permissions['permitted']}",
        ),
        ("permitted",),
    ),
    "somebody leaves a group": (
        rest("member", "DELETE", lambda w: f"/api/groups/{w.groups['shared']}/members/{w.people['member'].id}"),
        ("member",),
    ),
    "somebody joins a group": (
        rest(
            "group_owner",
            "POST",
            lambda w: f"/api/groups/{w.groups['shared']}/members",
            lambda w: {"userId": w.people["stranger"].id},
        ),
        ("stranger",),
    ),
    "a group is deleted": (
        rest("group_owner", "DELETE", lambda w: f"/api/groups/{w.groups['permitted']}"),
        ("group_permitted",),
    ),
    "a public resource is made private": (
        rest("owner", "PUT", lambda w: f"/api/resources/{w.resources['public']}", {"visibility": "private"}),
        ("stranger", "guest", "target"),
    ),
    "a private resource is made public": (
        rest("owner", "PUT", lambda w: f"/api/resources/{w.resources['private']}", {"visibility": "public"}),
        ("stranger", "guest", "target"),
    ),
    "a collection is made private": (
        rest("owner", "PUT", lambda w: f"/api/collections/{w.collections['public']}", {"isPublic": False}),
        ("stranger", "moderator"),
    ),
    "a moderator is one no more": (rank("moderator", "user"), ("moderator",)),
    "somebody becomes a moderator": (rank("stranger", "moderator"), ("stranger",)),
    "an administrator is one no more": (rank("admin", "user"), ("admin",)),
    "a rank comes to its end": (
        sql(
            "update library.user_roles set expires_at = now() - interval '1 s' where user_id = $1",
            lambda w: w.people["stranger"].id,
        ),
        ("stranger",),
    ),
}


async def compared(world: World, followed: Mapping[str, set[str]]) -> dict[str, Rows]:
    """Touch everything; everybody has heard of what they can read, once, and of nothing else."""
    for ear in world.ears.values():
        ear.heard.clear()
    at = await world.touch()
    await world.fence()
    readable = await world.read()
    when = moment(at.isoformat())
    standings = {
        name: {
            (told["suggestionId"], told["userVote"] is not None)
            for told in ear.of("suggestion:vote")
            if told["timestamp"] == when
        }
        for name, ear in world.ears.items()
    }
    query = "select suggestion_id::text from library.suggestion_votes where id = $1"
    suggestion: str = await world.database.fetchval(query, world.vote)
    for name, ear in world.ears.items():
        told = heard(ear, at, "UPDATE")
        kept = {row for row in readable[name] if row in told or not _is_new(ear, row)}
        assert set(told) == kept, (name, set(told) ^ kept)
        # The vote that turned changed its suggestion a second time, and itself.
        assert len(told) - len(set(told)) <= 2, name
        assert not heard(ear, at, "DELETE"), name
        updated = [item for item in ear.of("resource:update") if item["timestamp"] == when]
        shown = {item["resourceId"] for item in updated if not item["update"].get("deleted")}
        assert shown == {resource for resource in followed[name] if ("resources", resource) in readable[name]}, name
        gone = {item["resourceId"] for item in updated} - shown
        assert not [resource for resource in gone if ("resources", resource) in readable[name]], name
        notes = {item["id"] for item in ear.of("notification:update")}
        assert notes == {row for table, row in readable[name] if table == "notifications"}, name
        sees = ("category_tag_suggestions", suggestion) in readable[name]
        assert standings[name] == ({(suggestion, name == "owner")} if sees else set()), name
    return readable


def _is_new(ear: Ear, row: tuple[str, str]) -> bool:
    """Whether it was made after everything was touched, to see that all was heard."""
    return row in heard(ear, None, "INSERT")


async def test_who_hears_of_a_row_is_who_can_read_it(world: World) -> None:
    before = await world.read()
    followed = dict[str, set[str]]()
    for name, ear in world.ears.items():
        answers = {one: await ear.subscribe(f"resource:updates:{one}") for one in world.resources.values()}
        followed[name] = {one for one, answer in answers.items() if "error" not in answer}
        assert followed[name] == {row for table, row in before[name] if table == "resources"}, name
        assert "error" not in await ear.subscribe("suggestions:votes")
        for other, who in world.people.items():
            for form in ("notifications", "user"):
                assert ("error" in await ear.subscribe(f"{form}:{who.id}")) is (other != name)
    # All are told apart, but for administrators of both ranks.
    assert len(set(before.values())) == len(NAMES) - 1
    before = await compared(world, followed)
    for what, (step, whose) in STEPS.items():
        await step(world)
        after = await compared(world, followed)
        for name in whose:
            assert _about_rights(before[name]) != _about_rights(after[name]), (what, name)
        before = after


def _about_rights(rows: Rows) -> Rows:
    return frozenset(row for row in rows if row[0] not in ("category_tag_suggestions", "notifications"))


async def test_who_hears_that_a_row_is_deleted_is_who_could_read_it(world: World) -> None:
    for table in (
        *("suggestion_votes", "category_tag_suggestions", "notifications", "resource_ratings", "resource_comments"),
        # Rights that go with their resource are not asked about any more: here they go before.
        *("collection_resources", "collections", "resource_shares", "resource_permissions", "resources"),
    ):
        await world.fence()
        readable = await world.read()
        for ear in world.ears.values():
            ear.heard.clear()
        async with world.database.transaction():
            at = await world.database.fetchval("select now()")
            await world.database.execute(f"delete from library.{table}")
        await world.fence()
        for name, ear in world.ears.items():
            expected = {row for row in readable[name] if row[0] == table}
            told = heard(ear, at, "DELETE")
            assert len(told) == len(set(told))
            assert {row for row in told if row[0] == table} == expected, (name, table)
            contents = [item["new"] for item in ear.of("postgres_changes") if item["eventType"] == "DELETE"]
            assert not any(contents)


async def test_who_leaves_a_group_is_not_told_of_it_any_more_but_who_stays_is(world: World, urls: Urls) -> None:
    group, leaver = world.groups["shared"], world.people["member"].id
    (row,) = await asked(
        world.client,
        world.people["member"],
        "GET",
        f"/rest/v1/group_members?select=id&group_id=eq.{group}&user_id=eq.{leaver}",
    )
    await world.fence()
    readable = await world.read()
    await run_sql(urls.admin, f"delete from library.group_members where id = '{row['id']}'")
    await world.fence()
    told = {name for name, ear in world.ears.items() if ("group_members", row["id"]) in heard(ear, None, "DELETE")}
    could = {name for name, rows in readable.items() if ("group_members", row["id"]) in rows}
    assert told == could - {"member"}
    assert "member" in could
