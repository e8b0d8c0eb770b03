"""The statement behind each shape: what a gateway that has PostgreSQL build the JSON sends, values left open.

Values are names in braces; `pgbench.py` and `asgi.py` each put their own kind of placeholder there.
"""

from benchmarks.shapes import HUNDRED_ROWS, LIST_ROWS, Shape

COLUMNS = (
    *("id", "user_id", "title", "description", "category", "tags", "resource_type", "visibility", "github_url"),
    *("external_url", "file_path", "file_url", "file_size", "language", "license", "readme", "average_rating"),
    *("ratings_count", "downloads_count", "views_count", "created_at", "updated_at"),
)
AUTHOR_COLUMNS = ("id", "username", "full_name", "avatar_url")
#: What an insert sends, with the types that its JSON is read as. Whose row it is the database knows.
SENT = {
    "title": "varchar",
    "description": "text",
    "category": "varchar",
    "tags": "text[]",
    "resource_type": "library.resource_type",
    "visibility": "library.resource_visibility",
    "external_url": "text",
    "language": "varchar",
    "license": "varchar",
}

STAMP = (
    "select set_config('role', {role}, false), set_config('request.jwt.claims', {claims}, false),"
    " set_config('relais.user_id', {user_id}, false), set_config('relais.tenant_id', {tenant_id}, false)"
)


def _of(alias: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns)


_IN_JSON = "select coalesce(json_agg(t), '[]') from ({}) as t"
_CATEGORY = (
    "where r.tenant_id = {{tenant_id}}::text::uuid"
    " and r.visibility = {{visibility}}::text::library.resource_visibility and r.category = {{category}}::text"
    " order by r.created_at desc limit {rows}"
)
_ONE = (
    f"select {_of('r', COLUMNS)} from library.resources as r"
    " where r.tenant_id = {tenant_id}::text::uuid and r.id = {id}::text::uuid"
)
_LIST = (
    f"select {_of('r', COLUMNS)}, row_to_json(a) as author from library.resources as r"
    f" left join lateral (select {_of('p', AUTHOR_COLUMNS)} from library.profiles as p"
    " where p.tenant_id = r.tenant_id and p.user_id = r.user_id) as a on true " + _CATEGORY.format(rows=LIST_ROWS)
)
_HUNDRED = f"select {_of('r', COLUMNS)} from library.resources as r " + _CATEGORY.format(rows=HUNDRED_ROWS)
_SENT_ROWS = f"as sent ({', '.join(f'{name} {kind}' for name, kind in SENT.items())})"
_INTO = f"insert into library.resources as r ({', '.join(SENT)}) select {', '.join(SENT)}"
_INSERT = (
    f"with t as ({_INTO} from json_to_record({{body}}::text::json) {_SENT_ROWS}"
    f" returning {_of('r', COLUMNS)}) select coalesce(json_agg(t), '[]') from t"
)
_BULK = f"{_INTO} from json_to_recordset({{rows}}::text::json) {_SENT_ROWS}"
_UPDATE = (
    "update library.resources as r set license = {license}::text"
    " where r.tenant_id = {tenant_id}::text::uuid and r.id = {owned}::text::uuid"
)
_RPC = "select t.* from library.search_users(query => {query}::text) as t"

#: An error has no statement: it would end pgbench's connection.
STATEMENTS = {
    Shape.ONE: _IN_JSON.format(_ONE),
    Shape.ONE_ALL: _IN_JSON.format(_ONE),
    Shape.LIST: _IN_JSON.format(_LIST),
    Shape.LIST_ALL: _IN_JSON.format(_LIST),
    Shape.HUNDRED: _IN_JSON.format(_HUNDRED),
    Shape.INSERT: _INSERT,
    Shape.BULK: _BULK,
    Shape.UPDATE: _UPDATE,
    Shape.RPC: _IN_JSON.format(_RPC),
}
