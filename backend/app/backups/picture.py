"""What PostgreSQL says of a database that a backup must know and that is not in a dump."""

import re
from typing import Any

import orjson

from app.adapters.postgres import Connection
from app.backups.errors import BACKUP_DAMAGED
from app.errors import refuse

_TABLES = """
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence = 'p'
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by 1
"""
#: Roles are named, not numbered: numbers are of one server. The names of columns differ between versions.
_DATABASE = """
    select json_build_object(
      'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
      'provider', to_jsonb(d) ->> 'datlocprovider',
      'collate', d.datcollate,
      'ctype', d.datctype,
      'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
      'grants', (
        select json_agg(json_build_array(
          case a.grantee when 0 then '' else pg_catalog.pg_get_userbyid(a.grantee) end, a.privilege_type,
          a.is_grantable))
        from pg_catalog.aclexplode(d.datacl) as a where a.grantee <> d.datdba),
      'settings', (
        select coalesce(json_agg(json_build_array(coalesce(r.rolname, ''), setting)), '[]')
        from pg_catalog.pg_db_role_setting as s
        cross join unnest(s.setconfig) as setting
        left join pg_catalog.pg_roles as r on r.oid = s.setrole
        where s.setdatabase = d.oid))
    from pg_catalog.pg_database as d where d.datname = current_database()
"""
_PROVIDERS = {"i": "icu", "b": "builtin"}
_PRIVILEGES = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
#: Settings whose values are names: a list in one pair of quotes would be one strange name.
_LISTS = frozenset({"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"})
_ELEMENT = re.compile(r'"((?:[^"]|"")*)"|([^,\s"]+)')


async def rows_by_table(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    counted: dict[str, int] = {}
    for row in await connection.fetch(_TABLES):
        # The name comes quoted from PostgreSQL.
        counted[row["name"]] = await connection.fetchval(f"select count(*) from {row['name']}")  # noqa: S608
    return counted


async def applied(connection: Connection) -> list[str]:
    """The newest migrations of each branch; none in a database that is not ours."""
    if await connection.fetchval("select to_regclass('relais.alembic_version') is null"):
        return []
    rows = await connection.fetch("select version_num from relais.alembic_version order by 1")
    return [row["version_num"] for row in rows]


async def began(connection: Connection) -> str:
    """When the database was made; empty for one that is not ours."""
    if await connection.fetchval("select to_regclass('relais.tenants') is null"):
        return ""
    first = await connection.fetchval("select min(created_at) from relais.tenants")
    return first.isoformat(timespec="milliseconds") if first is not None else ""


async def described(connection: Connection) -> dict[str, Any]:
    """How the database sorts, who may do what with it as a whole, and its settings."""
    return orjson.loads(await connection.fetchval(_DATABASE))


async def said(connection: Connection, template: str, *words: str) -> None:
    """Run a command whose names (`%I`) and texts (`%L`) PostgreSQL itself puts in."""
    holders = ", ".join(f"${number}::text" for number in range(2, len(words) + 2))
    command = await connection.fetchval(f"select format($1, {holders})", template, *words)
    await connection.execute(command)


async def make_database(connection: Connection, name: str, like: dict[str, Any]) -> None:
    """An empty database that sorts as another one did."""
    words = [name, like["encoding"], like["collate"], like["ctype"]]
    template = "create database %I template template0 encoding %L lc_collate %L lc_ctype %L"
    provider = _PROVIDERS.get(like["provider"] or "")
    if provider is not None:
        template += f" locale_provider {provider} {provider}_locale %L"
        words.append(like["locale"])
    await said(connection, template, *words)


async def dress_database(connection: Connection, name: str, like: dict[str, Any]) -> None:
    """Give a database the rights and the settings that another one had, as far as this server has the roles."""
    roles = {row[0] for row in await connection.fetch("select rolname from pg_catalog.pg_roles")}
    if like["grants"] is not None:
        await said(connection, "revoke all on database %I from public", name)
        for role, privilege, passes_on in like["grants"]:
            if role and role not in roles:
                continue
            whom, words = ("%I", (role,)) if role else ("public", ())
            option = " with grant option" if passes_on and role else ""
            await said(connection, f"grant {_privilege(privilege)} on database %I to {whom}{option}", name, *words)
    for role, setting in like["settings"]:
        key, _, value = setting.partition("=")
        values = _elements(value) if key in _LISTS else [value]
        is_set = f"set %I = {', '.join(['%L'] * len(values))}"
        if not role:
            await said(connection, f"alter database %I {is_set}", name, key, *values)
        elif role in roles:
            await said(connection, f"alter role %I in database %I {is_set}", role, name, key, *values)


def _elements(value: str) -> list[str]:
    """The elements of a list as PostgreSQL writes it; one that is empty has an empty one."""
    found = [quoted.replace('""', '"') or plain for quoted, plain in _ELEMENT.findall(value)]
    return found or [""]


def _privilege(name: str) -> str:
    """A manifest is no place for commands."""
    if name not in _PRIVILEGES:
        raise refuse(BACKUP_DAMAGED, "The manifest grants what there is not.")
    return name
