"""Values for columns and arguments: those that occur, others of the type, and some that are not of it at all."""

import json
from random import Random

from .picture import Column

#: Texts that a type takes, besides those found in its column.
BY_TYPE: dict[str, tuple[str, ...]] = {
    "smallint": ("0", "1", "-5", "32767"),
    "integer": ("0", "1", "2", "5", "17", "100", "-1", "2147483647", " 3 "),
    "bigint": ("0", "1", "12", "9007199254740993", "-9223372036854775808"),
    "numeric": ("0", "1.50", "10", "-3.25", "1e3", "NaN"),
    "real": ("0", "1.5", "-2", "1e10", "Infinity"),
    "double precision": ("0", "0.125", "1.5", "-2", "1e100", "NaN", "-Infinity"),
    "money": ("$1.00", "12.34", "0"),
    "boolean": ("true", "false", "t", "f", "yes", "off", "1"),
    "text": (
        "a",
        "The Sea",
        "%e%",
        "*e*",
        "null",
        "",
        "ünï",
        "a,b",
        'q"uote',
        "(x)",
        "{a}",
        "A",
        "back\\slash",
        "50%",
        "*",
    ),
    "date": ("2024-02-29", "1990-01-01", "infinity", "2000-12-31", "20240101"),
    "time without time zone": ("12:00", "00:00:01.5"),
    "time with time zone": ("12:00+01", "00:00Z"),
    "timestamp without time zone": ("2024-01-01", "2024-01-03 12:00:00", "2024-01-01T10:00:00"),
    "timestamp with time zone": ("2024-01-01", "2024-02-29T12:00:00Z", "2024-02-29 13:00+01"),
    "interval": ("1 day", "PT2H", "01:00", "1 mon"),
    "uuid": (
        "00000000-0000-0000-0000-000000000001",
        "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF",
        "12345678123456781234567812345678",
    ),
    "json": ('{"a":1}', "[1,2]", '"x"', "5", "null"),
    "jsonb": ('{"a":1}', "[1,2]", '"x"', "5", "null", '{"theme":"dark"}', "{}", '{"n": 5}'),
    "text[]": ("{}", "{a}", "{a,b}", '{"b,c"}', '{"x y",NULL}', "{NULL}"),
    "integer[]": ("{}", "{1}", "{1,2,3}", "{NULL}", "[0:1]={1,2}"),
    "int4range": ("[1,5)", "(0,3]", "empty", "[5,)", "(,)"),
    "int8range": ("[1,5)", "[5,6)"),
    "numrange": ("[1,1]", "(0.5,1.5]", "[0,)"),
    "daterange": ("[2024-01-01,2024-02-01)", "(,2020-01-01)", "empty"),
    "tsrange": ("[2024-01-01,2024-01-02)",),
    "tstzrange": ("[2024-01-01,)",),
    "int4multirange": ("{}", "{[1,3)}", "{[1,3),[5,8)}"),
    "api.float_range": ("[0,1]", "(,0.5)"),
    "api.mood": ("happy", "sad", "so so", "with,comma"),
    "api.mood[]": ("{happy}", '{"so so",sad}', "{}"),
    "api.level": ("low", "mid", "high"),
    "hidden.secret_level": ("open", "closed"),
    "api.address": ('("Elm St",Bonn,53)', "(,,)", "(a,b,1)"),
    "api.address[]": ("{}", '{"(a,b,1)"}'),
    "api.email": ("a@b.c", "x@y", "author1@example.org"),
    "api.positive": ("1", "5", "100"),
    "api.small_positive": ("1", "50", "99"),
    "api.text_list": ("{a,b}", "{}", "{x}"),
    "api.short": ("abc", "", "12345"),
    "api.priced": ("1.5", "100"),
    "api.required_text": ("r", ""),
    "api.colour": ("#0000ff", "#ff0000", "#010101", "0000ff"),
    "api.masked": ("secret", "s"),
    "bit": ("10101010", "00000000", "1010"),
    "bit varying": ("1", "101", ""),
    "bytea": ("\\x00ff", "\\x", "abc"),
    "inet": ("192.168.0.1", "10.0.0.0/8", "::1"),
    "cidr": ("10.0.0.0/8", "2001:db8::/32"),
    "macaddr": ("08:00:2b:01:02:03",),
    "character": ("DE", "FR", "a"),
    "character varying": ("R1", "R2", "abc"),
    "name": ("ident",),
    '"char"': ("a",),
    "oid": ("1", "0"),
    "tsvector": ("cat", "'fat' 'cat'"),
    "jsonpath": ("$", "$.a"),
}
JUNK = (
    "",
    "x",
    "1.5.5",
    "null",
    "2024-13-01",
    "{",
    "}",
    "(",
    "[1",
    "NaN",
    "99999999999999999999",
    "\x01",
    "'",
    '"',
    "a" * 60,
    "é",
)
#: JSON that fits a type, where its text as a JSON string would not be what a client sends.
NUMERIC = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "api.positive", "api.priced"}
)


def text_for(column: Column, rng: Random) -> str:
    """A value for a filter on this column."""
    roll = rng.random()
    if column.texts and roll < 0.72:
        return rng.choice(column.texts)
    if roll < 0.965:
        return of_type(column.type, rng)
    return rng.choice(JUNK)


def of_type(name: str, rng: Random) -> str:
    """A text that this type takes, as far as we know."""
    return rng.choice(BY_TYPE.get(name) or BY_TYPE["text"])


def json_for(column: Column, rng: Random) -> str:
    """JSON to write into this column."""
    roll = rng.random()
    if column.jsons and roll < 0.6:
        return rng.choice(column.jsons)
    if roll < 0.72 and not column.required:
        return "null"
    if roll < 0.97:
        return json_of_type(column.type, rng)
    return rng.choice(('"junk"', "-7", "true", '{"a":[1]}', "[]", '"' + "long" * 10 + '"', "1e400", '"\\u0000"'))


def json_of_type(name: str, rng: Random) -> str:
    """JSON that this type takes."""
    text = of_type(name, rng)
    if name in ("json", "jsonb"):
        return text
    if name in NUMERIC and text not in ("NaN", "Infinity", "-Infinity") and rng.random() < 0.8:
        return text.strip()
    if name == "boolean" and rng.random() < 0.8:
        return rng.choice(("true", "false"))
    if name == "text[]" and rng.random() < 0.6:
        return rng.choice(("[]", '["a","b"]', '["b,c",null,"q\\"x"]'))
    if name == "integer[]" and rng.random() < 0.6:
        return rng.choice(("[]", "[1,2]", "[null]"))
    if name == "api.address" and rng.random() < 0.6:
        return rng.choice(('{"street":"S","city":"C","zip":1}', '{"city":"only"}', "{}"))
    if name == "api.address[]" and rng.random() < 0.6:
        return '[{"street":"S","zip":2},null]'
    return json.dumps(text, ensure_ascii=rng.random() < 0.3)
