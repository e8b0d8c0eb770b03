"""Random selects of the tracker's tables with spreads, the same without, and what the one makes of the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

Row = dict[str, Any]
COLUMNS = {
    "clients": ("id", "name"),
    "projects": ("id", "name", "hours", "client_id", "doc->a"),
    "tasks": ("id", "name", "done"),
    "users": ("id", "name"),
    "details": ("project_id", "budget", "note"),
    "remarks": ("id", "remark"),
}
NUMBERS = {"clients": "id", "projects": "hours", "tasks": "id", "users": "id", "details": "budget", "remarks": "id"}
KEYS = {table: "project_id" if table == "details" else "id" for table in COLUMNS}
#: By table: how another is named, which that is, and whether there are many of it.
RELATED = {
    "clients": (("projects", "projects", True),),
    "projects": (
        ("clients", "clients", False),
        ("tasks", "tasks", True),
        ("details", "details", False),
        ("client_of", "clients", False),
        ("tasks_of", "tasks", True),
    ),
    "tasks": (("projects", "projects", False), ("users", "users", True)),
    "users": (("tasks", "tasks", True),),
    "details": (("projects", "projects", False), ("remarks", "remarks", True)),
    "remarks": (("details", "details", False),),
}
DEEPEST = 3


@dataclass(slots=True)
class Tree:
    """A table of a select. Fields are an alias, a column and a function over it, if any."""

    table: str
    alias: str
    relation: str = ""
    many: bool = False
    spread: bool = False
    inner: bool = False
    descending: bool = False
    fields: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, str | None]])
    children: list["Tree"] = field(default_factory=list["Tree"])

    def select(self, *, spread: bool) -> str:
        """The select, with its spreads or with embeds in their place."""
        parts = [f"{alias}:{_called(column, function if spread else None)}" for alias, column, function in self.fields]
        if not spread:
            parts.append(f"key:{KEYS[self.table]}")
        for child in self.children:
            name = f"...{child.relation}" if child.spread and spread else f"{child.alias}:{child.relation}"
            parts.append(f"{name}{'!inner' if child.inner else ''}({child.select(spread=spread)})")
        return ",".join(parts)

    def orders(self, *, spread: bool, path: str = "") -> Iterator[str]:
        """Parameters that say in which order the rows of each embed come."""
        for child in self.children:
            inside = f"{path}{child.relation if child.spread and spread else child.alias}."
            if child.many:
                yield f"{inside}order={KEYS[child.table]}{'.desc' if child.descending else ''}"
            yield from child.orders(spread=spread, path=inside)

    def spread_out(self, row: Row) -> Row:
        """What a row with embeds is with spreads."""
        found = {alias: row[alias] for alias, _, _ in self.fields}
        for child in self.children:
            below = row[child.alias]
            rows = [child.spread_out(item) for item in (below if child.many else [below] if below else [])]
            if not child.spread:
                found[child.alias] = rows if child.many else rows[0] if rows else None
                continue
            for name in child.names():
                values = [item[name] for item in rows]
                found[name] = values if child.many else values[0] if values else None
        return found

    def names(self) -> Iterator[str]:
        """The keys that a row has."""
        yield from (alias for alias, _, _ in self.fields)
        for child in self.children:
            yield from child.names() if child.spread else (child.alias,)

    def functions(self) -> dict[str, str | None]:
        """The function of each field, here and in all that is spread."""
        found = {alias: function for alias, _, function in self.fields}
        for child in self.children:
            found |= child.functions()
        return found


def random_tree(rng: Random, table: str, *, aggregates: bool) -> Tree:
    """A select of a table. With aggregates, everything in it is a spread of one."""
    aliases = (f"a{number}" for number in range(1000))
    return _grown(rng, Tree(table, ""), aliases, 0, aggregates=aggregates)


def _grown(rng: Random, tree: Tree, aliases: Iterator[str], depth: int, *, aggregates: bool) -> Tree:
    for column in rng.sample(COLUMNS[tree.table], 2):
        function = rng.choice((None, "sum", "max", "min", "count")) if aggregates else None
        tree.fields.append((next(aliases), NUMBERS[tree.table] if function else column, function))
    if depth == DEEPEST:
        return tree
    possible = [item for item in RELATED[tree.table] if not (aggregates and item[2])]
    for relation, table, many in rng.sample(possible, min(len(possible), rng.randint(depth == 0, 2))):
        child = Tree(table, next(aliases), relation, many, inner=rng.random() < 0.2, descending=rng.random() < 0.5)
        child.spread = aggregates or rng.random() < 0.7
        tree.children.append(_grown(rng, child, aliases, depth + 1, aggregates=aggregates))
    return tree


def _called(column: str, function: str | None) -> str:
    return f"{column}.{function}()" if function else column


def grouped(rows: Iterable[Row], functions: dict[str, str | None]) -> list[Row]:
    """Rows with each function applied to those that have the rest in common."""
    groups: dict[str, list[Row]] = {}
    plain = [name for name, function in functions.items() if function is None]
    for row in rows:
        groups.setdefault(repr([row[name] for name in plain]), []).append(row)
    if not plain:
        groups.setdefault("[]", [])
    return [
        {name: _applied(function, [row[name] for row in group]) for name, function in functions.items()}
        for group in groups.values()
    ]


def _applied(function: str | None, values: list[Any]) -> Any:
    if function is None:
        return values[0]
    known = [value for value in values if value is not None]
    if function == "count":
        return len(known)
    if not known:
        return None
    return {"sum": sum, "max": max, "min": min}[function](known)
