"""`Relais-Explain: policy`: how many of the rows that a read asks for each policy hides, told to those who may know."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from pydantic import SecretStr

from tests.auth.signing import SECRET, hmac_signer, signed
from tests.conftest import Urls, client_of, run_sql, started
from tests.database.world import CALLERS, HOME, PRIVATE, fill, ident

EXPLAIN = {"Relais-Explain": "policy"}
#: What is hidden from `other`, a member without a rank of whom the world says nothing: of each table its rows, those
#: that are shown, and the rows that each policy of reading does not let through.
GOLDEN: dict[str, tuple[int, int, dict[str, int]]] = {
    "admin_config": (10, 10, {"read": 0}),
    "admin_config_audit_logs": (1, 0, {"read": 1}),
    "analytics_events": (1, 0, {"read": 1}),
    "category_filters": (1, 1, {"read": 0}),
    "category_hierarchy": (1, 1, {"read": 0}),
    "category_tag_suggestions": (37, 37, {"read": 0}),
    "collection_resources": (2, 1, {"read": 1}),
    "collections": (2, 1, {"read": 1}),
    "files": (2, 0, {"read": 2, "read_by_name": 2}),
    "group_members": (2, 0, {"read": 2}),
    "groups": (1, 0, {"read": 1}),
    "notifications": (1, 0, {"read": 1}),
    "permission_audit_logs": (1, 0, {"read": 1}),
    "permissions": (29, 0, {"read": 29}),
    "profile_preferences": (1, 0, {"read": 1}),
    "profiles": (10, 10, {"read": 0}),
    "resource_comments": (2, 1, {"read": 1}),
    "resource_permissions": (1, 0, {"read": 1}),
    "resource_ratings": (2, 1, {"read": 1}),
    "resource_shares": (4, 0, {"read": 4}),
    "resource_templates": (2, 1, {"read": 1}),
    "resource_versions": (2, 0, {"read": 2}),
    "resources": (2, 1, {"read": 1}),
    "role_permissions": (98, 0, {"read": 98}),
    "saved_resources": (1, 0, {"read": 1}),
    "suggestion_votes": (1, 1, {"read": 0}),
    "user_roles": (10, 1, {"read": 9}),
}
#: Nothing is granted to callers: no policy is reached.
UNGRANTED = {"analytics_daily"}
#: Obeyed, not explained.
OF_TENANTS = {"tenant"}


@pytest.fixture(scope="module")
async def client(settings: Settings, urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an API on the world of two tenants."""
    connection = await asyncpg.connect(urls.admin)
    try:
        await fill(connection)
    finally:
        await connection.close()
    rest = settings.rest.model_copy(update={"jwt_secret": SecretStr(SECRET), "explain_rows": 100})
    async with started(create_app(settings.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        yield client


def token(name: str, **claims: Any) -> dict[str, str]:
    """What somebody of the world sends."""
    caller = CALLERS[name]
    told = {"role": caller.role, "tenant_id": str(caller.tenant), "exp": int(time.time()) + 3600, **claims}
    if caller.user is not None:
        told["sub"] = str(caller.user)
    return {"Authorization": f"Bearer {signed({'alg': 'HS256', 'typ': 'JWT'}, told, hmac_signer(SECRET.encode()))}"}


def asking(name: str) -> dict[str, str]:
    """What somebody sends whose token lets them look behind the rules."""
    return {**token(name, relais_explain=True), **EXPLAIN}


def report_of(answer: httpx.Response) -> dict[str, Any]:
    """What the header says."""
    assert answer.is_success, answer.text
    return json.loads(answer.headers["Relais-Explained"])


async def test_every_policy_of_the_library_has_a_golden(urls: Urls) -> None:
    connection = await asyncpg.connect(urls.admin)
    try:
        found = await connection.fetch(
            "select c.relname, p.polname from pg_policy as p join pg_class as c on c.oid = p.polrelid"
            " where c.relnamespace = 'library'::regnamespace and p.polcmd in ('r', '*')"
        )
    finally:
        await connection.close()
    there = {(row[0], row[1]) for row in found if row[1] not in OF_TENANTS and row[0] not in UNGRANTED}
    assert there == {(table, policy) for table, (_, _, policies) in GOLDEN.items() for policy in policies}


@pytest.mark.parametrize("table", sorted(GOLDEN))
async def test_what_is_hidden_from_a_member(client: httpx.AsyncClient, urls: Urls, table: str) -> None:
    rows, shown, fails = GOLDEN[table]
    answer = await client.get(f"/rest/v1/{table}", headers=asking("other"))
    report = report_of(answer)

    assert (report["table"], report["role"]) == (f"library.{table}", "authenticated")
    assert (report["rows"], report["shown"], report["hidden"]) == (rows, shown, rows - shown)
    assert {item["name"]: item["fails"] for item in report["policies"]} == fails
    # The other way round: what is shown, and what the owner of the database finds there.
    assert len(answer.json()) == shown
    assert await counted(urls, f"select count(*) from library.{table} where tenant_id = '{HOME}'") == rows


async def counted(urls: Urls, statement: str) -> int:
    """A number, as the owner of the database finds it."""
    connection = await asyncpg.connect(urls.admin)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_the_answer_itself_stays_as_it_is(client: httpx.AsyncClient) -> None:
    path = "/rest/v1/resources?select=id&order=id"
    plain, told = await client.get(path, headers=token("other")), await client.get(path, headers=asking("other"))

    assert (told.status_code, told.content) == (plain.status_code, plain.content)
    assert "Relais-Explained" not in plain.headers
    assert "no-store" in told.headers["Cache-Control"]
    assert "ETag" not in told.headers


async def test_only_what_the_filters_find_is_counted(client: httpx.AsyncClient) -> None:
    hidden = await client.get(f"/rest/v1/resources?id=eq.{PRIVATE}", headers=asking("other"))
    nothing = await client.get(f"/rest/v1/resources?id=eq.{ident('nobody')}", headers=asking("other"))
    page = await client.get("/rest/v1/resources?limit=1&offset=1", headers=asking("other"))

    assert (report_of(hidden)["rows"], report_of(hidden)["shown"]) == (1, 0)
    assert (report_of(nothing)["rows"], report_of(nothing)["hidden"]) == (0, 0)
    assert report_of(page)["rows"] == GOLDEN["resources"][0]


async def test_nothing_of_what_is_hidden_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rest/v1/resources?title=like.Priv*", headers=asking("other"))
    assert report_of(answer)["hidden"] == 1
    for secret in ("Private", "For some", str(PRIVATE)):
        assert secret not in str(answer.headers) + answer.text


@pytest.mark.parametrize("name", ["foreigner", "outsider"])
async def test_rows_of_other_tenants_are_not_counted(client: httpx.AsyncClient, urls: Urls, name: str) -> None:
    tenant = CALLERS[name].tenant
    for table in GOLDEN:
        report = report_of(await client.get(f"/rest/v1/{table}", headers=asking(name)))
        assert report["rows"] == await counted(
            urls, f"select count(*) from library.{table} where tenant_id = '{tenant}'"
        )


async def test_who_shares_a_resource_with_somebody_is_looked_up_as_its_reader(client: httpx.AsyncClient) -> None:
    path = f"/rest/v1/resources?id=eq.{PRIVATE}"
    shown = {
        name: report_of(await client.get(path, headers=asking(name)))["shown"] for name in CALLERS if name != "service"
    }
    assert {name for name, found in shown.items() if found} == {
        *("owner", "shared", "writer", "member", "moderator", "admin", "super_admin")
    }


@pytest.mark.parametrize("name", ["anonymous", "owner", "moderator", "guest"])
@pytest.mark.parametrize("path", [f"resources?id=eq.{PRIVATE}", "resources?id=eq.no-id", "nowhere", "admin_config"])
async def test_others_are_refused_whatever_there_is(client: httpx.AsyncClient, name: str, path: str) -> None:
    answer = await client.get(f"/rest/v1/{path}", headers={**token(name), **EXPLAIN})
    assert (answer.status_code, answer.json()["code"]) == (403, "RELAIS_EXPLAIN_REFUSED")
    assert "Relais-Explained" not in answer.headers


@pytest.mark.parametrize("name", ["admin", "super_admin"])
async def test_administrators_may_ask(client: httpx.AsyncClient, name: str) -> None:
    report = report_of(await client.get("/rest/v1/saved_resources", headers={**token(name), **EXPLAIN}))
    assert (report["rows"], report["shown"]) == (1, 0)


async def test_the_claim_counts_only_if_it_is_true(client: httpx.AsyncClient) -> None:
    for claim in (False, "true", 1, None):
        answer = await client.get("/rest/v1/resources", headers={**token("owner", relais_explain=claim), **EXPLAIN})
        assert answer.status_code == 403


async def test_an_administrator_learns_why_a_user_sees_nothing(client: httpx.AsyncClient) -> None:
    headers = {**token("admin"), **EXPLAIN, "Relais-As": str(ident("other"))}
    answer = await client.get(f"/rest/v1/resources?id=eq.{PRIVATE}", headers=headers)

    assert answer.json() == []
    assert report_of(answer)["policies"] == [{"name": "read", "kind": "permissive", "fails": 1}]
    as_higher = await client.get("/rest/v1/resources", headers={**headers, "Relais-As": str(ident("super_admin"))})
    assert as_higher.status_code == 403
    assert "Relais-Explained" not in as_higher.headers


async def test_roles_above_the_rules_are_told_so(client: httpx.AsyncClient) -> None:
    report = report_of(await client.get("/rest/v1/resources", headers={**token("service"), **EXPLAIN}))
    assert report["above_policies"] is True
    assert "rows" not in report


async def test_what_is_not_granted_is_told_as_such(client: httpx.AsyncClient, urls: Urls) -> None:
    anonymous = await client.get("/rest/v1/saved_resources", headers=asking("anonymous"))
    assert anonymous.is_error
    assert json.loads(anonymous.headers["Relais-Explained"])["granted"] is False

    await run_sql(
        urls.admin,
        "revoke select on library.permissions from authenticated",
        "grant select (id, name, tenant_id) on library.permissions to authenticated",
    )
    try:
        whole = await client.get("/rest/v1/permissions", headers=asking("other"))
        part = await client.get("/rest/v1/permissions?select=id", headers=asking("other"))
    finally:
        await run_sql(urls.admin, "grant select on library.permissions to authenticated")
    assert whole.is_error
    report = json.loads(whole.headers["Relais-Explained"])
    assert "action" in report["columns_not_granted"]
    assert "rows" not in report
    assert report_of(part)["columns_not_granted"] == report["columns_not_granted"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("resource_statistics", "view"),
        ("rpc/search_resources?query=a", "function"),
        ("resources?id=eq.no-id", "error"),
    ],
)
async def test_what_cannot_be_counted_says_why(client: httpx.AsyncClient, path: str, reason: str) -> None:
    answer = await client.get(f"/rest/v1/{path}", headers=asking("other"))
    assert json.loads(answer.headers["Relais-Explained"])["not_counted"] == reason


async def test_filters_by_functions_are_not_run_beyond_the_rules(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rest/v1/profiles?role=eq.user", headers=asking("other"))
    assert report_of(answer)["not_counted"] == "computed"


async def test_inner_embeds_take_rows_away_as_they_do_from_the_answer(client: httpx.AsyncClient) -> None:
    path = "/rest/v1/resources?select=id,saved_resources!inner(id)"
    report = report_of(await client.get(path, headers=asking("other")))
    assert report["rows"] == 1
    assert report["embeds_not_explained"] == ["saved_resources"]


async def test_no_more_rows_are_looked_at_than_a_setting_says(client: httpx.AsyncClient, urls: Urls) -> None:
    await run_sql(
        urls.admin,
        f"set relais.tenant_id = '{HOME}'; insert into library.notifications (user_id, type, title, message)"
        f" select '{ident('owner')}', 'info', 'Many', 'Many' from generate_series(1, 120)",
    )
    try:
        report = report_of(await client.get("/rest/v1/notifications?title=eq.Many", headers=asking("other")))
    finally:
        await run_sql(urls.admin, "delete from library.notifications where title = 'Many'")
    assert (report["rows"], report["only_the_first"]) == (100, 100)


async def test_a_report_that_is_too_long_says_how_much_it_leaves_out(client: httpx.AsyncClient, urls: Urls) -> None:
    names = [f"p{number:02}_" + "x" * 55 for number in range(60)]
    await run_sql(
        urls.admin,
        *(f"create policy {name} on library.groups as restrictive for select using (true)" for name in names),
    )
    try:
        answer = await client.get("/rest/v1/groups", headers=asking("other"))
    finally:
        await run_sql(urls.admin, *(f"drop policy {name} on library.groups" for name in names))
    report = report_of(answer)
    assert len(answer.headers["Relais-Explained"]) <= 4000
    assert report["left_out"] + len(report["policies"]) == 61
    assert report["rows"] == 1


async def test_restrictive_policies_and_several_permissive_ones(client: httpx.AsyncClient, urls: Urls) -> None:
    await run_sql(
        urls.admin,
        "create policy others on library.resources for select to authenticated using (title = 'Private')",
        "create policy never on library.resources as restrictive for select"
        " using (title <> 'Public' or resources.id is null)",
    )
    try:
        answer = await client.get("/rest/v1/resources?select=title", headers=asking("other"))
    finally:
        await run_sql(urls.admin, "drop policy others on library.resources", "drop policy never on library.resources")
    report = report_of(answer)
    assert answer.json() == [{"title": "Private"}]
    assert (report["rows"], report["shown"], report["permitted_by_none"]) == (2, 1, 0)
    assert {item["name"]: (item["kind"], item["fails"]) for item in report["policies"]} == {
        "others": ("permissive", 1),
        "read": ("permissive", 1),
        "never": ("restrictive", 1),
    }


async def test_a_policy_that_fails_tells_nothing_of_the_row(client: httpx.AsyncClient, urls: Urls) -> None:
    await run_sql(
        urls.admin, "create policy broken on library.groups for select to authenticated using (name::integer = 1)"
    )
    try:
        answer = await client.get("/rest/v1/groups?select=id", headers=asking("other"))
    finally:
        await run_sql(urls.admin, "drop policy broken on library.groups")
    assert "Group" not in answer.headers["Relais-Explained"]
    assert json.loads(answer.headers["Relais-Explained"])["not_counted"] == "error"


@pytest.mark.parametrize(("method", "value"), [("GET", "plan"), ("GET", ""), ("POST", "policy"), ("DELETE", "policy")])
async def test_only_reads_and_only_this_word(client: httpx.AsyncClient, urls: Urls, method: str, value: str) -> None:
    answer = await client.request(
        method, f"/rest/v1/groups?id=eq.{ident('group')}", headers={**asking("owner"), "Relais-Explain": value}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "RELAIS_EXPLAIN_INVALID")
    assert await counted(urls, "select count(*) from library.groups") == 1


async def test_connections_speak_for_whoever_has_them_next(client: httpx.AsyncClient) -> None:
    """Reports and plain reads of several callers at once: nobody is shown what another one may see."""
    path = f"/rest/v1/resources?select=id&id=eq.{PRIVATE}"
    asked: list[tuple[dict[str, str], list[UUID]]] = [
        (asking("other"), []),
        (asking("owner"), [PRIVATE]),
        (token("other"), []),
        (token("owner"), [PRIVATE]),
    ] * 10
    answers = await asyncio.gather(*(client.get(path, headers=headers) for headers, _ in asked))
    assert [[UUID(row["id"]) for row in answer.json()] for answer in answers] == [found for _, found in asked]
    assert {report_of(answer)["rows"] for answer in answers if "Relais-Explained" in answer.headers} == {1}
