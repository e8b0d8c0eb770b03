"""Hypothesis strategies for every part of a request: mostly of the grammar, some of it broken, some of it noise."""

import json
import re
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.dialect.tokens import FAR_AHEAD, LONG_AGO, token

from .asking import Headers

SQL = "\n".join(path.read_text() for path in sorted((Path(__file__).parents[1] / "dialect").glob("*.sql")))


def _created(kinds: str) -> list[str]:
    found = re.findall(rf'create (?:{kinds}) api\.("[^"]+"|\w+)', SQL)
    return sorted({name.strip('"') for name in found})


TABLES = _created("table|view|materialized view")
#: `numbers_to` counts as far as it is told to.
FUNCTIONS = [name for name in _created("function") if name != "numbers_to"]
COLUMNS = (
    "id",
    "title",
    "author_id",
    "price",
    "tags",
    "data",
    "raw",
    "published",
    "blurb",
    "document",
    "name",
    "label",
    "level",
    "born",
    "mood",
    "settings",
    "upper_name",
    "nosuch",
    "a b",
    "with space",
    "order",
    "day",
    "a",
    "b",
    "n",
    "book_id",
    "weight",
    "x",
    "row_to_json",
    "tenant_id",
)
EMBEDS = ("authors", "books", "labels", "writer", "book_labels", "profiles", "author_id", "books_edited_by_fkey", "up")
TYPES = ("text", "int4", "jsonb", "timestamp with time zone", "regclass", "nosuch", "double precision", "$$", "int)x")
NASTY = (
    "\0",
    "\x01",
    "\x7f",
    "\r\nX-Injected: 1",
    "\u2028",
    "\ufeff",
    "\U0001f980",
    "é",
    "e\u0301",
    "\ufffd",
    "'",
    '"',
    "\\",
    "\\'",
    '\\"',
    "''",
    '""',
    "$$",
    "$1",
    "--",
    "/*",
    "*/",
    ";",
    "%",
    "_",
    "*",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ".",
    ":",
    "::",
    "!",
    "->",
    "->>",
    "...",
    "null",
    "NaN",
    "Infinity",
    "-0",
    "1e400",
    "9223372036854775808",
    "x" * 80,
    "ß" * 40,
    "%00",
    "%ff",
    "&",
    "=",
    "+",
    "#",
    "?",
)

TEXTS = st.one_of(
    st.sampled_from(("1", "2", "5", "The Sea", "a", "happy", "2024-01-01", "true", "{1,2}", '{"a":1}', "[1,5)", "")),
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
    st.text(max_size=6),
    st.integers(-(2**65), 2**65).map(str),
)
_QUOTED = TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
NAMES = st.one_of(st.sampled_from(COLUMNS), st.sampled_from(COLUMNS), _QUOTED, TEXTS)
_STEPS = st.lists(
    st.builds(
        "".join, st.tuples(st.sampled_from(("->", "->>")), st.sampled_from(("a", "0", "-1", '"k"', "b-c", "", "(")))
    ),
    max_size=2,
).map("".join)
FIELDS = st.builds("".join, st.tuples(NAMES, st.one_of(st.just(""), st.just(""), _STEPS)))
OPERATORS = (
    *(
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "like",
        "ilike",
        "match",
        "imatch",
        "in",
        "is",
        "isdistinct",
        "fts",
        "plfts",
    ),
    *(
        "phfts",
        "wfts",
        "cs",
        "cd",
        "ov",
        "sl",
        "sr",
        "nxr",
        "nxl",
        "adj",
        "eq(any)",
        "like(all)",
        "fts(english)",
        "nosuch",
    ),
)
_OPERATIONS = st.one_of(
    st.builds("{}.{}".format, st.sampled_from(OPERATORS), TEXTS),
    st.builds("in.({})".format, st.lists(TEXTS, max_size=4).map(",".join)),
    st.sampled_from(("is.null", "is.true", "not.is.unknown", "is.not_null", "in.()", "eq(any).{1,2}", "not.eq.1")),
    st.builds("not.{}.{}".format, st.sampled_from(OPERATORS), TEXTS),
)
_TERMS = st.builds("{}.{}".format, FIELDS, _OPERATIONS)
_TREES = st.recursive(
    _TERMS,
    lambda inner: st.builds(
        "{}({})".format, st.sampled_from(("and", "or", "not.and", "not.or")), st.lists(inner, max_size=3).map(",".join)
    ),
    max_leaves=4,
)
_SPREADS, _HINTS = (
    ("", "", "", "...", "alias:", '"odd\r\nalias":'),
    ("", "", "", "!inner", "!left", "!author_id", "!x!y"),
)
_ITEMS = st.one_of(
    st.sampled_from(("*", "id", "id,title", "count()", "price.sum()", "id.max()::text", "data->a->>0")),
    FIELDS,
    st.builds("{}:{}::{}".format, NAMES, FIELDS, st.sampled_from(TYPES)),
)
SELECTS = st.recursive(
    st.lists(_ITEMS, min_size=1, max_size=3).map(",".join),
    lambda inner: st.builds(
        "id,{}{}{}({})".format, st.sampled_from(_SPREADS), st.sampled_from(EMBEDS), st.sampled_from(_HINTS), inner
    ),
    max_leaves=2,
)
_DIRECTIONS = st.sampled_from(("", ".asc", ".desc", ".desc.nullslast", ".nullsfirst", ".up"))
ORDERS = st.lists(st.builds("".join, st.tuples(FIELDS, _DIRECTIONS)), min_size=1, max_size=3).map(",".join)
NUMBERS = st.one_of(
    st.integers(-3, 40).map(str), st.sampled_from(("9223372036854775807", "9223372036854775808", "1e3", "٣", " 2 ", ""))
)
_PREFIXES = st.sampled_from(("", "", "", "authors.", "books.", "alias.", "a.b.", "not."))
PAIRS = st.one_of(
    st.tuples(st.just("select"), SELECTS),
    st.tuples(st.builds("".join, st.tuples(_PREFIXES, FIELDS)), _OPERATIONS),
    st.tuples(st.builds("".join, st.tuples(_PREFIXES, FIELDS)), _OPERATIONS),
    st.tuples(
        st.builds("{}{}".format, _PREFIXES, st.sampled_from(("and", "or", "not.or"))), st.builds("({})".format, _TREES)
    ),
    st.tuples(st.builds("{}order".format, _PREFIXES), ORDERS),
    st.tuples(st.builds("{}{}".format, _PREFIXES, st.sampled_from(("limit", "offset"))), NUMBERS),
    st.tuples(st.sampled_from(("columns", "on_conflict")), st.lists(NAMES, max_size=3).map(",".join)),
    st.tuples(NAMES, TEXTS),
)


