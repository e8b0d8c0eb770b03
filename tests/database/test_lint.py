"""What holds for every table, policy and function, asked of PostgreSQL's own catalog."""

import re

import asyncpg

CALLER_FUNCTIONS = r"(?:relais\.|library_internal\.)?(?:user_id|tenant_id|has_role|is_trusted|has_rank|\w+_ids)\("
EXPOSED = "p.pronamespace = 'library'::regnamespace"
OURS = "p.pronamespace in ('library'::regnamespace, 'library_internal'::regnamespace, 'relais'::regnamespace)"
#: Enums: PostgreSQL does not trust their comparison before a policy, so that an index on one would never be read.
NO_USE_FOR_AN_INDEX = {"user_roles.role", "resources.visibility"}


async def _names(db: asyncpg.Connection, query: str) -> list[str]:
    return [record[0] for record in await db.fetch(query)]


async def test_row_security_is_forced_on_every_table(db: asyncpg.Connection) -> None:
    assert not await _names(
        db,
        "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p')"
        " and c.relnamespace in ('library'::regnamespace, 'relais'::regnamespace)"
        " and not (c.relrowsecurity and c.relforcerowsecurity) and c.relname <> 'alembic_version'",
    )


async def test_every_library_table_has_the_restrictive_policy_of_the_tenant(db: asyncpg.Connection) -> None:
    tables = await _names(db, "select tablename from pg_tables where schemaname = 'library'")
    pinned = await db.fetch(
        "select tablename, qual, with_check, cmd, roles::text from pg_policies"
        " where schemaname = 'library' and permissive = 'RESTRICTIVE' and policyname = 'tenant'"
    )

    assert {record["tablename"] for record in pinned} == set(tables)
    for record in pinned:
        assert "tenant_id = ( SELECT relais.tenant_id()" in _qualified(record["qual"]), record
        assert record["qual"] == record["with_check"], record
        assert (record["cmd"], record["roles"]) == ("ALL", "{public}"), record


async def test_no_core_table_has_a_policy(db: asyncpg.Connection) -> None:
    assert not await _names(db, "select tablename from pg_policies where schemaname = 'relais'")


async def test_policies_call_functions_of_the_caller_once_a_statement(db: asyncpg.Connection) -> None:
    policies = await db.fetch(
        "select tablename, policyname, concat_ws(' ', qual, with_check) as rule from pg_policies where"
        " schemaname = 'library'"
    )

    assert len(policies) > 100
    for policy in policies:
        calls = re.findall(CALLER_FUNCTIONS, policy["rule"])
        wrapped = re.findall(r"\( SELECT " + CALLER_FUNCTIONS, policy["rule"])
        assert len(calls) == len(wrapped), dict(policy)


async def test_what_policies_filter_on_is_indexed(db: asyncpg.Connection) -> None:
    """Right behind the tenant, or as the start of an index of its own."""
    leading = await _leading_columns(db)
    policies = await db.fetch(
        "select tablename, coalesce(qual, '') as rule from pg_policies where schemaname = 'library'"
    )
    filtered = {
        (policy["tablename"], column)
        for policy in policies
        for column in re.findall(r"\(\(?(\w+) (?:=|IN|<) ", policy["rule"])
        if column not in ("tenant_id",)
    }

    assert ("resources", "user_id") in filtered
    for table, column in filtered:
        assert f"{table}.{column}" in NO_USE_FOR_AN_INDEX or column in leading[table], (table, column)


async def test_every_foreign_key_has_an_index(db: asyncpg.Connection) -> None:
    missing = await db.fetch(
        """
        select k.conname, k.conrelid::regclass::text from pg_constraint k
        where k.contype = 'f' and k.connamespace in ('library'::regnamespace, 'relais'::regnamespace)
          and not exists (
            select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
              and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
              and k.conkey @> (i.indkey::smallint[])[0:cardinality(k.conkey) - 1])
        """
    )
    # The core leads these with the user alone: what is asked is "all sessions of this user".
    lenient = {"sessions_user_id_fkey", "api_tokens_user_id_fkey"}

    assert [record for record in missing if record["conname"] not in lenient] == []


async def test_exposed_functions_say_what_they_do(db: asyncpg.Connection) -> None:
    assert not await _names(
        db,
        f"select p.oid::regprocedure::text from pg_proc p where {EXPOSED}"
        " and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''",
    )


