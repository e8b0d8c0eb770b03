"""Requests that read tables: what to select, how to filter, order, cut, count and in which form to answer."""

from dataclasses import dataclass, field
from random import Random

from .embeds import CLEAR, UNCLEAR, Embed
from .filtering import conditions, json_path, spelt, tree
from .messages import Pairs, Request, path_of, query_of
from .picture import Column, Picture, Table

AGGREGATES = ("sum", "avg", "count", "max", "min")
CASTS = {
    "number": ("text", "int", "numeric", "float8", "bigint"),
    "text": ("text", "varchar", "name"),
    "time": ("text", "date"),
    "boolean": ("text", "int"),
}
#: Tables that are asked more often: many relationships, many rows, many types.
FAVOURITES = (
    "books",
    "authors",
    "arrays",
    "spans",
    "documents",
    "numbers",
    "times",
    "texts",
    "cities",
    "domains",
    "events",
)


@dataclass(slots=True)
class Selection:
    """A select list in the making, with the embeds that filters and orders may name."""

    items: list[str] = field(default_factory=list)
    embeds: list[tuple[str, Table, Embed]] = field(default_factory=list)
    aggregated: bool = False


class Reader:
    """Makes reads."""

    def __init__(self, rng: Random, picture: Picture) -> None:
        self.rng = rng
        self.picture = picture
        self.by_origin: dict[str, list[Embed]] = {}
        for embed in CLEAR:
            self.by_origin.setdefault(embed.origin, []).append(embed)

    def table(self) -> Table:
        """Any table that a stranger may read."""
        roll = self.rng.random()
        if roll < 0.45:
            return self.picture.table(self.rng.choice(FAVOURITES))
        while True:
            table = self.rng.choice(self.picture.tables)
            if table.schema == "api" and table.name not in ("locked", "write_only", "staff"):
                return table

    def plain(self) -> Request:
        """Columns, filters, order and a window."""
        table = self.table()
        pairs: Pairs = []
        selection = self.selection(table)
        if self.rng.random() < 0.75:
            pairs.append(("select", ",".join(selection.items)))
        pairs += self.where(table)
        pairs += self.window(table, aggregated=selection.aggregated)
        return self.request("read.plain", table, pairs)

    def filtered(self) -> Request:
        """Several filters and little else."""
        table = self.table()
        pairs = conditions(table, self.rng, most=3) or [("select", "*")]
        pairs += self.window(table) if self.rng.random() < 0.3 else []
        return self.request("read.filter", table, pairs)

    def logical(self) -> Request:
        """Trees of conditions."""
        table = self.table()
        pairs: Pairs = [tree(table, self.rng)]
        if self.rng.random() < 0.3:
            pairs.append(tree(table, self.rng))
        pairs += conditions(table, self.rng, most=1)
        return self.request("read.logic", table, pairs)

    def documents(self) -> Request:
        """Paths into JSON and into what is not JSON."""
        table = self.picture.table(
            self.rng.choice(("books", "authors", "documents", "documents", "arrays", "composites"))
        )
        wanted = [c for c in table.columns if c.kind in ("json", "jsonb", "array", "composite")]
        items = ["id"]
        for column in self.rng.sample(wanted, min(2, len(wanted))):
            alias = f"p{len(items)}:" if self.rng.random() < 0.4 else ""
            cast = "::text" if self.rng.random() < 0.15 else ""
            items.append(f"{alias}{spelt(column.name)}{json_path(column, self.rng)}{cast}")
        pairs: Pairs = [("select", ",".join(items))] if self.rng.random() < 0.8 else []
        column = self.rng.choice(wanted)
        path = json_path(column, self.rng)
        if self.rng.random() < 0.5:
            value = self.rng.choice(
                ("eq.1", "eq.text", "is.null", "not.is.null", "gt.1", "eq.dark", 'eq."dark"', "in.(1,2)", "like.*e*")
            )
            pairs.append((f"{spelt(column.name)}{path}", value))
        if self.rng.random() < 0.3:
            pairs.append(("order", f"{spelt(column.name)}{path}.desc.nullslast,id"))
        return self.request("read.json", table, pairs)

    def aggregates(self) -> Request:
        """Sums, counts and groups."""
        table = self.table()
        selection = Selection(aggregated=True)
        columns = self.some(table, self.rng.randint(0, 2))
        selection.items += [spelt(column.name) for column in columns]
        for _ in range(self.rng.randint(1, 2)):
            selection.items.append(self.aggregate(table))
        if self.rng.random() < 0.35:
            self.embed(table, selection, depth=1)
        self.rng.shuffle(selection.items)
        pairs: Pairs = [("select", ",".join(selection.items)), *self.where(table)]
        if self.rng.random() < 0.4 and columns:
            pairs.append(("order", ",".join(spelt(column.name) for column in columns)))
        return self.request("read.aggregate", table, pairs)

    def embedded(self) -> Request:
        """Related rows, nested, spread, filtered and ordered."""
        origin = self.rng.choice(sorted(self.by_origin))
        table = self.picture.table(origin)
        selection = self.selection(table, plain=True)
        for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3))):
            self.embed(table, selection, depth=self.rng.choice((1, 1, 2, 2, 3)))
        pairs: Pairs = [("select", ",".join(selection.items)), *self.where(table)]
        for path, target, embed in selection.embeds:
            pairs += self.inside(path, target, embed, key=self.key_of(table))
        pairs += self.window(table)
        return self.request("read.embed", table, pairs)

    def unclear(self) -> Request:
        """Embeds that cannot be found, or that are found twice."""
        embed = self.rng.choice(UNCLEAR)
        inner = self.rng.choice(("", "!inner", "!left"))
        pairs: Pairs = [("select", f"*,{self.rng.choice(('', 'x:', '...'))}{embed.spelling}{inner}(*)")]
        return self.request("broken.embed", self.picture.table(embed.origin), pairs)

    def counted(self) -> Request:
        """Totals of every kind, with windows that fit and that do not."""
        table = self.table()
        pairs = self.where(table)
        pairs += self.rng.choice(
            (
                [],
                [("limit", str(self.rng.choice((0, 1, 3, 1000))))],
                [("offset", str(self.rng.choice((0, 1, 5, 200, 1000))))],
                [("limit", "2"), ("offset", str(self.rng.choice((0, 1, 300))))],
            )
        )
        if self.rng.random() < 0.5 and table.columns:
            pairs.append(("order", self.key_of(table)))
        headers: Pairs = [("Prefer", f"count={self.rng.choice(('exact', 'exact', 'planned', 'estimated'))}")]
        if self.rng.random() < 0.4:
            headers.append(
                ("Range", self.rng.choice(("0-4", "2-", "5-3", "0-0", "500-600", "items=0-1", "x", "-5", "1-3,5-6")))
            )
            if self.rng.random() < 0.5:
                headers.append(("Range-Unit", "items"))
        return self.request("read.count", table, pairs, headers)

    def request(self, category: str, table: Table, pairs: Pairs, headers: Pairs | None = None) -> Request:
        """Put it together: mostly GET, some HEAD, some in another media type."""
        found = list(headers or [])
        if self.rng.random() < 0.12:
            found.append(("Accept", self.rng.choice(ACCEPTED)))
        if self.rng.random() < 0.05:
            found.append(
                (
                    "Prefer",
                    self.rng.choice(("handling=lenient", "handling=strict", "timezone=Europe/Berlin", "tx=commit")),
                )
            )
        method = "HEAD" if self.rng.random() < 0.08 else "GET"
        if table.schema != "api":
            found.append(("Accept-Profile", table.schema))
        name = category if method == "GET" else "read.head"
        return Request(name, method, path_of(table.name), query_of(pairs, self.rng), tuple(found))

    def selection(self, table: Table, *, plain: bool = False) -> Selection:
        """Some columns, perhaps cast, renamed, computed or all of them."""
        selection = Selection()
        if self.rng.random() < 0.2:
            selection.items.append("*")
        for column in self.some(table, self.rng.randint(1, 4)):
            selection.items.append(self.item(column, plain=plain))
        computed = COMPUTED.get(table.name)
        if computed and self.rng.random() < 0.25:
            selection.items.append(self.rng.choice(computed))
        if not plain and self.rng.random() < 0.12 and table.name in self.by_origin:
            self.embed(table, selection, depth=1)
        if not selection.items:
            selection.items.append("*")
        return selection

    def item(self, column: Column, *, plain: bool) -> str:
        """One column of a select list."""
        name, roll = spelt(column.name), self.rng.random()
        if plain or roll < 0.62:
            return name
        if roll < 0.78:
            return f"{self.rng.choice(ALIASES)}:{name}"
        if roll < 0.92:
            return f"{name}::{self.rng.choice(CASTS.get(column.kind, ('text',)))}"
        return (
            f"a:{name}{json_path(column, self.rng)}" if column.kind in ("json", "jsonb", "array", "composite") else name
        )

    def aggregate(self, table: Table) -> str:
        """One aggregate of a select list."""
        numbers = [c for c in table.columns if c.kind == "number" and c.type not in ("oid", "money")]
        alias = "agg:" if self.rng.random() < 0.3 else ""
        if not numbers or self.rng.random() < 0.3:
            return f"{alias}count()"
        cast = "::int" if self.rng.random() < 0.1 else ""
        after = "::text" if self.rng.random() < 0.15 else ""
        return f"{alias}{spelt(self.rng.choice(numbers).name)}{cast}.{self.rng.choice(AGGREGATES)}(){after}"

    def embed(self, table: Table, selection: Selection, *, depth: int, path: str = "") -> None:
        """Add related rows to a select list."""
        # Siblings of one name could only be told apart by an order that nobody promises.
        taken = {embed.name for sibling, _, embed in selection.embeds if sibling.rpartition(".")[0] == path.rstrip(".")}
        candidates = [embed for embed in self.by_origin.get(table.name, ()) if embed.name not in taken]
        if not candidates:
            return
        embed = self.rng.choice(candidates)
        target = self.picture.table(embed.target)
        name, _, hint = embed.spelling.partition("!")
        spelling = spelt(name) + (f"!{hint}" if hint else "")
        spelling += self.rng.choice(("", "", "", "!inner", "!inner", "!left"))
        roll, inside = self.rng.random(), self.selection(target, plain=True)
        spread = roll < (0.14 if embed.cardinality == "one" else 0.03)
        alias = f"e{len(selection.embeds)}" if not spread and roll > 0.6 else ""
        inner_path = f"{path}{alias or spelt(name)}"
        if depth > 1:
            self.embed(target, inside, depth=depth - 1, path=f"{inner_path}.")
        if roll > 0.97:
            inside = Selection([self.aggregate(target)])
        if roll < 0.02:
            inside = Selection()
        prefix = "..." if spread else f"{alias}:" if alias else ""
        selection.items.append(f"{prefix}{spelling}({','.join(inside.items)})")
        selection.embeds.append((inner_path, target, embed))
        selection.embeds += inside.embeds

    def inside(self, path: str, target: Table, embed: Embed, *, key: str) -> Pairs:
        """What may be said about an embed."""
        pairs: Pairs = []
        if self.rng.random() < 0.3:
            pairs += [(f"{path}.{key}", value) for key, value in conditions(target, self.rng, most=1)]
        if self.rng.random() < 0.3:
            pairs.append((f"{path}.order", self.key_of(target)))
        if self.rng.random() < 0.2:
            pairs.append((f"{path}.{self.rng.choice(('limit', 'offset'))}", str(self.rng.choice((0, 1, 2, 5)))))
        if self.rng.random() < 0.1:
            key, value = tree(target, self.rng)
            pairs.append((f"{path}.{key}", value))
        if self.rng.random() < 0.12 and "." not in path:
            pairs.append((path, self.rng.choice(("is.null", "not.is.null"))))
        if self.rng.random() < 0.15 and "." not in path and embed.cardinality == "one":
            column = self.rng.choice(target.columns)
            pairs.append(("order", f"{path}({spelt(column.name)}).desc,{key}"))
        return pairs

    def where(self, table: Table) -> Pairs:
        """Mostly one filter, sometimes none or a tree."""
        roll = self.rng.random()
        if roll < 0.45:
            return []
        return conditions(table, self.rng, most=1) if roll < 0.9 else [tree(table, self.rng)]

    def window(self, table: Table, *, aggregated: bool = False) -> Pairs:
        """An order that leaves nothing open, a limit, an offset."""
        pairs: Pairs = []
        if self.rng.random() < 0.5 and table.columns and not aggregated:
            terms = [
                f"{spelt(c.name)}{self.rng.choice(DIRECTIONS)}"
                for c in self.some(table, 2)
                if c.kind not in ("json", "other")
            ]
            pairs.append(("order", ",".join([*terms, self.key_of(table)])))
            if self.rng.random() < 0.6:
                pairs.append(("limit", str(self.rng.choice((0, 1, 2, 5, 10, 50)))))
            if self.rng.random() < 0.3:
                pairs.append(("offset", str(self.rng.choice((0, 1, 3, 10, 500)))))
        return pairs

    def key_of(self, table: Table) -> str:
        """Terms that make an order complete: the key, else every column that can be ordered."""
        if table.key:
            return ",".join(spelt(name) for name in table.key)
        able = [c for c in table.columns if c.kind not in ("json", "other")] or list(table.columns)
        return ",".join(spelt(column.name) for column in able[:4])

    def some(self, table: Table, most: int) -> list[Column]:
        """A few columns."""
        return self.rng.sample(table.columns, min(most, len(table.columns)))


