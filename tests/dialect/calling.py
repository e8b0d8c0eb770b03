"""Requests that call functions, in every style of arguments."""

import json
from random import Random

from .filtering import conditions
from .messages import Pairs, Request, query_of
from .picture import Argument, Function, Picture
from .reading import Reader
from .values import json_of_type, of_type

#: Values for arguments whose name means something.
BY_NAME: dict[str, tuple[str, ...]] = {
    # As many rows as this: never a large number.
    "n": ("0", "1", "2", "3", "5", "x", "-1"),
    # Not 40001: 12.0.2 tries again for ever.
    "code": (
        "P0001",
        "PT402",
        "PT499",
        "PT200",
        "PTabc",
        "23505",
        "23503",
        "42501",
        "22P02",
        "28000",
        "53400",
        "57014",
        "42883",
        "42P01",
        "0L000",
        "P0003",
        "XX000",
        "25006",
        "55000",
        "42P17",
        "2F005",
        "PGRST",
        "22023",
        "21000",
        "08006x",
        "54001",
        "0A000",
        "58000",
        "HV000",
    ),
    "status": ("200", "201", "404", "", "abc", "418", "503", "206"),
    "headers": (
        '[{"X-One": "1"}]',
        '[{"X-A": "1"},{"X-A": "2"}]',
        '[{"Content-Type": "text/x-odd"}]',
        '[{"Content-Range": "none"}]',
        "",
        "{}",
        '[{"a": 1}]',
        "nonsense",
        '[{"a": "1", "b": "2"}]',
        "[]",
        '[{"Cache-Control": "no-store"}]',
    ),
    "name": (
        "request.method",
        "request.path",
        "request.jwt.claims",
        "role",
        "search_path",
        "x-test",
        "accept",
        "sid",
        "prefer",
        "no.such",
    ),
    "message": (
        "said",
        '{"code":"E7","message":"m","details":"d","hint":"h"}',
        '{"code":"E8","message":"only"}',
        '{"message":"no code"}',
        "no json",
        '{"code":1,"message":"m"}',
        "{}",
    ),
    "detail": (
        '{"status":460,"status_text":"Out Of Stock","headers":{"X-Reason":"stock"}}',
        '{"status":402,"headers":{}}',
        '{"status":402}',
        "no json",
        '{"status":"x","headers":{}}',
        "d",
    ),
    "hint": ("h", ""),
}
HELD_BACK = frozenset({"json", "colour", "always_one"})
ROWS = (
    "some_books",
    "all_authors",
    "listed_books",
    "one_book",
    "in_cities",
    "all_events",
    "a_table",
    "set_out",
    "media_lines",
    "addresses",
    "no_table_rows",
    "one_column",
    "definer",
    "open_vaults",
    "null_row",
    "no_row",
)