async def test_the_search_path_of_a_caller_changes_no_function(db: asyncpg.Connection) -> None:
    """Bodies are bound when they are created, or see built-ins first and what a session made last.

    An empty path is not enough: where a session's own schema is not named, its types come before the built-in ones.
    """
    assert not await _names(
        db,
        f"select p.oid::regprocedure::text from pg_proc p where {OURS} and p.prosqlbody is null"
        " and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']",
    )


async def test_functions_that_only_read_say_so(db: asyncpg.Connection) -> None:
    writers = {"increment_resource_views", "increment_resource_downloads", "fork_resource", "vote_on_suggestion",
               "review_suggestion", "restore_version", "reorder_collection", "remove_from_collection",
               "propose_suggestion", "seed_suggestions", "remove_category", "use_template",
               "restore_numbered_version", "keep_version"}  # fmt: skip
    volatile = await _names(db, f"select p.proname from pg_proc p where {EXPOSED} and p.provolatile = 'v'")

    assert set(volatile) == writers


async def test_definer_functions_belong_to_the_role_that_nobody_becomes(db: asyncpg.Connection) -> None:
    definers = await db.fetch(
        f"select p.oid::regprocedure::text as name, p.pronamespace::regnamespace::text as schema,"
        f" p.proowner::regrole::text as owner from pg_proc p where {OURS} and p.prosecdef"
    )

    assert len(definers) > 20
    assert {record["owner"] for record in definers} == {"relais_definer"}
    assert "library" not in {record["schema"] for record in definers}


async def test_nobody_else_may_run_what_was_not_given_to_them(db: asyncpg.Connection) -> None:
    assert not await _names(
        db,
        f"select p.oid::regprocedure::text from pg_proc p where {OURS} and has_function_privilege('public',"
        f" p.oid, 'execute')",
    )


async def test_views_run_as_whoever_reads_them(db: asyncpg.Connection) -> None:
    views = await db.fetch(
        "select c.relname, c.reloptions from pg_class c where c.relkind = 'v' and c.relnamespace ="
        " 'library'::regnamespace"
    )

    assert views
    for view in views:
        assert "security_invoker=true" in view["reloptions"], view


async def test_roles_that_log_in_own_nothing(db: asyncpg.Connection) -> None:
    assert not await _names(
        db,
        "select c.oid::regclass::text from pg_class c where c.relnamespace in ('library'::regnamespace,"
        " 'relais'::regnamespace)"
        " and pg_get_userbyid(c.relowner) in ('relais_login', 'anon', 'authenticated', 'service')",
    )


async def test_tables_are_granted_to_known_roles_only(db: asyncpg.Connection) -> None:
    grants = await db.fetch(
        "select distinct a.grantee::regrole::text as role, a.privilege_type as privilege from pg_class c,"
        " aclexplode(c.relacl) a where c.relnamespace = 'library'::regnamespace and a.grantee <> c.relowner"
    )
    by_role: dict[str, set[str]] = {}
    for grant in grants:
        by_role.setdefault(grant["role"], set()).add(grant["privilege"])

    rights = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert by_role == {
        "anon": {"SELECT", "INSERT"},
        "authenticated": rights,
        "service": rights | {"MAINTAIN"},
        "relais_definer": rights,
    }


async def test_clients_cannot_create_anything(db: asyncpg.Connection) -> None:
    for role in ("anon", "authenticated", "service", "relais_login"):
        for schema in ("library", "library_internal", "relais"):
            assert not await db.fetchval("select has_schema_privilege($1, $2, 'create')", role, schema), (role, schema)


def _qualified(rule: str) -> str:
    return re.sub(r"(?<!\.)\btenant_id\(\)", "relais.tenant_id()", rule)


async def _leading_columns(db: asyncpg.Connection) -> dict[str, set[str]]:
    found = await db.fetch(
        """
        select c.relname as name, a.attname as column
        from pg_index i
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'library'::regnamespace
        join pg_attribute first on first.attrelid = c.oid and first.attnum = i.indkey[0]
        join pg_attribute a on a.attrelid = c.oid
          and a.attnum = case when first.attname = 'tenant_id' then i.indkey[1] else i.indkey[0] end
        where i.indpred is null
        """
    )
    leading: dict[str, set[str]] = {}
    for record in found:
        leading.setdefault(record["name"], set()).add(record["column"])
    return leading
