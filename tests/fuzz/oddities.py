"""Requests that are huge, deep, cut off or not what they say they are, and what is said of them."""

import json

from .asking import Raw

JSON = (b"content-type", b"application/json")
CSV = (b"content-type", b"text/csv")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
TEXT = (b"content-type", b"text/plain")
MEGA = 1024 * 1024


def posted(body: bytes, kind: tuple[bytes, bytes] = JSON, query: bytes = b"", path: bytes = b"/labels") -> Raw:
    return Raw("POST", path, query, (kind,), body)


def nested(opening: bytes, middle: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + middle + closing * depth


#: Requests by what is wrong with them, and the status and code that say so.
REFUSED: dict[str, tuple[Raw, int, str]] = {
    "a query of a megabyte": (Raw("GET", b"/books", b"id=eq." + b"1" * MEGA), 400, "REQUEST_TOO_COMPLEX"),
    "10000 filters": (Raw("GET", b"/books", b"&".join([b"a=is.1"] * 6000)), 400, "REQUEST_TOO_COMPLEX"),
    "600 filters": (Raw("GET", b"/books", b"&".join([b"id=eq.1"] * 600)), 400, "REQUEST_TOO_COMPLEX"),
    "600 filters in trees": (
        Raw("GET", b"/books", b"&".join([b"or=(" + b",".join([b"id.eq.1"] * 200) + b")"] * 3)),
        400,
        "REQUEST_TOO_COMPLEX",
    ),
    "100 embeds side by side": (
        Raw("GET", b"/books", b"select=" + b",".join([b"labels(*)"] * 100)),
        400,
        "REQUEST_TOO_COMPLEX",
    ),
    **{
        f"embeds {depth} deep": (
            Raw("GET", b"/books", b"select=" + nested(b"labels(", b"id", b")", depth)),
            400,
            "REQUEST_TOO_COMPLEX",
        )
        for depth in (100, 1000, 5000, 10_000)
    },
    **{
        f"logic {depth} deep": (
            Raw("GET", b"/books", b"or=" + nested(b"(and", b"(id.eq.1)", b")", depth)),
            400,
            "REQUEST_TOO_COMPLEX",
        )
        for depth in (100, 1000, 9_000, 10_000)
    },
    "quotes without end": (Raw("GET", b"/books", b'select="' + b'\\"' * 10_000), 400, "PGRST100"),
    "a million headers": (Raw("GET", b"/books", b"", ((b"x", b"y"),) * 1_000_000), 400, "REQUEST_TOO_COMPLEX"),
    "a header of 10 MB": (Raw("GET", b"/books", b"", ((b"x", b"y" * 10 * MEGA),)), 400, "REQUEST_TOO_COMPLEX"),
    "preferences without end": (Raw("GET", b"/books", b"", ((b"prefer", b"a"),) * 50_000), 400, "REQUEST_TOO_COMPLEX"),
    "a long path": (Raw("GET", b"/" + b"a" * 60_000), 404, "PGRST205"),
    "a long function": (Raw("GET", b"/rpc/" + b"a" * 60_000), 404, "PGRST202"),
    "a path of many segments": (Raw("GET", b"/a" * 30_000), 404, "PGRST125"),
    "truncated JSON": (posted(b'{"id":1,"label":"x'), 400, "PGRST102"),
    "JSON cut in a list": (posted(b'[{"id":1},{"id":2}'), 400, "PGRST102"),
    "JSON of 100000 levels": (posted(b'{"id":' + nested(b"[", b"", b"]", 100_000) + b"}"), 400, "PGRST102"),
    "100000 open brackets": (posted(b"[" * 100_000), 400, "PGRST102"),
    "100000 open braces": (posted(b'{"a":' * 100_000), 400, "PGRST102"),
    "a number of 100000 digits": (posted(b'{"id":' + b"9" * 100_000 + b"}"), 400, "22003"),
    "a number beyond any": (posted(b'{"id":1e999999999}'), 400, "22P02"),
    "NaN": (posted(b'{"id":NaN}'), 400, "PGRST102"),
    "UTF-16": (posted('{"id":1}'.encode("utf-16")), 400, "PGRST102"),
    "UTF-32": (posted('{"id":1}'.encode("utf-32-le")), 400, "PGRST102"),
    "bytes that are no UTF-8": (posted(b'{"id":1,"label":"\xff\xfe"}'), 400, "PGRST102"),
    "lone surrogates": (posted(b'{"id":9000,"label":"\\ud800"}'), 400, "22P02"),
    "a key of a lone surrogate": (posted(b'{"\\ud800":1}'), 400, "PGRST204"),
    "NUL in a text": (posted(b'{"id":9000,"label":"a\\u0000b"}'), 400, "22P05"),
    "NUL in a body": (posted(b'{"id":9000,"label":"a\0b"}'), 400, "PGRST102"),
    "NUL in a CSV": (posted(b"id,label\n9000,a\0b", CSV), 400, "22P05"),
    "a CSV that is no UTF-8": (posted(b"id,label\n9000,\xff", CSV), 400, "PGRST102"),
    "a CSV with an open quote": (posted(b'id,label\n9000,"x', CSV), 400, "PGRST102"),
    "a CSV bomb": (posted(b"id," + b"n" * 2 * MEGA + b"\n" + b"1,\n" * 500_000, CSV), 413, "BODY_TOO_LARGE"),
    "a form bomb": (posted(b"a" * 9 + b"&" + b"&".join(b"k%d" % n for n in range(300_000)), FORM), 400, "PGRST204"),
    "a form call bomb": (posted(b"a=1&" * 300_000, FORM, path=b"/rpc/nosuch"), 404, "PGRST202"),
    "many keys": (posted(json.dumps({f"k{n}": n for n in range(100_000)}).encode()), 400, "PGRST204"),
    "many arguments": (
        posted(json.dumps({f"k{n}": n for n in range(100_000)}).encode(), path=b"/rpc/add"),
        404,
        "PGRST202",
    ),
    "a body of 11 MB": (posted(b'{"label":"' + b"x" * 11 * MEGA + b'"}'), 413, "BODY_TOO_LARGE"),
    "too many max-affected": (
        Raw("DELETE", b"/book_reviewers", b"book_id=lt.9", ((b"prefer", b"handling=strict, max-affected=1"),)),
        400,
        "PGRST124",
    ),
}
#: What is odd and all the same in order, and the status.
ANSWERED: dict[str, tuple[Raw, int]] = {
    "40000 ampersands": (Raw("GET", b"/books", b"&" * 40_000), 200),
    "a value of 45000 bytes": (Raw("GET", b"/books", b"title=eq." + b"x" * 45_000), 200),
    "20000 elements": (Raw("GET", b"/books", b"id=in.(" + b"1," * 20_000 + b"2)"), 200),
    "a filter said 200 times": (Raw("GET", b"/books", b"&".join([b"id=eq.1"] * 200)), 200),
    "no such preference, twice": (
        Raw("GET", b"/books", b"", ((b"prefer", b"max-affected=--5"), (b"prefer", b"\xff"))),
        200,
    ),
    "keys that come twice": (posted(b'{"id":9000,"id":9001,"label":"twice"}'), 201),
    "a mark at the beginning of a CSV": (posted(b"\xef\xbb\xbfid,label\n9000,x", CSV), 201),
    "a text of 9 MB": (posted(b'{"id":9000,"label":"' + b"x" * 1000 + b'"}' + b" " * 9 * MEGA), 201),
    "JSON of 500 levels": (
        posted(b'{"id":9000,"data":' + nested(b"[", b"", b"]", 500) + b"}", query=b"columns=id", path=b"/books"),
        400,
    ),
    "a CSV of many lines": (
        posted(b"id,label\n" + b"".join(b"%d,l%d\n" % (n, n) for n in range(9000, 29_000)), CSV),
        201,
    ),
}
