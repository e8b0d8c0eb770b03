"""Requests that write tables. All of them are rolled back: the configuration says so, most of them say so as well."""

import json
from random import Random

from .filtering import conditions, spelt
from .messages import Pairs, Request, path_of, query_of
from .picture import Column, Picture, Table
from .reading import Reader
from .values import json_for

JSON = ("Content-Type", "application/json")
#: What of every table and view somebody may write, with those that answer in their own way named more often.
FAVOURITES = (
    "books",
    "authors",
    "labels",
    "book_labels",
    "defaults",
    "strict",
    "arrays",
    "documents",
    "domains",
    "loud",
    "tickets",
    "editable",
    "book_list",
    "regions",
)
NEWLINE = ",\n"
UNWRITABLE = (
    "tree",
    "everybody",
    "constants",
    "author_stats",
    "book_prices",
    "book_writers",
    "staff",
    "locked",
    "read_only",
    "write_only",
    "secrets",
)


class Writer:
    """Makes writes."""

    def __init__(self, rng: Random, picture: Picture, reader: Reader) -> None:
        self.rng = rng
        self.picture = picture
        self.reader = reader
        self.tables = [t for t in picture.tables if t.writable and t.name not in UNWRITABLE and t.columns]

    def table(self) -> Table:
        """Mostly one that can be written."""
        roll = self.rng.random()
        if roll < 0.5:
            return self.picture.table(self.rng.choice(FAVOURITES))
        if roll < 0.95:
            return self.rng.choice(self.tables)
        return self.picture.table(self.rng.choice(UNWRITABLE))

    def insert(self) -> Request:
        """One row or several, as JSON, CSV or a form."""
        table = self.table()
        columns = self.columns(table)
        pairs = self.select(table)
        if self.rng.random() < 0.1:
            pairs.append(("columns", ",".join(spelt(column.name) for column in columns)))
        roll = self.rng.random()
        if roll < 0.72:
            body, kind = self.json_body(table, columns), "application/json"
        elif roll < 0.87:
            body, kind = self.csv_body(table, columns), "text/csv"
        else:
            body, kind = self.form_body(table, columns), "application/x-www-form-urlencoded"
        prefer = self.prefer("missing=default") if self.rng.random() < 0.2 else self.prefer()
        return self.request("insert", "POST", table, pairs, [*prefer, ("Content-Type", kind)], body)

    def upsert(self) -> Request:
        """Rows that may be there already."""
        table = self.picture.table(
            self.rng.choice(
                (
                    "labels",
                    "regions",
                    "strict",
                    "defaults",
                    "book_labels",
                    "metrics",
                    "single",
                    "documents",
                    "loud",
                    "changed",
                    "book_list",
                    "logs",
                    "events",
                    "profiles",
                    "quiet",
                )
            )
        )
        columns = self.columns(table)
        pairs = self.select(table)
        if self.rng.random() < 0.35:
            pairs.append(
                (
                    "on_conflict",
                    self.rng.choice(
                        (",".join(map(spelt, table.key)) or "id", "one_of", "label", "pair_a,pair_b", "country, code")
                    ),
                )
            )
        resolution = self.rng.choice(("resolution=merge-duplicates", "resolution=ignore-duplicates"))
        headers = [*self.prefer(resolution, *(("missing=default",) if self.rng.random() < 0.15 else ())), JSON]
        body = self.json_body(table, columns, existing=self.rng.random() < 0.6)
        return self.request("upsert", "POST", table, pairs, headers, body)

    def update(self) -> Request:
        """Changes to the rows that filters leave."""
        table = self.table()
        columns = [
            c for c in self.columns(table) if c.name not in table.key or self.rng.random() < 0.05
        ] or self.columns(table)
        columns = self.rng.sample(columns, self.rng.randint(1, min(3, len(columns))))
        pairs = self.matching(table) + self.select(table)
        if self.rng.random() < 0.08:
            pairs.append(("columns", spelt(columns[0].name)))
        prefer = self.prefer(*(("missing=default",) if self.rng.random() < 0.1 else ()), affecting=True)
        body = (
            self.rng.choice((b"{}", b"[]", b"[{}]"))
            if self.rng.random() < 0.06
            else self.row_of(table, columns).encode()
        )
        return self.request("update", "PATCH", table, pairs, [*prefer, JSON], body)

    def delete(self) -> Request:
        """Rows go."""
        table = self.table()
        pairs = self.matching(table) + self.select(table)
        return self.request("delete", "DELETE", table, pairs, self.prefer(affecting=True), None)

    def put(self) -> Request:
        """Exactly one row, there or not."""
        table = self.rng.choice([t for t in self.tables if t.key and t.schema == "api"])
        columns = self.columns(table)
        columns += [table.column(name) for name in table.key if name not in [c.name for c in columns]]
        row = {column.name: self.value(table, column, existing=self.rng.random() < 0.5) for column in columns}
        pairs: Pairs = [(spelt(name), f"eq.{_plain(row[name])}") for name in table.key]
        if self.rng.random() < 0.12:
            pairs.append(
                self.rng.choice(
                    (("limit", "1"), (spelt(columns[0].name), "gt.0"), ("or", "(id.eq.1,id.eq.2)"), ("offset", "1"))
                )
            )
        if self.rng.random() < 0.08:
            pairs = pairs[1:]
        if self.rng.random() < 0.08:
            row[table.key[0]] = self.value(table, table.column(table.key[0]), existing=True)
        pairs += self.select(table)
        body = _object(row)
        body = f"[{body}]" if self.rng.random() < 0.2 else body
        return self.request("put", "PUT", table, pairs, [*self.prefer(), JSON], body.encode())

    def guarded(self) -> Request:
        """Tables that not everyone may touch, by callers of every role."""
        table = self.picture.table(
            self.rng.choice(("staff", "secrets", "locked", "read_only", "write_only", "guarded", "quiet"))
        )
        columns = [column for column in table.columns if self.rng.random() < 0.6] or list(table.columns[:2])
        method = self.rng.choice(("POST", "PATCH", "DELETE", "GET"))
        pairs: Pairs = [] if method == "POST" else self.matching(table)
        if self.rng.random() < 0.5:
            pairs.append(("select", ",".join(spelt(column.name) for column in columns)))
        if method == "GET":
            return self.reader.request("guarded", table, pairs)
        body = None if method == "DELETE" else self.row_of(table, columns).encode()
        return self.request("guarded", method, table, pairs, [*self.prefer(), JSON], body)

    def columns(self, table: Table) -> list[Column]:
        """Those to write: what is needed, and some of the rest."""
        able = [c for c in table.columns if not c.generated or self.rng.random() < 0.02]
        chosen = [c for c in able if c.required or self.rng.random() < (0.5 if c.name not in table.key else 0.2)]
        return chosen or able[:1]

    def json_body(self, table: Table, columns: list[Column], *, existing: bool = False) -> bytes:
        """One object, or an array of them."""
        roll = self.rng.random()
        if roll < 0.55:
            return self.row_of(table, columns, existing=existing).encode()
        if roll < 0.6:
            return self.rng.choice((b"[]", b"{}", b"[{},{}]", b" [ ] ", b"null", b'"text"', b"5", b"true"))
        rows = [
            self.row_of(table, columns, existing=existing and n == 0, place=n) for n in range(self.rng.randint(1, 3))
        ]
        return f"[{self.rng.choice((',', ', ', NEWLINE)).join(rows)}]".encode()

    def csv_body(self, table: Table, columns: list[Column]) -> bytes:
        """The same as CSV."""
        lines = [",".join(_csv(column.name) for column in columns)]
        for n in range(self.rng.randint(1, 3)):
            values = [_plain(self.value(table, column, place=n)) for column in columns]
            lines.append(",".join("NULL" if value == "null" else _csv(value) for value in values))
        return (self.rng.choice(("\n", "\r\n")).join(lines) + self.rng.choice(("", "\n"))).encode()

    def form_body(self, table: Table, columns: list[Column]) -> bytes:
        """The same as a form: one row."""
        return query_of([(column.name, _plain(self.value(table, column))) for column in columns], self.rng).encode()

    def row_of(self, table: Table, columns: list[Column], *, existing: bool = False, place: int = 0) -> str:
        """One row as a JSON object."""
        return _object({column.name: self.value(table, column, existing=existing, place=place) for column in columns})

    def value(self, table: Table, column: Column, *, existing: bool = False, place: int = 0) -> str:
        """JSON for a column: keys are those of rows that exist, or new ones."""
        is_key = column.name in table.key or (not table.key and column is table.columns[0])
        if is_key and existing and column.jsons:
            return self.rng.choice(column.jsons)
        if is_key and column.type == "integer" and len(table.key) < 2:
            return str(8000 + place * 10 + self.rng.randint(0, 9))
        return json_for(column, self.rng)

    def matching(self, table: Table) -> Pairs:
        """Filters for a write: usually one row, sometimes all of them."""
        roll = self.rng.random()
        if roll < 0.08 or not table.columns:
            return []
        if roll < 0.4 and table.key:
            column = table.column(self.rng.choice(table.key))
            if column.texts:
                return [(spelt(column.name), f"eq.{self.rng.choice(column.texts)}")]
        return conditions(table, self.rng, most=2)

    def select(self, table: Table) -> Pairs:
        """What of the written rows to return."""
        if self.rng.random() < 0.55:
            return []
        selection = self.reader.selection(table)
        if table.name in self.reader.by_origin and self.rng.random() < 0.35:
            self.reader.embed(table, selection, depth=1)
        pairs: Pairs = [("select", ",".join(selection.items))]
        if self.rng.random() < 0.2:
            pairs.append(("order", self.reader.key_of(table)))
        return pairs

    def prefer(self, *more: str, affecting: bool = False) -> Pairs:
        """Preferences, in one header or in several."""
        found = list(more)
        if self.rng.random() < 0.8:
            found.append(
                self.rng.choice(
                    ("return=representation", "return=representation", "return=minimal", "return=headers-only")
                )
            )
        if self.rng.random() < 0.75:
            found.append("tx=rollback")
        if self.rng.random() < 0.2:
            found.append(self.rng.choice(("count=exact", "count=planned", "count=estimated")))
        if affecting and self.rng.random() < 0.05:
            found.append("handling=strict")
        self.rng.shuffle(found)
        if self.rng.random() < 0.3:
            return [("Prefer", each) for each in found]
        return [("Prefer", self.rng.choice((", ", ",")).join(found))] if found else []

    def request(
        self, category: str, method: str, table: Table, pairs: Pairs, headers: Pairs, body: bytes | None
    ) -> Request:
        """Put it together."""
        found = list(headers)
        if self.rng.random() < 0.08:
            found.append(
                (
                    "Accept",
                    self.rng.choice(
                        (
                            "application/vnd.pgrst.object+json",
                            "text/csv",
                            "application/vnd.pgrst.array+json;nulls=stripped",
                            "image/png",
                            "text/plain",
                            "application/vnd.pgrst.plan+json",
                        )
                    ),
                )
            )
        if table.schema != "api":
            found.append(("Content-Profile", table.schema))
        return Request(category, method, path_of(table.name), query_of(pairs, self.rng), tuple(found), body)


def _object(row: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in row.items()) + "}"


def _plain(value: str) -> str:
    """The text inside a JSON string; other JSON as it is."""
    if not value.startswith('"'):
        return value
    text: str = json.loads(value)
    return text.encode("utf-8", "replace").decode()


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') or text == "NULL" else text
