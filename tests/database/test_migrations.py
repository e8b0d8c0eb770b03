"""Migrations: up, down and up again, on an empty database and on a full one; and the SQL files that they run."""

import re
from collections.abc import Iterator

import asyncpg
import pytest
from app.adapters import migrations
from app.errors import AppError
from sqlalchemy import make_url

from .conftest import PREFIX, administer, run, url_of
from .world import fill

CALL = re.compile(r'run_sql\("([^"]+)", "([^"]+)"\)')


def _calls() -> Iterator[tuple[str, str]]:
    for revision in sorted((migrations.MIGRATIONS / "versions").rglob("*.py")):
        yield from CALL.findall(revision.read_text(encoding="utf-8"))


async def _in(url: str, query: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [record[0] for record in await connection.fetch(query)]
    finally:
        await connection.close()


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await fill(connection)
    finally:
        await connection.close()


@pytest.fixture
def ordinary_owner(admin_url: str, world: str) -> Iterator[str]:
    """The URL of an empty database and of an owner who may hand out the product's roles, and nothing else."""
    name = f"{PREFIX}_owner"
    roles = "anon, authenticated, service, relais_definer, relais_login"
    administer(
        admin_url,
        f"create role {name} login password 'owner' createrole",
        f"grant {roles} to {name} with admin option",
        f"create database {name} owner {name}",
    )
    yield make_url(url_of(admin_url, name)).set(username=name, password="owner").render_as_string(hide_password=False)
    administer(
        admin_url, f"drop database {name} with (force)", f"revoke {roles} from {name} cascade", f"drop role {name}"
    )


@pytest.fixture(params=["createrole bypassrls", "nocreaterole"])
def second_owner(admin_url: str, world: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database whose owner found the roles on the server, and holds none of them."""
    name = f"{PREFIX}_second"
    administer(
        admin_url,
        f"create role {name} login password 'owner' {request.param}",
        f"create database {name} owner {name}",
    )
    yield make_url(url_of(admin_url, name)).set(username=name, password="owner").render_as_string(hide_password=False)
    administer(admin_url, f"drop database {name} with (force)", f"drop role {name}")


SCHEMAS = "select nspname from pg_namespace where nspname in ('library', 'library_internal')"
TRIGGERS = (
    "select tgname from pg_trigger where not tgisinternal and tgrelid in ('relais.tenants'::regclass,"
    " 'relais.memberships'::regclass) and tgname like 'library%'"
)


def test_the_tables_are_what_the_code_declares(database: str) -> None:
    assert migrations.drift(database) == []
    assert migrations.pending(database) == []


def test_an_empty_database_goes_up_and_down_and_up(empty_database: str) -> None:
    migrations.upgrade(empty_database)
    assert run(_in(empty_database, SCHEMAS)) != []

    migrations.downgrade(empty_database)
    assert run(_in(empty_database, SCHEMAS)) == []

    migrations.upgrade(empty_database)
    assert migrations.drift(empty_database) == []


def test_a_full_database_goes_down_and_up(empty_database: str) -> None:
    migrations.upgrade(empty_database)
    run(_fill(empty_database))
    migrations.downgrade(empty_database)
    migrations.upgrade(empty_database)

    run(_fill(empty_database))
    assert migrations.drift(empty_database) == []


def test_the_library_alone_can_be_taken_back_and_finds_the_members_again(empty_database: str) -> None:
    migrations.upgrade(empty_database)
    run(_fill(empty_database))
    members = run(_in(empty_database, "select user_id from relais.memberships order by 1"))

    migrations.downgrade(empty_database, "library@base")
    assert run(_in(empty_database, SCHEMAS)) == []
    assert run(_in(empty_database, TRIGGERS)) == []
    assert run(_in(empty_database, "select user_id from relais.memberships order by 1")) == members

    migrations.upgrade(empty_database)
    assert run(_in(empty_database, "select user_id from library.profiles order by 1")) == members
    assert run(_in(empty_database, "select count(*) from library.permissions group by tenant_id")) == [28, 28, 28]


def test_an_owner_who_is_no_superuser_may_migrate(admin_url: str, ordinary_owner: str) -> None:
    """Given the roles, as a managed server gives them: what it made is no different."""
    migrations.upgrade(ordinary_owner)

    assert migrations.drift(ordinary_owner) == []
    assert run(_in(ordinary_owner, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user")) == [
        False
    ]
    library_internal = "select distinct proowner::regrole::text from pg_proc where prosecdef and proname = 'has_rank'"
    assert run(_in(ordinary_owner, library_internal)) == ["relais_definer"]


def test_an_owner_without_the_roles_is_told_what_a_superuser_has_to_run(admin_url: str, second_owner: str) -> None:
    """And that is enough: nothing else is missing afterwards."""
    name = f"{PREFIX}_second"
    with pytest.raises(AppError) as refused:
        migrations.upgrade(second_owner)
    hint = refused.value.hint or ""
    assert f"The role {name} may not make the roles that Relais needs." in refused.value.message
    asked = hint.removeprefix("Run once as a superuser of this server: ").removesuffix(";").split("; ")
    assert asked == [f"grant relais_definer to {name}", f"grant service to {name}"]

    administer(admin_url, *asked)
    migrations.upgrade(second_owner)
    assert migrations.drift(second_owner) == []


def test_the_sql_files_may_run_again(database: str) -> None:
    """What a later migration that changes one of them does."""

    async def again(url: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("set search_path = public")
            for path, digest in _calls():
                if path.startswith("modules/") and digest == migrations.digest_of(migrations.APP / path):
                    await connection.execute(migrations.sql_text(path, digest))
        finally:
            await connection.close()

    policies = "select concat_ws(' ', tablename, policyname, cmd, qual, with_check) from pg_policies order by 1"
    before = run(_in(database, policies))
    run(again(database))

    assert run(_in(database, policies)) == before


@pytest.mark.parametrize(("path", "digest"), sorted(set(_calls())), ids=lambda value: value)
def test_the_wording_that_a_migration_names_is_kept(path: str, digest: str) -> None:
    assert migrations.sql_text(path, digest)


@pytest.mark.parametrize("path", list(migrations.sql_files()), ids=lambda value: value)
def test_every_sql_file_is_run_by_a_migration_as_it_is(path: str) -> None:
    assert (path, migrations.digest_of(migrations.APP / path)) in set(_calls())
