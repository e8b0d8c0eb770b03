"""A database with something in it, of one test file's own, and a place for its backups."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from app.embedded import Servers
from app.prepare import seed_database
from app.servers import resolved
from app.settings import Settings

from tests.accounts.conftest import with_group
from tests.conftest import TEMPLATE, Urls, run_sql, settings_for, with_database

#: Everything of a database that a backup must bring back besides rows.
RULES = """
    select md5(string_agg(line, E'\\n' order by line)) from (
      select 'policy ' || to_jsonb(p)::text from pg_policies as p
      union all
      select format('function %s %s %s %s', p.oid::regprocedure, p.proowner::regrole, p.prosecdef,
        (select array_agg(a::text order by a::text) from unnest(p.proacl) as a))
      from pg_proc as p where p.pronamespace::regnamespace::text in ('relais', 'library', 'library_internal')
      union all
      select format('table %s %s %s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
        (select array_agg(a::text order by a::text) from unnest(c.relacl) as a))
      from pg_class as c where c.relnamespace::regnamespace::text in ('relais', 'library')
      union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger as t where not t.tgisinternal
      union all select 'event trigger ' || evtname from pg_event_trigger
      union all select 'database ' || a::text from pg_database as d, unnest(d.datacl) as a
        where d.datname = current_database()
      union all select 'setting ' || setrole::regrole || s from pg_db_role_setting, unnest(setconfig) as s
        where setdatabase = (select oid from pg_database where datname = current_database())
    ) as lines (line)
"""


async def rows_of(url: str) -> dict[str, str]:
    """A digest of all rows of each table."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "select c.oid::regclass::text from pg_class as c where c.relkind = 'r'"
            " and c.relnamespace::regnamespace::text in ('relais', 'library') order by 1"
        )
        return {
            name: await connection.fetchval(
                "select coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), 'none') || count(*)"
                f" from {name} as t"
            )
            for (name,) in names
        }
    finally:
        await connection.close()


async def value(url: str, statement: str, *args: object) -> object:
    """One value, as the owner."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement, *args)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def kept(servers: Servers, template: Urls, data_dir: Path) -> Generator[Settings]:
    """A database with demo data; other tests do not see it come and go."""
    name = f"kept_{uuid4().hex[:10]}"
    urls = Urls(with_database(template.login, name), with_database(template.admin, name))
    asyncio.run(run_sql(servers.admin_url, f"create database {name} template {TEMPLATE}"))
    for own in (
        f"revoke temporary on database {name} from public",
        f"grant create on database {name} to authenticated with grant option",
        f'alter database {name} set search_path to "$user", public, "odd, ""name"""',
        f"alter database {name} set app.settings.word = 'it''s \"quoted\", a bit'",
        f"alter role anon in database {name} set statement_timeout = '7s'",
    ):
        asyncio.run(run_sql(servers.admin_url, own))
    with resolved(settings_for(urls, servers, data_dir)) as settings:
        asyncio.run(seed_database(settings, scale=50))
        yield settings
    asyncio.run(_drop_all(servers.admin_url, name))


async def _drop_all(admin_url: str, stem: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        for (name,) in await connection.fetch("select datname from pg_database where datname like $1", f"{stem}%"):
            await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture
def safe(kept: Settings, tmp_path: Path) -> Settings:
    """The same, with a directory of backups that is empty."""
    return with_group(kept, "backup", directory=str(tmp_path / "backups"))
