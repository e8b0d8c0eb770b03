"""The rule of reading is stated for search, tags and notifications once more: it is the policy's, for every caller."""

import asyncpg

from .world import CALLERS, HOME, SERVICE, act_as, ident, sql

#: Private resources that one way alone opens to somebody, or did until it expired. The group is the member's.
WAYS = {
    "share": "resource_shares (resource_id, shared_with_user_id) values ({id}, <other>)",
    "group's share": "resource_shares (resource_id, shared_with_group_id) values ({id}, <group>)",
    "right": "resource_permissions (resource_id, user_id, permission) values ({id}, <other>, 'resource:read')",
    "right to write": "resource_permissions (resource_id, user_id, permission) values ({id}, <other>, 'write')",
    "group's right": "resource_permissions (resource_id, group_id, permission) values ({id}, <group>, 'read')",
    "right to nothing": "resource_permissions (resource_id, user_id, permission) values ({id}, <other>, 'comment')",
}
_EXPIRE = "update library.{} set expires_at = now() - interval '1 hour' where resource_id = $1"
OPENED = {
    "other": {"share", "right", "right to write"},
    "member": {"group's share", "group's right"},
    "owner": {*WAYS, *(f"expired {way}" for way in WAYS)},
    "moderator": {*WAYS, *(f"expired {way}" for way in WAYS)},
    "shared": set[str](),
    "anonymous": set[str](),
}


async def test_search_finds_exactly_what_the_policy_lets_every_caller_read(db: asyncpg.Connection) -> None:
    await db.execute("update library.resources set title = 'Zinnia ' || title")
    seen: set[int] = set()
    for name, caller in CALLERS.items():
        await act_as(db, caller)
        # The service is bound by no policy, but by the tenant that it names.
        rows = await db.fetch("select id from library.resources where tenant_id = relais.tenant_id()")
        readable = {row["id"] for row in rows}
        for query in ("zinnia", "zinia"):
            found = await db.fetch("select resource_id from library_internal.found_resources($1)", query)
            ids = [row["resource_id"] for row in found]
            assert (set(ids), len(ids)) == (readable, len(readable)), (name, query)
            rows = await db.fetch("select id from library.matching_resources($1)", query)
            assert {row["id"] for row in rows} == readable, (name, query)
        seen.add(len(readable))
        await db.execute("set local role none")
    assert len(seen) > 1


async def test_every_way_to_read_is_the_same_wherever_the_rule_is_stated(db: asyncpg.Connection) -> None:
    made: dict[str, str] = {}
    await act_as(db, SERVICE)
    for way, statement in WAYS.items():
        for name in (way, f"expired {way}"):
            id = await db.fetchval(
                "insert into library.resources (user_id, title, description, visibility, tags)"
                " values ($1, $2, 'D', 'private', '{quagga}') returning id",
                ident("owner"),
                f"Quagga {name}",
            )
            await db.execute(f"insert into library.{sql(statement).replace('{id}', repr(str(id)))}")
            if name != way:
                await db.execute(_EXPIRE.format(statement.split(" ", 1)[0]), id)
            made[name] = id
    for caller, ways in OPENED.items():
        await act_as(db, caller)
        opened = {made[way] for way in ways}
        for query, value in (
            ("select id from library.resources where id = any($1)", list(made.values())),
            ("select resource_id from library_internal.found_resources($1)", "quagga"),
            ("select resource_id from library_internal.found_resources($1)", "quaga"),
            ("select id from library.matching_resources($1)", "quagga"),
            ("select library_internal.tagged_resource_ids($1)", ["quagga"]),
        ):
            assert {row[0] for row in await db.fetch(query, value)} == opened, (caller, query)
        await db.execute("set local role none")
        for name, id in made.items():
            user = CALLERS[caller].user
            told = await db.fetchval("select library_internal.readable_by($1, $2, $3)", HOME, id, user)
            assert told is (id in opened), (caller, name)
