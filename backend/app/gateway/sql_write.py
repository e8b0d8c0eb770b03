"""SQL of writes: the row set that a body makes, and the statement that writes it."""

from collections.abc import Iterable, Sequence

from app.catalog.types import Column, Representations
from app.gateway.sql import Composer, column_of, ident, qualified
from app.gateway.sql_conditions import condition_sql
from app.gateway.types import INPUT_BODY, Argument, Sql, WritePlan

_BODY = Argument(INPUT_BODY)
#: PostgreSQL passes a hundred arguments to a function, and no more.
_MOST_PAIRS = 50
#: Counts candidates, then takes back those that were updated: what is left was inserted.
_COUNT_UP = (
    "set_config('pgrst.inserted',"
    " (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0'"
)
_COUNT_DOWN = (
    "set_config('pgrst.inserted',"
    " (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'"
)


def write_sql(plan: WritePlan, shown: Representations, composer: Composer) -> Sql:
    """The writing statement with its RETURNING."""
    match plan.kind:
        case "insert" | "upsert":
            return _insert(plan, shown, composer)
        case "update":
            return _update(plan, shown, composer)
        case "delete":
            parts = [f"DELETE FROM {qualified(plan.table.name)}", *_where(plan, composer), _returning(plan)]
            return Sql(" ".join(parts))


def _insert(plan: WritePlan, shown: Representations, composer: Composer) -> Sql:
    names = _listed(plan.columns)
    into = f"INSERT INTO {qualified(plan.table.name)}{f'({names})' if names else ''}"
    parts = [into, f"SELECT {_from_body(plan.columns)} FROM {body_rows(plan, shown, composer)}"]
    conditions = [condition_sql('"pgrst_body"', item, composer, ()) for item in plan.key_conditions]
    counted = plan.resolution == "merge-duplicates" and bool(plan.conflict)
    if counted:
        conditions.append(_COUNT_UP)
    if conditions:
        parts.append("WHERE " + " AND ".join(conditions))
    if plan.resolution is not None and plan.conflict:
        parts.append(_on_conflict(plan))
    parts.append(_returning(plan))
    return Sql(" ".join(parts))


def _on_conflict(plan: WritePlan) -> str:
    target = ", ".join(ident(name) for name in plan.conflict)
    if plan.resolution == "ignore-duplicates" or not plan.columns:
        return f"ON CONFLICT({target}) DO NOTHING"
    updates = ", ".join(f"{ident(c.name)} = EXCLUDED.{ident(c.name)}" for c in plan.columns)
    return f"ON CONFLICT({target}) DO UPDATE SET {updates} WHERE {_COUNT_DOWN}"


def _update(plan: WritePlan, shown: Representations, composer: Composer) -> Sql:
    table = qualified(plan.table.name)
    if not plan.columns or plan.no_rows:
        returned = ", ".join(column_of(table, name) for name in plan.returning) or "1"
        return Sql(f"SELECT {f'{table}.*' if plan.returns_everything else returned} FROM {table} WHERE false")
    updates = ", ".join(f"{ident(c.name)} = {column_of(ident('pgrst_body'), c.name)}" for c in plan.columns)
    parts = [f"UPDATE {table} SET {updates} FROM {body_rows(plan, shown, composer)}", *_where(plan, composer)]
    return Sql(" ".join([*parts, _returning(plan)]))


def _where(plan: WritePlan, composer: Composer) -> list[str]:
    table = qualified(plan.table.name)
    conditions = [condition_sql(table, item, composer, ()) for item in plan.conditions]
    tenant = plan.table.tenant
    if tenant is not None and plan.tenant is not None:
        conditions.insert(0, f"{column_of(table, tenant.name)} = {composer.text(plan.tenant, tenant.base_type)}")
    return ["WHERE " + " AND ".join(conditions)] if conditions else []


def _returning(plan: WritePlan) -> str:
    table = qualified(plan.table.name)
    if plan.returns_everything:
        return f"RETURNING {table}.*"
    return "RETURNING " + (", ".join(column_of(table, name) for name in plan.returning) or "1")


def body_rows(plan: WritePlan, shown: Representations, composer: Composer) -> str:
    """The rows of a JSON body with the types of the columns that they are for."""
    payload = f"(SELECT {composer.put(_BODY)}::json AS json_data) pgrst_payload"
    if not plan.columns:
        empty = "json_array_elements(pgrst_payload.json_data) _" if plan.body_is_array else "(VALUES (1)) _"
        return f"{payload}, LATERAL (SELECT FROM {empty}) pgrst_body"
    json_data, kind = "pgrst_payload.json_data", "json"
    if plan.defaults:
        json_data, kind = f"{json_data}::jsonb", "jsonb"
        if any(column.default is not None for column in plan.columns):
            payload += f", {_with_defaults(plan)}"
            json_data = "pgrst_json_defs.val"
    to_rows = f"{kind}_to_recordset" if plan.body_is_array else f"{kind}_to_record"
    typed = typed_columns(plan.columns, shown)
    read = ", ".join(_read(column, shown) for column in plan.columns)
    return f"{payload}, LATERAL (SELECT {read} FROM {to_rows}({json_data}) AS _({typed})) pgrst_body"


def typed_columns(columns: Iterable[Column], shown: Representations) -> str:
    """A column definition list: what each value of a body is read as."""
    return ", ".join(
        f"{ident(column.name)} {'json' if column.type_oid in shown.from_json else column.type}" for column in columns
    )


def _read(column: Column, shown: Representations) -> str:
    reader = shown.from_json.get(column.type_oid)
    name = ident(column.name)
    return f"{reader}({name}) AS {name}" if reader else name


def _with_defaults(plan: WritePlan) -> str:
    pairs = [f"{literal(c.name)}, {c.default}" for c in plan.columns if c.default is not None]
    parts = (", ".join(pairs[start : start + _MOST_PAIRS]) for start in range(0, len(pairs), _MOST_PAIRS))
    defaults = " || ".join(f"jsonb_build_object({part})" for part in parts)
    if plan.body_is_array:
        return (
            f"LATERAL (SELECT jsonb_agg({defaults} || elem) AS val"
            " FROM jsonb_array_elements(pgrst_payload.json_data::jsonb) elem) pgrst_json_defs"
        )
    return f"LATERAL (SELECT {defaults} || pgrst_payload.json_data::jsonb AS val) pgrst_json_defs"


def literal(text: str) -> str:
    """A name of the catalog as a string constant."""
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{escaped}'"


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(ident(column.name) for column in columns)


def _from_body(columns: Sequence[Column]) -> str:
    return ", ".join(column_of(ident("pgrst_body"), column.name) for column in columns)
