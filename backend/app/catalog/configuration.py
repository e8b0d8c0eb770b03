"""Settings that the database itself holds: `ALTER ROLE login SET pgrst.db_max_rows = …`, or what a function sets."""

from typing import Any

from pydantic import ValidationError

from app import log
from app.adapters.postgres import Connection
from app.catalog.identifiers import quoted
from app.settings import RestSettings

IGNORED = "database_setting_ignored"
_PREFIX = "pgrst."
#: Options of an older spelling.
_ALIASES = {
    "max_rows": "db_max_rows",
    "pre_request": "db_pre_request",
    "root_spec": "db_root_spec",
    "db_schema": "db_schemas",
    "role_claim_key": "jwt_role_claim_key",
    "secret_is_base64": "jwt_secret_is_base64",
}
#: What the database may say; the rest belongs to whoever starts the process.
_ALLOWED = frozenset(
    {
        "client_error_verbosity",
        "db_aggregates_enabled",
        "db_anon_role",
        "db_extra_search_path",
        "db_hoisted_tx_settings",
        "db_max_rows",
        "db_plan_enabled",
        "db_pre_request",
        "db_root_spec",
        "db_schemas",
        "db_tx_end",
        "jwt_aud",
        "jwt_role_claim_key",
        "jwt_secret",
        "jwt_secret_is_base64",
        "openapi_mode",
        "openapi_security_active",
        "openapi_server_proxy_uri",
        "server_cors_allowed_origins",
        "server_timing_enabled",
        "server_trace_header",
        "url_use_legacy_target_names",
    }
)
_SET_FOR_ROLE = """
    with found as (
        select pg_catalog.unnest(d.setconfig) as setting, d.setdatabase
        from pg_catalog.pg_db_role_setting d join pg_catalog.pg_roles r on r.oid = d.setrole
        where r.rolname = session_user and d.setdatabase in (0, (
            select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()))
    )
    select pg_catalog.split_part(setting, '=', 1) as name,
           pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1) as value
    from found where setting like 'pgrst.%' order by setdatabase
"""


async def read_configuration(connection: Connection, settings: RestSettings) -> RestSettings:
    """The settings with what the database says in their place."""
    if not settings.db_config:
        return settings
    rows = await connection.fetch(_SET_FOR_ROLE)
    found = {row["name"]: row["value"] for row in rows}
    if settings.db_pre_config:
        # What the role is given for good comes before what a function works out.
        found = await _set_by_function(connection, settings.db_pre_config) | found
    return with_database_settings(settings, found)


async def _set_by_function(connection: Connection, function: str) -> dict[str, str]:
    name = quoted(*(part.strip('" ') for part in function.split(".", 1)))
    names = [f"{_PREFIX}{option}" for option in (*sorted(_ALLOWED), *_ALIASES)]
    # The connection may be older than a change of what the role is given.
    await connection.fetch(
        "select pg_catalog.set_config(name, '', true) from pg_catalog.unnest($1::text[]) as name", names
    )
    await connection.execute(f"select {name}()")
    rows = await connection.fetch(
        "select name, pg_catalog.current_setting(name, true) as value from pg_catalog.unnest($1::text[]) as name", names
    )
    return {row["name"]: row["value"] for row in rows if row["value"]}


def with_database_settings(settings: RestSettings, found: dict[str, str]) -> RestSettings:
    """Those that the database may set, checked as if they came from outside."""
    values: dict[str, Any] = settings.model_dump()
    for name, value in found.items():
        option = name.removeprefix(_PREFIX)
        option = _ALIASES.get(option, option)
        if option.startswith("app_settings_") or option not in _ALLOWED:
            continue
        try:
            RestSettings.model_validate(values | {option: value})
        except ValidationError:
            log.event(IGNORED, {"setting": name}, level="warning")
        else:
            values[option] = value
    return RestSettings.model_validate(values)