def _encoded(pair: tuple[str, str], style: int) -> bytes:
    key, value = (part.encode("utf-8", "replace") for part in pair)
    safe = ("(),.:*!'$/@~-_?\"{}<>", "", '(),.:*"')[style % 3]
    text = f"{quote_from_bytes(key, safe)}={quote_from_bytes(value, safe)}"
    return (text.replace("%20", "+") if style % 2 else text).encode()


ENCODED = st.builds(_encoded, PAIRS, st.integers(0, 5))
#: Whole pairs as they come from nobody: other bytes, broken escapes.
_NOISE = st.one_of(
    st.binary(max_size=12).map(lambda data: data.replace(b"#", b"").replace(b" ", b"")),
    st.sampled_from(
        (
            b"",
            b"=",
            b"&",
            b";",
            b"%",
            b"%f",
            b"a=%zz",
            b"%ff=eq.%fe",
            b"select",
            b"select=",
            b"\xff=\xfe",
            b"id=eq.\xc3",
        )
    ),
)
QUERY_PARTS = st.one_of(ENCODED, ENCODED, ENCODED, ENCODED, ENCODED, _NOISE)
PATHS = st.one_of(
    st.sampled_from(TABLES).map(lambda name: b"/" + quote(name).encode()),
    st.sampled_from(("books", "authors", "labels", "documents", "events")).map(lambda name: f"/{name}".encode()),
    st.sampled_from(FUNCTIONS).map(lambda name: b"/rpc/" + quote(name).encode()),
    TEXTS.map(lambda name: b"/" + quote(name).encode()),
    TEXTS.map(lambda name: b"/rpc/" + quote(name).encode()),
    st.sampled_from(
        (b"", b"/", b"//", b"/rpc", b"/rpc/", b"/books/", b"/%ff", b"/\xff", b"/%00", b"/a%2fb", b"/../books")
    ),
)
READS = st.sampled_from(("GET", "GET", "GET", "GET", "HEAD", "OPTIONS"))
METHODS = st.sampled_from(
    ("GET", "GET", "POST", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X")
)

_PREFERENCES = st.lists(
    st.sampled_from(
        (
            *("return=representation", "return=minimal", "return=headers-only", "count=exact", "count=planned"),
            *("count=estimated", "resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default"),
            *(
                "handling=strict",
                "handling=lenient",
                "max-affected=2",
                "max-affected=-1",
                "max-affected=--5",
                "tx=commit",
            ),
            *("max-affected=99999999999999999999", "timezone=Asia/Tokyo", "timezone=nosuch", "timezone='", "timezone="),
            *("tx=rollback", "nosuch=1", "", ";", "return", "count=exact;x"),
        )
    ),
    max_size=4,
).map(", ".join)
_ACCEPTS = st.sampled_from(
    (
        *(
            "application/json",
            "*/*",
            "text/csv",
            "application/vnd.pgrst.object+json",
            "application/geo+json",
            "text/plain",
        ),
        *("application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.array+json;nulls=stripped", ""),
        *(
            "application/vnd.pgrst.plan+json",
            'application/vnd.pgrst.plan+text; for="text/csv"; options=verbose',
            ";q=nan",
        ),
        *("application/openapi+json", "text/html", "application/octet-stream", "a/b;q=1e999, */*;q=-1", ",,,", "\xff"),
    )
)
_CONTENT_TYPES = st.sampled_from(
    (
        *("application/json", "application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain", ""),
        *("application/octet-stream", "text/xml", "application/json; charset=utf-16", "APPLICATION/JSON", "x", "\xe9"),
    )
)
_AUTHORIZATIONS = st.sampled_from(
    (
        *(
            f"Bearer {token({'role': role, 'sub': 'ann'})}"
            for role in ("dialect_author", "dialect_admin", "dialect_anon")
        ),
        *(f"Bearer {token({'role': role})}" for role in ("nosuch", "none", "", 'a"b', "postgres", "é" * 70, "a;b")),
        f"Bearer {token({'role': 'dialect_author', 'exp': LONG_AGO})}",
        f"Bearer {token({'sub': FAR_AHEAD, 'tenant_id': ['x'], 'deep': [[[[{}]]]]})}",
        *("Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer \xff", "\xff"),
    )
)
#: What a server lets in: anything but control characters.
_VALUES = st.binary(max_size=10).map(lambda data: bytes(b for b in data if b >= 0x20 and b != 0x7F).strip())
_NAMED = st.one_of(
    st.tuples(st.just(b"prefer"), _PREFERENCES),
    st.tuples(st.just(b"prefer"), _PREFERENCES),
    st.tuples(st.just(b"accept"), _ACCEPTS),
    st.tuples(st.just(b"content-type"), _CONTENT_TYPES),
    st.tuples(st.just(b"authorization"), _AUTHORIZATIONS),
    st.tuples(st.just(b"range"), st.sampled_from(("0-4", "5-", "4-2", "-", "99999999999999999999-", "a", "0-0,1-1"))),
    st.tuples(
        st.sampled_from((b"accept-profile", b"content-profile")), st.sampled_from(("api", "api2", "hidden", "\xff"))
    ),
    st.tuples(st.just(b"origin"), st.sampled_from(("http://x.test", "null", "\xff"))),
    st.tuples(st.just(b"x-request-id"), TEXTS.map(lambda text: "".join(c for c in text if c.isprintable()))),
).map(lambda pair: (pair[0], pair[1].encode("latin-1", "replace")))
_ODD = st.tuples(
    st.sampled_from(
        (
            b"cookie",
            b"x-y",
            b"prefer",
            b"accept",
            b"range",
            b"content-type",
            b"accept-profile",
            b"access-control-request-method",
        )
    ),
    _VALUES,
)
HEADERS: st.SearchStrategy[Headers] = st.lists(st.one_of(_NAMED, _NAMED, _NAMED, _ODD), max_size=3).map(tuple)

_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(COLUMNS), inner, max_size=3)),
    max_leaves=4,
)
_ROWS = st.dictionaries(st.one_of(st.sampled_from(COLUMNS), NAMES), _JSON, max_size=4)
_DOCUMENTS = st.one_of(_ROWS, st.lists(_ROWS, max_size=3), _ROWS.map(lambda row: [row, row]), _JSON)
_CSVS = st.builds(
    "{}\n{}".format,
    st.lists(NAMES, min_size=1, max_size=3).map(",".join),
    st.lists(st.lists(TEXTS, max_size=4).map(",".join), max_size=3).map("\n".join),
)
_FORMS = st.lists(st.builds("{}={}".format, NAMES, TEXTS), max_size=4).map("&".join)
BODIES = st.one_of(
    _DOCUMENTS.map(lambda value: json.dumps(value).encode()),
    _DOCUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.sampled_from(
        (b'{"id":9000,"label":"x"}', b'[{"id":9000,"label":"x"},{"id":9001,"label":"y"}]', b"", b"[]", b"{}")
    ),
    _CSVS.map(lambda text: text.encode("utf-8", "replace")),
    _FORMS.map(lambda text: text.encode("utf-8", "replace")),
    _DOCUMENTS.map(lambda value: json.dumps(value).encode()[:-1]),
    _DOCUMENTS.map(lambda value: json.dumps(value).encode("utf-16")),
    st.binary(max_size=20),
)