class Caller:
    """Makes calls."""

    def __init__(self, rng: Random, picture: Picture, reader: Reader) -> None:
        self.rng = rng
        self.picture = picture
        self.reader = reader
        computed = {f"{t.schema}.{t.name}" for t in picture.tables}
        self.functions = [
            f
            for f in picture.functions
            if f.name not in HELD_BACK and not (len(f.arguments) == 1 and f.arguments[0].type in computed)
        ]

    def get(self) -> Request:
        """Arguments in the query string."""
        function = self.function()
        pairs: Pairs = []
        for argument in self.given(function):
            for _ in range(self.rng.randint(1, 3) if argument.variadic else 1):
                kind = argument.type.removesuffix("[]") if argument.variadic else argument.type
                pairs.append((argument.name, self.text(argument, kind)))
        pairs += self.shape(function)
        method = "HEAD" if self.rng.random() < 0.08 else "GET"
        return self.request("rpc.get", method, function, pairs, self.prefer(), None)

    def post(self) -> Request:
        """Arguments in a body of JSON, and now and then of another type."""
        function = self.function()
        arguments = self.given(function)
        pairs = self.shape(function)
        if len(function.arguments) == 1 and not function.arguments[0].name:
            return self.unnamed(function, pairs)
        values = {argument.name: self.json(argument) for argument in arguments}
        roll = self.rng.random()
        headers: Pairs = [*self.prefer(), ("Content-Type", "application/json")]
        body = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in values.items()) + "}"
        if roll < 0.06:
            body = f"[{body}]"
        elif roll < 0.1:
            body = f"[{body},{body}]"
        elif roll < 0.14 and not values:
            body = ""
        elif roll < 0.24:
            headers[-1] = ("Content-Type", "application/x-www-form-urlencoded")
            body = query_of([(argument.name, self.text(argument, argument.type)) for argument in arguments], self.rng)
        elif roll < 0.27:
            headers[-1] = ("Content-Type", "text/csv")
            body = ",".join(values) + "\n" + ",".join("1" for _ in values)
        elif roll < 0.3 and values:
            pairs.append(("columns", next(iter(values))))
        return self.request("rpc.post", "POST", function, pairs, headers, body.encode())

    def unnamed(self, function: Function, pairs: Pairs) -> Request:
        """The whole body as the one argument."""
        kind, body = self.rng.choice(BODIES.get(function.arguments[0].type, BODIES["json"]))
        headers: Pairs = [*self.prefer(), ("Content-Type", kind)]
        return self.request("rpc.unnamed", "POST", function, pairs, headers, body)

    def function(self) -> Function:
        """Any function; those that return rows more often."""
        if self.rng.random() < 0.35:
            name = self.rng.choice(ROWS)
            return next(f for f in self.functions if f.name == name)
        return self.rng.choice(self.functions)

    def given(self, function: Function) -> list[Argument]:
        """The arguments to give: mostly those that are needed, rarely too few."""
        many = len(function.arguments) > 6
        chosen = [
            a for a in function.arguments if a.name and (a.required or self.rng.random() < (0.15 if many else 0.5))
        ]
        return chosen[1:] if chosen and self.rng.random() < 0.05 else chosen

    def text(self, argument: Argument, kind: str) -> str:
        """A value as text."""
        if argument.name == "n" or (argument.name in BY_NAME and self.rng.random() < 0.95):
            return self.rng.choice(BY_NAME[argument.name])
        return of_type(kind, self.rng) if self.rng.random() < 0.95 else self.rng.choice(("", "x", "eq.5", "not.x", "{"))

    def json(self, argument: Argument) -> str:
        """A value as JSON."""
        if argument.name == "n" or (argument.name in BY_NAME and self.rng.random() < 0.95):
            return json.dumps(self.rng.choice(BY_NAME[argument.name]))
        return (
            json_of_type(argument.type, self.rng)
            if self.rng.random() < 0.9
            else self.rng.choice(("null", '"x"', "5", "{}"))
        )

    def shape(self, function: Function) -> Pairs:
        """What to do with the rows."""
        if self.rng.random() < 0.35:
            return []
        if function.returns is None or not any(t.name == function.returns for t in self.picture.tables):
            return self.bare(function)
        table = next(t for t in self.picture.tables if t.name == function.returns)
        selection = self.reader.selection(table)
        if self.rng.random() < 0.3:
            self.reader.embed(table, selection, depth=1)
        pairs: Pairs = [("select", ",".join(selection.items))] if self.rng.random() < 0.7 else []
        pairs += conditions(table, self.rng, most=1) if self.rng.random() < 0.4 else []
        if self.rng.random() < 0.3:
            pairs.append(("order", self.reader.key_of(table)))
        if self.rng.random() < 0.3:
            pairs.append((self.rng.choice(("limit", "offset")), str(self.rng.choice((0, 1, 3, 100)))))
        return pairs

    def bare(self, function: Function) -> Pairs:
        """The same for rows that belong to no table."""
        if function.is_set and self.rng.random() < 0.5:
            return self.rng.choice(
                (
                    [("select", "x")],
                    [("x", "gt.1")],
                    [("order", "x.desc")],
                    [("limit", "2")],
                    [("offset", "1")],
                    [("select", "x,y"), ("x", "in.(1,3)")],
                )
            )
        return [("select", "*")] if self.rng.random() < 0.1 else []

    def prefer(self) -> Pairs:
        """Preferences and other headers of a call."""
        found: Pairs = [("Prefer", "tx=rollback")] if self.rng.random() < 0.6 else []
        if self.rng.random() < 0.2:
            found.append(("Prefer", f"count={self.rng.choice(('exact', 'planned', 'estimated'))}"))
        if self.rng.random() < 0.05:
            found.append(("Range", self.rng.choice(("0-1", "1-", "5-9", "3-2"))))
        if self.rng.random() < 0.06:
            found.append(("Prefer", self.rng.choice(("timezone=Asia/Tokyo", "handling=strict", "timezone=-03:00"))))
        if self.rng.random() < 0.1:
            found += [("X-Test", "tested"), ("Cookie", "sid=abc; other=x%20y")]
        return found

    def request(
        self, category: str, method: str, function: Function, pairs: Pairs, headers: Pairs, body: bytes | None
    ) -> Request:
        """Put it together."""
        found = list(headers)
        if self.rng.random() < 0.1:
            found.append(("Accept", self.rng.choice(CALL_TYPES)))
        if function.schema != "api":
            found.append(("Accept-Profile" if method in ("GET", "HEAD") else "Content-Profile", function.schema))
        path = "/rpc/" + query_path(function.name)
        return Request(category, method, path, query_of(pairs, self.rng), tuple(found), body)


def query_path(name: str) -> str:
    """The name as a part of a path."""
    return name.replace(" ", "%20")


CALL_TYPES = (
    "application/vnd.pgrst.object+json",
    "application/vnd.pgrst.object+json",
    "text/csv",
    "text/plain",
    "text/html",
    "application/octet-stream",
    "application/vnd.pgrst.array+json;nulls=stripped",
    "application/vnd.dialect.lines",
    "application/vnd.pgrst.plan",
    "image/png",
    "text/xml",
    "*/*",
    "text/plain, application/json;q=0.2",
)
BODIES: dict[str, list[tuple[str, bytes]]] = {
    "json": [
        ("application/json", b'{"a": 1, "b": [1, 2]}'),
        ("application/json", b"[1,2]"),
        ("application/json", b'[{"a":1},{"a":2}]'),
        ("application/json", b"5"),
        ("application/json", b'"text"'),
        ("application/json", b"{}"),
        ("application/json", b""),
        ("application/json", b'[{"a":1},{"b":2}]'),
        ("application/json", b"nonsense"),
        ("text/plain", b"text"),
    ],
    "text": [
        ("text/plain", "some text ünï".encode()),
        ("text/plain", b""),
        ("application/json", b'{"a":1}'),
        ("text/plain; charset=utf-8", b"x"),
    ],
    "bytea": [("application/octet-stream", b"\x00\xff\x01"), ("application/octet-stream", b""), ("text/plain", b"abc")],
    "xml": [("text/xml", b"<a/>"), ("application/xml", b"<a/>")],
    "integer": [("application/json", b"5"), ("text/plain", b"5")],
}
BODIES["jsonb"] = BODIES["json"]
