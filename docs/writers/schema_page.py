"""`reference/schema.md`: schemas, tables, rules and functions, from a migrated database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from docs.writers.database import Database, Table, read_database
from docs.writers.declarations import Declaration, declarations
from docs.writers.markdown import anchor, block, bullets, code, page, table

INTRO: Final = """\
This page is read from a database that has just been migrated, so it says what is, not what was meant.
The same tables as a picture: [Picture of the tables](er.md). Why they are as they are:
[Access rules](../explanation/access-rules.md) and [Tenancy](../explanation/tenancy.md).

Rights that owners have are left out. A table *with row security forced* shows nobody a row that no policy lets them
see; its owner is no exception, only roles with `BYPASSRLS` are."""
OPERATIONS: Final = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
VOLATILITY: Final = {"i": "immutable", "s": "stable", "v": "volatile"}
CONSTRAINTS: Final = {"p": "primary key", "u": "unique", "f": "foreign key", "c": "check", "x": "exclusion"}


def schema_page(admin_url: str) -> str:
    """The page about the database that this URL reaches as its owner."""
    return write_schema_page(read_database(admin_url))


def write_schema_page(database: Database) -> str:
    """The page about a database that has been read."""
    declared = declarations()
    parts = [part for schema in database.schemas for part in _schema(database, schema, declared)]
    return page("Database schema", INTRO, *parts)


def _schema(database: Database, schema: str, declared: Mapping[str, Declaration]) -> Iterator[str]:
    yield f"## Schema {schema}"
    yield database.schemas[schema]
    tables = [item for item in database.tables if item.schema == schema]
    yield _contents(tables, declared)
    yield _enums([item for item in database.enums if item["schema"] == schema])
    yield _functions([item for item in database.functions if item["schema"] == schema], database.tables)
    for item in tables:
        yield from _table(item, declared.get(item.full_name))


def _contents(tables: Sequence[Table], declared: Mapping[str, Declaration]) -> str:
    rows = [
        (
            f"[{item.name}](#{anchor(item.full_name)})",
            "view" if item.is_view else "table",
            str(len(item.columns)),
            _about(item, declared.get(item.full_name)),
        )
        for item in tables
    ]
    return table(("Name", "Kind", "Columns", "What it holds"), rows)


def _about(item: Table, declaration: Declaration | None) -> str:
    if item.comment:
        return item.comment
    if declaration:
        return declaration.about.split("\n\n")[0]
    return "Which migrations have been applied; Alembic keeps it." if item.name == "alembic_version" else ""


def _enums(enums: Sequence[Mapping[str, Any]]) -> str:
    rows = [(code(item["name"]), ", ".join(map(code, item["labels"]))) for item in enums]
    shown = table(("Type", "Values, lowest first"), rows)
    return f"**Types.** Values compare in this order.\n\n{shown}" if shown else ""


def _functions(functions: Sequence[Mapping[str, Any]], tables: Sequence[Table]) -> str:
    plain = [
        (
            code(f"{item['name']}({item['arguments']})"),
            code(item["result"]),
            VOLATILITY[item["volatility"]] + (", as its owner" if item["definer"] else ""),
            ", ".join(map(code, item["roles"])),
            item["comment"] or "",
        )
        for item in functions
        if not item["is_trigger"]
    ]
    triggers = [
        (code(item["name"]), _users(f"{item['schema']}.{item['name']}", tables), item["comment"] or "")
        for item in functions
        if item["is_trigger"]
    ]
    parts = [("**Functions.**", table(("Function", "Answers", "Kind", "Who may call it", "What it does"), plain))]
    parts += [("**Trigger functions.**", table(("Function", "On", "What it does"), triggers))]
    return "\n\n".join(f"{title}\n\n{shown}" for title, shown in parts if shown)


def _users(function: str, tables: Sequence[Table]) -> str:
    names = [item.full_name for item in tables if any(trigger["function"] == function for trigger in item.triggers)]
    return ", ".join(map(code, names)) if len(names) < 8 else f"{len(names)} tables"


def _table(item: Table, declaration: Declaration | None) -> Iterator[str]:
    yield f"### {item.full_name}"
    yield item.comment or (declaration.about if declaration else _about(item, None))
    facts = [f"Declared in `backend/{declaration.file}`."] if declaration else []
    if not item.is_view:
        facts.append("Row security forced." if item.guarded else "No row security.")
    if item.options:
        facts.append(f"With {', '.join(map(code, item.options))}.")
    yield " ".join(facts)
    yield _columns(item.columns)
    if item.definition:
        yield block(item.definition.strip(), "sql")
    yield _list("Constraints", [_constraint(row) for row in item.constraints])
    yield _list("Indexes", [_index(row) for row in item.indexes])
    yield _list("Rights", [f"`{row['role']}`: {', '.join(row['operations'])}" for row in item.grants])
    yield _list("Policies", [_policy(row) for row in item.policies])
    yield _list("Triggers", [_trigger(row) for row in item.triggers])


def _list(title: str, items: Sequence[str]) -> str:
    return f"**{title}**\n\n{bullets(items)}" if items else ""


def _columns(rows: Sequence[Mapping[str, Any]]) -> str:
    headings = ("Column", "Type", "Null", "Default", "Meaning")
    # Most tables need no word on any column: an empty one would only take room.
    shown = len(headings) if any(row["comment"] for row in rows) else len(headings) - 1
    return table(headings[:shown], [_column(row)[:shown] for row in rows])


def _column(row: Mapping[str, Any]) -> tuple[str, ...]:
    default = "numbered" if row["identity"] else code(row["value"] or "")
    if row["generated"]:
        default = f"always {default}"
    return code(row["name"]), code(row["type"]), "yes" if row["nullable"] else "", default, row["comment"] or ""


def _constraint(row: Mapping[str, Any]) -> str:
    return f"`{row['name']}` ({CONSTRAINTS[row['kind']]}): {code(row['definition'])}"


def _index(row: Mapping[str, Any]) -> str:
    return f"`{row['name']}`{' (unique)' if row['is_unique'] else ''}: {code(row['definition'])}"


def _trigger(row: Mapping[str, Any]) -> str:
    return f"`{row['name']}`: {code(row['moment'])} runs `{row['function']}`"


def _policy(row: Mapping[str, Any]) -> str:
    kind = "" if row["permissive"] else " (restrictive: must hold as well)"
    lines = [f"{OPERATIONS[row['operation']]} for {', '.join(row['roles'])}: `{row['name']}`{kind}"]
    if row["visible"]:
        lines.append(f"rows where {code(_plain(row['visible']))}")
    if row["writable"]:
        lines.append(f"may leave rows where {code(_plain(row['writable']))}")
    return "<br>".join(lines)


def _plain(expression: str) -> str:
    """An expression without the names that PostgreSQL gives to the columns of sub-queries."""
    return re.sub(r"\( SELECT ([\w.]+\([^()]*\)) AS \w+\)", r"(select \1)", expression)
