"""Nothing crosses: every route and every table, asked by everybody who is not in the tenant that it is about.

The world is that of the access rules (`tests/database/world.py`): one row of everything in the tenant `home`. A cell of
the matrix is a route and a caller. Whatever the answer is, nothing of home is in it, and home is afterwards as before.
The routes are those that the application has: who adds one adds a line to this table.
"""

import re
import secrets
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal
from uuid import UUID

import asyncpg
import httpx
import pytest
from app import health, watch
from app.accounts.assembly import ROUTERS
from app.accounts.context import Accounts
from app.adapters.postgres import SERVICE
from app.auth.sessions import Device
from app.main import create_app
from app.modules import load_modules
from app.settings import Settings
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from tests.accounts.conftest import bearer, with_group
from tests.accounts.tenant_people import token_of
from tests.conftest import Urls, client_of, started
from tests.database.world import ELSEWHERE, GROUP, HOME, PRIVATE, PUBLIC, ROWS, fill, ident

MARK = "secret-de-la-maison"
#: Addresses and names of home that people type; whose they are is told by their mark.
_MARKED = {
    "library.resources": ("title", "description", "readme"),
    "library.profiles": ("username", "full_name", "bio"),
    "library.groups": ("name", "description"),
    "library.collections": ("name", "description"),
    "library.resource_comments": ("content",),
    "library.resource_templates": ("name", "description"),
    "library.resource_versions": ("title", "description"),
    "library.notifications": ("title", "message"),
    "library.category_hierarchy": ("name",),
    "library.category_filters": ("filter_label",),
    "library.category_tag_suggestions": ("name",),
    "library.files": ("original_name",),
    "library.admin_config": ("description",),
    "library.analytics_events": ("event",),
}
#: When a session was used last is written down when somebody asks for theirs.
_ROWS_OF_ONE = """
    select string_agg(format('select (to_jsonb(t) - %L)::text as row from %I.%I as t where tenant_id = $1',
                             case c.relname when 'sessions' then 'last_used_at' else '' end, n.nspname, c.relname),
                      ' union all ') || ' order by row'
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
    where n.nspname in ('library', 'relais') and c.relkind in ('r', 'p') and c.relname <> 'audit_log'
"""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Who = Literal[
    "anonymous",
    "owner elsewhere",
    "of both, elsewhere",
    "former member",
    "token of elsewhere",
    "token of both, elsewhere",
]
CALLERS: tuple[Who, ...] = (
    "anonymous",
    "owner elsewhere",
    "of both, elsewhere",
    "former member",
    "token of elsewhere",
    "token of both, elsewhere",
)
#: Who is in both tenants may know of the other one, and go there.
GOES_HOME = {("GET", "/api/tenants"), ("POST", "/api/tenants/switch")}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, but for who sends it. `{…}` in the path is filled with ids of home."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def explicit_calls() -> Iterator[Call]:
    """Each explicit route."""
    modules = (module.router for module in load_modules() if module.router is not None)
    for route, prefix in (found for router in (*ROUTERS, *modules) for found in routes_of(router)):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            # Without what a part of the path is converted by.
            yield Call(method, re.sub(r"{(\w+):\w+}", r"{\1}", f"{prefix}{route.path}"))