ALIASES = ("alias", "Al-i as", '"q.a"', "id", "ünï")
DIRECTIONS = ("", "", ".asc", ".desc", ".desc.nullslast", ".asc.nullsfirst", ".nullsfirst", ".nullslast")
COMPUTED = {
    "books": ("full_title", "label_of", "t:full_title", "always_one"),
    "authors": ("age_in_2020", "initial", "facts", "facts->>name", "a:age_in_2020::text"),
    "book_list": ("label_of",),
    "doubled_authors": ("upper_name",),
}
ACCEPTED = (
    "application/json",
    "*/*",
    "text/csv",
    "text/csv",
    "application/vnd.pgrst.object+json",
    "application/vnd.pgrst.object",
    "application/vnd.pgrst.array+json",
    "application/vnd.pgrst.array+json;nulls=stripped",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.plan+json",
    "application/vnd.pgrst.plan",
    'application/vnd.pgrst.plan+text; for="text/csv"; options=verbose|settings',
    "text/plain",
    "text/html, application/json;q=0.5",
    "text/csv;q=0.1, application/json;q=0.9",
    "application/geo+json",
    "text/xml",
    "image/png",
    "application/vnd.dialect.lines",
    "application/octet-stream",
    "application/json; charset=utf-8",
    "text/*",
    "application/openapi+json",
    "nonsense",
)
