"""From a plan to one statement: the row source, the answer made of it, and what the response needs to know."""

from app.catalog.types import Representations
from app.gateway.sql import Composer, ident, qualified
from app.gateway.sql_call import call_sql
from app.gateway.sql_read import SOURCE, count_query, tree
from app.gateway.sql_write import literal, write_sql
from app.gateway.types import Plan, Sql, Statement

_SETTINGS = (
    "nullif(current_setting('response.headers', true), '') AS response_headers,"
    " nullif(current_setting('response.status', true), '') AS response_status"
)
#: The row in the outermost statement: a name that no column is likely to have, for a column would be taken for it.
_ROW = "_pgrst_row"
_CSV_LINES = f"coalesce(string_agg(substring({_ROW}::text, 2, length({_ROW}::text) - 2), E'\\n'), '')"


def render(plan: Plan, shown: Representations) -> Statement:
    """The statement of a plan."""
    composer = Composer(exact_embeds=plan.exact_embeds)
    if plan.write is not None:
        text = _write(plan, shown, composer)
    elif plan.call is not None:
        text = _call(plan, composer)
    else:
        text = _read(plan, composer)
    return Statement(text, tuple(composer.arguments))


def render_count(plan: Plan) -> Statement:
    """What the planner is asked to estimate."""
    composer = Composer()
    text = Sql(f"EXPLAIN (FORMAT JSON) {count_query(plan.read, composer)}")
    return Statement(text, tuple(composer.arguments))


def _read(plan: Plan, composer: Composer) -> Sql:
    rows = tree(plan.read, composer)
    body = _body(plan, "pgrst_rows")
    counted, total = _counted(plan, composer)
    if plan.media.kind == "csv" or counted:
        return Sql(
            f"WITH pgrst_rows AS ({rows}){counted} SELECT {total} AS total, count(*) AS page_total, {body} AS body,"
            f" {_SETTINGS} FROM (SELECT * FROM pgrst_rows) {_ROW}"
        )
    return Sql(f"SELECT {total} AS total, count(*) AS page_total, {body} AS body, {_SETTINGS} FROM ({rows}) {_ROW}")


def _counted(plan: Plan, composer: Composer) -> tuple[str, str]:
    """The second row source of a count, if it takes one, and the total."""
    if plan.count is None or plan.count == "planned":
        return "", "NULL::int8"
    if plan.count == "exact" and not plan.window and plan.max_rows is None:
        return "", "count(*)"
    limit = plan.max_rows + 1 if plan.count == "estimated" and plan.max_rows is not None else None
    source = _source(plan) if plan.call is not None else None
    query = count_query(plan.read, composer, source=source, limit=limit)
    return f", pgrst_source_count AS ({query})", "(SELECT count(*) FROM pgrst_source_count)"


def _source(plan: Plan) -> str:
    """The rows of a write or a call, under the name that the read has for them."""
    return f"{SOURCE} AS {ident(plan.read.source.name)}"


def _write(plan: Plan, shown: Representations, composer: Composer) -> Sql:
    assert plan.write is not None
    source = write_sql(plan.write, shown, composer)
    if plan.wants_body:
        rows = tree(plan.read, composer, source=_source(plan))
    else:
        rows = Sql(f"SELECT * FROM {SOURCE}")
    location = _location(plan) if plan.wants_location else "NULL::text[]"
    merges = plan.write.resolution == "merge-duplicates"
    inserted = "coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0)" if merges else "NULL::int"
    return Sql(
        f"WITH {SOURCE} AS ({source}), pgrst_rows AS ({rows}) SELECT count(*) AS page_total, {location} AS location,"
        f" {_body(plan, 'pgrst_rows')} AS body, {_SETTINGS}, {inserted} AS inserted"
        f" FROM (SELECT * FROM pgrst_rows) {_ROW}"
    )


def _location(plan: Plan) -> str:
    assert plan.write is not None
    names = ", ".join(literal(name) for name in plan.write.table.primary_key)
    return (
        f"(SELECT array_agg(f.key || coalesce('=eq.' || f.value, '=is.null'))"
        f" FROM (SELECT row_to_json({_ROW}) AS row FROM {SOURCE} {_ROW} LIMIT 1) data, json_each_text(data.row) f"
        f" WHERE f.key IN ({names}))"
    )


def _call(plan: Plan, composer: Composer) -> Sql:
    assert plan.call is not None
    function = plan.call.function
    source = call_sql(plan.call, composer)
    rows = tree(plan.read, composer, source=_source(plan))
    counted, total = _counted(plan, composer)
    # One value is one row whatever becomes of it; and it is computed even if nobody looks at it.
    page = "count(*)" if function.set_of else "count(*) * 0 + 1"
    how = "AS" if function.set_of else "AS MATERIALIZED"
    return Sql(
        f"WITH {SOURCE} {how} ({source}), pgrst_rows AS ({rows}){counted} SELECT {total} AS total,"
        f" {page} AS page_total,"
        f" {_body(plan, 'pgrst_rows')} AS body, {_SETTINGS} FROM (SELECT * FROM pgrst_rows) {_ROW}"
    )


def _body(plan: Plan, rows: str) -> str:
    """What the rows become."""
    if not plan.wants_body or plan.headers_only:
        return "''::text"
    media = plan.media
    scalar = plan.call is not None and plan.call.function.returns != "composite"
    value = f"{_ROW}.pgrst_scalar" if scalar else _ROW
    if media.kind == "handler":
        return _handled(plan, value)
    if media.kind == "csv":
        return _csv(rows)
    if media.kind == "geojson":
        return (
            "json_build_object('type', 'FeatureCollection', 'features',"
            f" coalesce(json_agg(ST_AsGeoJSON({_ROW})::json), '[]'))"
        )
    gathered = f"json_agg({value})"
    single = media.kind == "object" or (plan.call is not None and not plan.call.function.set_of)
    if single:
        gathered += "->0"
    if media.stripped:
        gathered = f"json_strip_nulls({gathered})"
    return f"coalesce({gathered}, '{'null' if single else '[]'}')"


def _csv(rows: str) -> str:
    header = (
        f"(SELECT coalesce(string_agg(k, ','), '') FROM (SELECT json_object_keys(row_to_json({_ROW})) AS k"
        f" FROM (SELECT * FROM {rows} LIMIT 1) {_ROW}) keys)"
    )
    return f"{header} || E'\\n' || {_CSV_LINES}"


def _handled(plan: Plan, value: str) -> str:
    handler = plan.media.handler
    assert handler is not None
    function, kind = qualified(handler.function), "bytea" if handler.is_binary else "text"
    if not handler.is_aggregate:
        return f"(array_agg({value}))[1]::{kind}"
    row = value if handler.target is None else f"{_ROW}::{qualified(handler.target)}"
    return f"{function}({row})::{kind}"
