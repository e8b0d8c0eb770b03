"""`python -m benchmarks.own_time`: what the gateway itself adds to a request, by its own account.

`Server-Timing` tells how long each stage took. One request at a time, so that no time is spent waiting for others.
"""

import argparse
import http.client
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from urllib.parse import quote

from benchmarks import dialect, machine, report
from benchmarks.contenders import RELAIS
from benchmarks.ground import Ground, ground
from benchmarks.processes import HOST, end_in_order, free_port, serving
from benchmarks.shapes import LIST_ROWS, Samples
from benchmarks.statements import AUTHOR_COLUMNS

OWN = ("jwt", "parse", "plan", "response")
HEADINGS = (
    *("request", "requests", "own stages, median ms", "mean", "total - transaction, median ms", "mean"),
    *("transaction, median ms", "total, median ms"),
)
PREFIX = "/rest/v1"
_STAGE = re.compile(r"([a-z]+);dur=([0-9.]+)")
_EMBEDS = (
    f"*,author:profiles({','.join(AUTHOR_COLUMNS)}),resource_ratings(rating,user_id),"
    "resource_comments(id,content,created_at)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind of request: what it is called, and the path of the one with a number, for a category."""

    name: str
    path: Callable[[int, str], str]


def simple(_number: int, category: str) -> str:
    """The newest of a category."""
    return dialect.listed(PREFIX, "*", category, LIST_ROWS)


def rich(_number: int, category: str) -> str:
    """Three embeds and a logic tree."""
    named = quote(category)
    logic = (
        f"(and(category.eq.{named},visibility.eq.public),and(views_count.gte.10,not.or(license.is.null,tags.cs.{{x}})))"
    )
    return f"{PREFIX}/resources?select={_EMBEDS}&or={logic}&order=created_at.desc&limit={LIST_ROWS}"


def rich_and_new(number: int, category: str) -> str:
    """The same, but of a shape that no request before it had: nothing of it is remembered."""
    return rich(number, category).replace("select=*", f"select=*,new_{number}:title", 1)


ASKED = (
    Asked(f"list of {LIST_ROWS}", simple),
    Asked("three embeds and a logic tree", rich),
    Asked("the same, a new shape each time", rich_and_new),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say."""
    end_in_order()
    options = _options(argv)
    with ground(options.rows) as place:
        print("\n".join(f"- {line}" for line in machine.description(place.postgres_version)), flush=True)
        rows = [line(asked, timings) for asked, timings in measured(place, options.requests)]
    print(f"\n{report.drawn(HEADINGS, rows)}")
    return 0


def measured(place: Ground, requests: int) -> Iterator[tuple[Asked, list[Mapping[str, float]]]]:
    """Each kind of request with the timings of all its answers but the first ones, which warm up."""
    port = free_port()
    with serving(RELAIS.command(place, port), port, RELAIS.ready_path):
        for asked in ASKED:
            timings = list(_timings(port, asked, place.samples, requests + requests // 10))
            yield asked, timings[-requests:]


def line(asked: Asked, timings: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """A row of the table. The header rounds to hundredths of a millisecond: means are finer than medians."""
    own = [sum(stages[name] for name in OWN) for stages in timings]
    around = [stages["total"] - stages["transaction"] for stages in timings]
    return (
        *(asked.name, f"{len(timings):,}", f"{median(own):.2f}", f"{mean(own):.3f}"),
        *(f"{median(around):.2f}", f"{mean(around):.3f}"),
        f"{median(stages['transaction'] for stages in timings):.2f}",
        f"{median(stages['total'] for stages in timings):.2f}",
    )


def stages_of(header: str) -> Mapping[str, float]:
    """The milliseconds of each stage that a `Server-Timing` header tells."""
    return {name: float(value) for name, value in _STAGE.findall(header)}


def _timings(port: int, asked: Asked, samples: Samples, requests: int) -> Iterator[Mapping[str, float]]:
    chance = random.Random(dialect.SEED)
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        for number in range(requests):
            path = asked.path(number, chance.choice(samples.categories))
            connection.request("GET", path, headers=dict(dialect.authorization(chance.choice(samples.tokens))))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered {answer.status}: {body[:500]!r}")
            yield stages_of(answer.headers["Server-Timing"])
    finally:
        connection.close()


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_time", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="resources in the database")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