def routes_of(router: APIRouter, prefix: str = "") -> Iterator[tuple[APIRoute, str]]:
    """The routes of a router and of those that it includes, with what goes before their paths."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route, prefix
        else:
            included: Any = route
            yield from routes_of(included.original_router, f"{prefix}{included.include_context.prefix}")


def gateway_calls() -> Iterator[Call]:
    """Each table of a module, read and written, and each function."""
    for table in (table for module in load_modules() for table in module.tables):
        yield Call("GET", f"/rest/v1/{table}")
        yield Call("GET", f"/rest/v1/{table}", {"tenant_id": f"eq.{HOME}"})
        yield Call("DELETE", f"/rest/v1/{table}", {"created_at": "gt.2000-01-01"})
        yield Call("PATCH", f"/rest/v1/{table}", {"created_at": "gt.2000-01-01"}, {"created_at": "2001-01-01"})
        yield Call("POST", f"/rest/v1/{table}", {}, {"tenant_id": str(HOME), "user_id": str(ident("owner"))})
    for function, body in (
        ("increment_resource_views", {"resource_id": str(PUBLIC)}),
        ("increment_resource_downloads", {"resource_id": str(PUBLIC)}),
        ("search_users", {"query": MARK[:6]}),
        ("fork_resource", {"resource_id": str(PUBLIC)}),
        ("vote_on_suggestion", {"suggestion_id": str(ident("suggestion")), "vote": "upvote"}),
        ("review_suggestion", {"suggestion_id": str(ident("suggestion")), "status": "approved"}),
        ("restore_version", {"version_id": str(ident("version"))}),
        ("has_role", {"_user_id": str(ident("super_admin")), "_role": "super_admin"}),
    ):
        yield Call("POST", f"/rest/v1/rpc/{function}", {}, body)


EXPLICIT, GATEWAY = tuple(explicit_calls()), tuple(gateway_calls())


@dataclass(frozen=True, slots=True)
class World:
    """The application, and what is at home."""

    app: FastAPI
    client: httpx.AsyncClient
    #: Of the database, with the statement that selects every row of a tenant.
    owner: asyncpg.Connection
    select: str

    async def rows(self) -> list[str]:
        """Every row of home, as text."""
        return [row for (row,) in await self.owner.fetch(self.select, HOME)]

    async def forget_settings(self) -> None:
        """What people elsewhere have told their own settings."""
        for statement in FORGET:
            await self.owner.execute(statement, ELSEWHERE)

    async def session(self, user: str, tenant: UUID) -> tuple[str, str]:
        """A new session of a user of the world: its id and an access token."""
        accounts: Accounts = self.app.state.accounts
        async with accounts.database.transaction(SERVICE) as connection:
            somebody = {"id": str(ident(user)), "email": f"{user}@test.org"}
            who = await accounts.sessions.create(connection, somebody, str(tenant), Device("127.0.0.1", "matrix"))
        return who.session_id, accounts.sessions.tokens(who).access_token

    async def headers(self, who: Who) -> dict[str, str]:
        """What a caller sends."""
        match who:
            case "anonymous":
                return {}
            case "owner elsewhere":
                return bearer((await self.session("foreigner", ELSEWHERE))[1])
            case "of both, elsewhere":
                return bearer((await self.session("both", ELSEWHERE))[1])
            case "former member":
                return bearer(self.app.state.former)
            case "token of elsewhere" | "token of both, elsewhere":
                user = str(ident("both" if "both" in who else "foreigner"))
                return bearer(await token_of(self.app, str(ELSEWHERE), user, ("read", "write", "admin")))


@pytest.fixture(scope="module")
async def world(cheap: Settings, urls: Urls) -> AsyncGenerator[World]:
    """The world, in the database of this file."""
    owner = await asyncpg.connect(urls.admin)
    await fill(owner)
    for statement in _more():
        await owner.execute(statement)
    select = await owner.fetchval(_ROWS_OF_ONE)
    settings = with_group(cheap, "auth", tenant_creation=True, tenant_header="x-tenant")
    async with started(create_app(settings)) as app, client_of(app) as client:
        world = World(app, client, owner, select)
        _, app.state.former = await world.session("former", HOME)
        assert await _is_admitted(world, bearer(app.state.former))
        leaving = bearer((await world.session("super_admin", HOME))[1])
        answer = await client.delete(f"/api/tenants/current/members/{ident('former')}", headers=leaving)
        assert answer.status_code == 200, answer.text
        yield world
    await owner.close()


def _more() -> Iterable[str]:
    """What this matrix needs besides: standings, people between tenants, marks, and things that wait at home."""
    yield f"update relais.memberships set role = 'owner' where user_id = '{ident('foreigner')}'"
    yield f"update relais.memberships set role = 'owner' where user_id = '{ident('super_admin')}'"
    for name in ("both", "former"):
        yield f"insert into relais.users (id, email) values ('{ident(name)}', '{name}@test.org')"
        yield f"insert into relais.memberships (tenant_id, user_id) values ('{HOME}', '{ident(name)}')"
    yield (
        f"insert into relais.memberships (tenant_id, user_id, role) values ('{ELSEWHERE}', '{ident('both')}', 'owner')"
    )
    for table, columns in _MARKED.items():
        values = ", ".join(f"{name} = '{MARK} ' || gen_random_uuid()" for name in columns)
        yield f"update {table} set {values} where tenant_id = '{HOME}'"
    yield (
        "insert into relais.one_time_tokens (id, tenant_id, email, purpose, token_hash, details, expires_at) values"
        f" ('{ident('invitation')}', '{HOME}', '{MARK}@test.org', 'accept_invitation', '\\x02',"
        f' \'{{"role": "owner", "invited_by": "{ident("super_admin")}"}}\', now() + interval \'1 day\')'
    )
    yield (
        "insert into relais.email_outbox (id, tenant_id, recipient, template, data, next_attempt_at) values"
        f" ('{ident('letter')}', '{HOME}', '{MARK}@test.org', 'accept_invitation', '{{}}', now() + interval '1 day')"
    )


#: What stands in a path, by what its name says; a name that says nothing is tried with all of them.
#: What stands for a part of a path, by a word in its name. Where it is none of these, every id that home has is tried.
IDS: Mapping[str, tuple[UUID | str, ...]] = {
    "user": (ident("owner"),),
    "member": (ident("owner"),),
    "profile": (ident("owner"),),
    "invitation": (ident("invitation"),),
    "session": (ident("session"),),
    "resource": (PRIVATE, PUBLIC),
    "group": (GROUP,),
    "permission": (ident("permission"),),
    "token": (ident("api token"),),
    "account": (ident("oauth"),),
    "email": (ident("letter"),),
    "mail": (ident("letter"),),
    "tenant": (HOME,),
    "category": (ident("category"),),
    "suggestion": (ident("suggestion"),),
    "collection": (ident("collection"), ident("private collection")),
    "filter": (ident("filter"),),
    "template": (ident("private template"), ident("public template")),
    "comment": (ident("private comment"), ident("public comment")),
    "notification": (ident("notification"),),
    "job": (ident("job"),),
    "share": (ident("share"), ident("group share")),
    "provider": ("nobody",),
    "owner": ("lea",),
    "repo": ("notes",),
    "name": ("relais-20200101-000000-0000", "category"),
    "key": ("auto_approval_enabled",),
    "function": ("votes_of_suggestion",),
    "number": ("1",),
}


#: The row that home has in a table.
ROW_OF = dict(re.findall(r"insert into library\.(\w+) \((?:tenant_id, )?id, [^)]*\) values\s*\(<([a-z ]+)>", ROWS))


def filled(path: str) -> list[str]:
    """The path with ids of home in it."""
    if "{table}" in path:
        tables = (table for module in load_modules() for table in module.tables)
        rows = ((table, ident(ROW_OF[table]) if table in ROW_OF else PRIVATE) for table in tables)
        return [path.replace("{table}", table).replace("{row_id}", str(row)) for table, row in rows]
    names = re.findall(r"{(\w+)}", path)
    if not names:
        return [path]
    everything = tuple(ident(name.strip("<>")) for name in sorted(set(re.findall(r"<[a-z ]+>", ROWS))))
    known = [next((IDS[key] for key in IDS if key in name), everything) for name in names]
    return [path.format(**dict(zip(names, ids, strict=True))) for ids in product(*known)]


#: Whatever a body may ask for: more standing, another tenant, somebody else's things.
BODIES: tuple[dict[str, Any], ...] = (
    {
        "tenantId": str(HOME),
        "userId": str(ident("owner")),
        "resourceId": str(PRIVATE),
        "groupId": str(GROUP),
        "permissionId": str(ident("permission")),
        "role": "owner",
        "permission": "resource:read",
        "name": "x",
        "scopes": ["read"],
        "token": "x",
        "email": "",
    },
    {"slug": "home", "name": "x", "fullName": "x x", "status": "approved", "refreshToken": "x"},
)


@pytest.mark.parametrize("call", EXPLICIT, ids=str)
async def test_no_explicit_route_crosses(world: World, call: Call) -> None:
    before = await world.rows()
    for who in CALLERS:
        # Who is a member of both may go there.
        if "both" not in who or (call.method, call.path) not in GOES_HOME or who.startswith("token"):
            await _crosses_nothing(world, call, who, before)
    assert await world.rows() == before


async def _crosses_nothing(world: World, call: Call, who: Who, before: list[str]) -> None:
    for path in filled(call.path):
        for body in BODIES:
            some = {**body, "email": f"{secrets.token_hex(6)}@example.org"} if "email" in body else body
            sent = None if call.method in ("GET", "DELETE") else some
            headers = await world.headers(who)
            answer = await world.client.request(call.method, path, json=sent, headers=headers)
            _must_tell_nothing(answer, before, f"{path} {sent}", who)
            if sent is None:
                break
    await world.forget_settings()


@pytest.mark.parametrize("who", CALLERS)
async def test_no_table_or_function_crosses(world: World, who: Who) -> None:
    before = await world.rows()
    for call in GATEWAY:
        headers = {**await world.headers(who), "Prefer": "return=representation"}
        answer = await world.client.request(call.method, call.path, params=call.params, json=call.body, headers=headers)
        _must_tell_nothing(answer, before, f"{call.path} {call.params} {call.body}", who)
        if who == "former member":
            assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED"), call
    assert await world.rows() == before


@pytest.mark.parametrize("call", [call for call in GATEWAY if call.method == "GET" and not call.params], ids=str)
async def test_who_is_at_home_sees_what_nobody_else_does(world: World, call: Call) -> None:
    seen: list[str] = []
    for user in ("super_admin", "owner"):
        _, token = await world.session(user, HOME)
        seen += (await world.client.get(call.path, headers=bearer(token))).text
    told = set(_UUID.findall("".join(seen)))
    assert told & _ids(await world.rows()), call


async def test_who_is_in_both_tenants_sees_of_each_what_their_session_is_in(world: World) -> None:
    title = f"ailleurs-{secrets.token_hex(6)}"
    _, token = await world.session("both", ELSEWHERE)
    row = {"title": title, "description": "x", "visibility": "public", "user_id": str(ident("both"))}
    assert (await world.client.post("/rest/v1/resources", json=row, headers=bearer(token))).status_code == 201
    for tenant in (HOME, ELSEWHERE):
        _, token = await world.session("both", tenant)
        answer = await world.client.get("/rest/v1/resources", params={"select": "id,title"}, headers=bearer(token))
        assert (MARK in answer.text, title in answer.text) == (tenant == HOME, tenant == ELSEWHERE)
        current = await world.client.get("/api/tenants/current", headers=bearer(token))
        assert current.json()["id"] == str(tenant)


@pytest.mark.parametrize("with_session", [False, True])
async def test_a_forged_tenant_opens_nothing_that_is_not_open_to_strangers(world: World, with_session: bool) -> None:
    session = (await world.session("foreigner", ELSEWHERE))[0] if with_session else ""
    claims = {"sub": str(ident("foreigner")), "tenant_id": str(HOME), "role": "authenticated"}
    forged = bearer(world.app.state.accounts.keys.sign({**claims, **({"sid": session} if session else {})}))
    before = await world.rows()
    ids = _ids(before)
    for call in GATEWAY:
        answer = await world.client.request(call.method, call.path, params=call.params, json=call.body, headers=forged)
        if call.method == "GET" or "/rpc/" in call.path:
            # What strangers are told, too: the call is sent again without a token, to the same tenant.
            stranger = await world.client.request(
                call.method, call.path, params=call.params, json=call.body, headers={"x-tenant": "home"}
            )
            assert not ids & (set(_UUID.findall(answer.text)) - set(_UUID.findall(stranger.text))), call
        else:
            assert answer.status_code >= 400 or answer.text in ("", "[]"), (call, answer.text)
    counted = [row for row in await world.rows() if '"views_count"' not in row]
    assert counted == [row for row in before if '"views_count"' not in row]
    for method, path in (
        ("GET", "/api/tenants/current"),
        ("PATCH", "/api/tenants/current"),
        ("GET", "/api/tenants/current/members"),
        ("PATCH", f"/api/tenants/current/members/{ident('foreigner')}"),
        ("GET", "/api/tenants/current/invitations"),
        ("POST", "/api/tenants/current/invitations"),
        ("DELETE", f"/api/tenants/current/invitations/{ident('invitation')}"),
    ):
        body = None if method == "GET" else {"name": "x", "role": "owner", "email": "a@example.org"}
        answer = await world.client.request(method, path, json=body, headers=forged)
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_A_MEMBER"), (method, path)
    assert str(HOME) not in (await world.client.get("/api/tenants", headers=forged)).text


def test_the_matrix_has_every_route_and_table(world: World) -> None:
    served = {path for path in world.app.openapi()["paths"] if not path.startswith(("/rest/v1", "/api/docs"))}
    about_the_service = {route.path for router in (health.router, watch.router) for route, _ in routes_of(router)}
    assert served - about_the_service <= {call.path for call in EXPLICIT}
    assert len(GATEWAY) >= 27 * 5


def _must_tell_nothing(answer: httpx.Response, rows: list[str], sent: str, who: Who) -> None:
    """Whether nothing of home is in an answer but what was sent."""
    # Views that cannot be written to are PostgreSQL's own refusal, and a 500 in the dialect.
    assert answer.status_code < 500 or '"55000"' in answer.text, (sent, answer.text)
    assert MARK not in answer.text, (sent, answer.text)
    told = set(_UUID.findall(f"{answer.text} {answer.headers}")) - set(_UUID.findall(sent))
    own = {str(ident(name)) for name in ("foreigner", "both", "former") if name[:4] in who or name == "foreigner"}
    assert not (told & _ids(rows)) - own, (sent, answer.text)


#: What people elsewhere have put into their own settings, and its record: whatever a body said, ids of home among it.
FORGET = (
    "delete from library.admin_config where tenant_id = $1 and concat(key, value) ~ '[0-9a-f]{8}-[0-9a-f]{4}'",
    "delete from library.admin_config_audit_logs where tenant_id = $1",
)


def _ids(rows: list[str]) -> set[str]:
    return {found for row in rows for found in _UUID.findall(row)} - {str(ident("both")), str(ident("former"))}


async def _is_admitted(world: World, headers: dict[str, str]) -> bool:
    return (await world.client.get("/rest/v1/profiles", headers=headers)).status_code == 200
