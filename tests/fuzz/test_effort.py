"""No request is an effort out of proportion: four times the input may not take much more than four times the work."""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable

import pytest
from app.errors import AppError
from app.gateway.body import read_payload
from app.gateway.grammar import TooDeep
from app.gateway.parse import Head, parse_path, parse_request
from app.gateway.query_string import Caps
from app.gateway.similar import most_similar

from .oddities import MEGA


def effort(work: Callable[[], object]) -> float:
    """Seconds of this process, the least of several tries."""
    tries: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            begun = time.process_time()
            work()
            tries.append(time.process_time() - begun)
    finally:
        gc.enable()
    return min(tries)


CAPS = Caps(10**7, 10**6)


def parsed(query: str = "", *, body: bytes = b"", kind: str = "", prefer: str = "", path: str = "/books") -> None:
    headers = {b"content-type": kind.encode(), b"prefer": prefer.encode(), b"accept": prefer.encode()}
    head = Head("POST" if body else "GET", path, query, headers if kind or prefer else {})
    try:
        parse_request(head, parse_path(path), body, schemas=("api",), caps=CAPS)
    except (AppError, TooDeep):
        pass


#: Work that grows with `n`, at which it takes some milliseconds.
GROWING: dict[str, tuple[int, Callable[[int], object]]] = {
    "columns": (1000, lambda n: parsed("select=" + "a," * n + "a")),
    "columns and a mistake": (500, lambda n: parsed("select=" + "a," * n + "!")),
    "aliases": (500, lambda n: parsed("select=" + "a:b::text," * n)),
    "open parentheses": (5000, lambda n: parsed("select=" + "(" * n)),
    "names that do not end": (5000, lambda n: parsed("select=" + "a" * n + "!")),
    "names of dashes": (1000, lambda n: parsed("select=" + "a-" * n)),
    "quotes that do not end": (5000, lambda n: parsed('select="' + "\\a" * n)),
    "JSON steps": (1000, lambda n: parsed("select=a" + "->b" * n)),
    "JSON steps and a mistake": (1000, lambda n: parsed("select=a" + "->b" * n + "->(")),
    "digits": (2000, lambda n: parsed("select=a->" + "1" * n + "x")),
    "spaces": (5000, lambda n: parsed("select=a" + " " * n + "!")),
    "tabs": (5000, lambda n: parsed("select=" + "%09" * n + "!")),
    "terms": (500, lambda n: parsed("or=(" + "a.eq.1," * n + "a.eq.1)")),
    "terms and a mistake": (300, lambda n: parsed("or=(" + "a.eq.1," * n + "!)")),
    "braces that do not end": (5000, lambda n: parsed("or=(a.eq.{" + "b," * n + ")")),
    "trees": (200, lambda n: parsed("or=(" + "and(a.eq.1)," * n + "!")),
    "elements": (5000, lambda n: parsed("a=in.(" + "b," * n + "c)")),
    "quoted elements": (2000, lambda n: parsed("a=in.(" + '"b",' * n + "c)")),
    "quotes in elements": (2000, lambda n: parsed("a=in.(" + '"' * n)),
    "elements that do not end": (5000, lambda n: parsed("a=in.(" + "b," * n)),
    "orders": (500, lambda n: parsed("order=" + "a.desc," * n + "a")),
    "orders and a mistake": (300, lambda n: parsed("order=" + "a.desc," * n + "a.b")),
    "parameters": (500, lambda n: parsed("&".join(f"a{i}=eq.1" for i in range(n)))),
    "windows": (500, lambda n: parsed("&".join(f"a{i}.limit=1" for i in range(n)))),
    "escapes": (5000, lambda n: parsed("a=eq." + "%25" * n)),
    "escapes that are none": (5000, lambda n: parsed("a=eq." + "%" * n)),
    "ampersands": (20_000, lambda n: parsed("&" * n)),
    "preferences": (2000, lambda n: parsed(prefer="a," * n)),
    "types": (500, lambda n: parsed(prefer="a/b;q=0.1;c=d," * n)),
    "segments": (5000, lambda n: parsed(path="/a" * n)),
    "keys": (2000, lambda n: parsed(body=json.dumps({f"k{i}": 1 for i in range(n)}).encode(), kind="application/json")),
    "rows": (2000, lambda n: parsed(body=b"[" + b'{"a":1},' * n + b'{"a":1}]', kind="application/json")),
    "rows of another kind": (
        2000,
        lambda n: parsed(body=b"[" + b'{"a":1e9999},' * n + b'{"a":1}]', kind="application/json"),
    ),
    "large rows": (200_000, lambda n: parsed(body=b"[" + b'{"a":1},' * n + b'{"a":1}]', kind="application/json")),
    "large rows within a text": (
        400_000,
        lambda n: parsed(body=b'[{"a":"' + b"},{" * n + b'"}]', kind="application/json"),
    ),
    "large rows within a list": (
        200_000,
        lambda n: parsed(body=b'[{"a":[' + b'{"a":1},' * n + b"1]}]", kind="application/json"),
    ),
    "lines": (2000, lambda n: parsed(body=b"a,b\n" + b"1,2\n" * n, kind="text/csv")),
    "quotes of a CSV": (5000, lambda n: parsed(body=b'a\n"' + b'""' * n + b'"', kind="text/csv")),
    "fields of a CSV": (5000, lambda n: parsed(body=b"a," * n + b"\n" + b"1," * n, kind="text/csv")),
    "fields": (
        2000,
        lambda n: parsed(body=b"&".join(b"a%d=1" % i for i in range(n)), kind="application/x-www-form-urlencoded"),
    ),
    "names like others": (20_000, lambda n: most_similar("ab" * n, ["books", "authors", "ab" * 20] * 30, 0.33)),
}


@pytest.mark.parametrize("name", GROWING)
def test_four_times_as_much_takes_no_more_than_some_times_as_long(name: str) -> None:
    size, work = GROWING[name]
    once = max(effort(lambda: work(size)), 0.0005)
    # Linear: 4. Quadratic: 16.
    assert effort(lambda: work(4 * size)) < 9 * once


@pytest.mark.parametrize(
    "body",
    [
        (b"n" * 60_000 + b"\n" + b"1\n" * 100_000),
        (b"n\n" + b"1\n" * 200_000),
        (b",".join(b"c%d" % n for n in range(5000)) + b"\n" + (b"," * 4999 + b"\n") * 100),
    ],
    ids=["a long name", "short lines", "many names"],
)
def test_a_csv_takes_no_more_memory_than_its_bound(body: bytes) -> None:
    tracemalloc.start()
    try:
        read_payload("text/csv", body, columns=None, is_call=False)
    except AppError as refused:
        assert refused.status == 413  # noqa: PT017 - both ends are right
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 200 * MEGA
