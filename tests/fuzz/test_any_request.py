"""Whatever is asked, the answer is one that a client can take apart, and the gateway is none the worse for it.

`RELAIS_TEST_FUZZ` says how many requests; without it they are the same ones in every run.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dialect.database import fingerprint
from tests.dialect.messages import Request
from tests.dialect.picture import picture_of
from tests.dialect.requests import generate

from .asking import Headers, Raw, Reply, ask, ask_each
from .conftest import PLAIN, UNDONE, Awkward, Gateways
from .health import assert_well, until_nothing_is_lent
from .invariants import problems_of
from .strategies import BODIES, HEADERS, METHODS, PATHS, QUERY_PARTS, READS

COUNT = int(os.environ.get("RELAIS_TEST_FUZZ", "6000"))
BATCH = 200
#: What is wrong is told in curl commands: to look for fewer of them would take longer than to read them.
MANNER = settings(
    max_examples=max(1, COUNT // BATCH // 2),
    deadline=None,
    derandomize="RELAIS_TEST_FUZZ" not in os.environ,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
#: A request that is refused at once tries little.
LEAST_GOOD = 0.25
#: Of all answers, by the tests before the one that looks at it.
STATUSES: Counter[int] = Counter()
LOG = logging.getLogger("fuzz")
Good = Callable[[int], Iterable[Request]]
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass(frozen=True, slots=True, repr=False)
class Ingredients:
    """What a batch is mixed of: drawing each request anew would take longer than to answer it."""

    methods: list[str]
    paths: list[bytes]
    parts: list[bytes]
    headers: list[Headers]
    bodies: list[bytes]
    stride: int
    seed: int

    def __repr__(self) -> str:
        # All that it is mixed of would take pages; what went wrong is told request by request.
        return f"a batch of seed {self.seed}"

    def requests(self, good: Good) -> list[Raw]:
        """A batch, in which every ingredient meets many others; half of it are good requests, or nearly so."""
        chosen = (request for request in good(self.seed) if request.method in self.methods)
        nearly = [self._changed(number, raw_of(request)) for number, request in enumerate(islice(chosen, BATCH // 2))]
        return [*nearly, *(self._mixed(number) for number in range(BATCH - len(nearly)))]

    def _changed(self, number: int, good: Raw) -> Raw:
        """A good request with something of ours in it, sometimes."""
        turn = number * self.stride
        part = self.parts[turn % len(self.parts)]
        match number % 6:
            case 3:
                return replace(good, query=b"&".join(filter(None, (good.query, part))))
            case 4:
                return replace(good, headers=good.headers + self.headers[turn % len(self.headers)])
            case 5:
                cut = turn % (len(good.query) + 1)
                return replace(good, query=good.query[:cut] + part[:3] + good.query[cut + turn % 3 :])
            case _:
                return good

    def _mixed(self, number: int) -> Raw:
        turn = number * self.stride
        parts = [self.parts[(turn + n * 7) % len(self.parts)] for n in range(number % 5)]
        method = self.methods[number % len(self.methods)]
        body = (
            self.bodies[(turn // 3) % len(self.bodies)]
            if method in ("POST", "PATCH", "PUT") or number % 17 == 0
            else b""
        )
        path = self.paths[(turn // 2 + number) % len(self.paths)]
        return Raw(method, path, b"&".join(parts), self.headers[(turn // 5) % len(self.headers)], body)


def raw_of(request: Request) -> Raw:
    headers = tuple((name.lower().encode(), value.encode()) for name, value in request.headers)
    return Raw(request.method, request.path.encode(), request.query.encode(), headers, request.body or b"")


def ingredients(methods: st.SearchStrategy[str]) -> st.SearchStrategy[Ingredients]:
    return st.builds(
        Ingredients,
        st.lists(methods, min_size=4, max_size=8),
        st.lists(PATHS, min_size=5, max_size=11),
        st.lists(QUERY_PARTS, min_size=13, max_size=29),
        st.lists(HEADERS, min_size=5, max_size=11),
        st.lists(BODIES, min_size=4, max_size=9),
        st.sampled_from((1, 3, 11, 13, 19)),
        st.integers(0, 2**32),
    )


@pytest.fixture(scope="module")
def run() -> Generator[Run]:
    """Runs coroutines on a loop of this file's own: hypothesis calls tests that are not asynchronous."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def undone(run: Run, gateway: Gateways) -> Generator[FastAPI]:
    """A gateway where nothing stays."""
    running = gateway(UNDONE)
    yield run(running.__aenter__())
    run(running.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def plain(run: Run, gateway: Gateways) -> Generator[FastAPI]:
    """A gateway as it is shipped."""
    running = gateway(PLAIN)
    yield run(running.__aenter__())
    run(running.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def good(awkward: Awkward) -> Good:
    """Makes good requests, those of a seed."""
    picture = asyncio.run(picture_of(awkward.admin))
    return lambda seed: generate(picture, seed, BATCH)


@MANNER
@given(batch=ingredients(METHODS))
def test_any_request_is_answered_in_order(batch: Ingredients, undone: FastAPI, good: Good, run: Run) -> None:
    run(_answered(undone, batch.requests(good)))


@MANNER
@given(batch=ingredients(READS))
def test_any_read_is_answered_in_order_by_statements_that_stand_alone(
    batch: Ingredients, plain: FastAPI, good: Good, run: Run
) -> None:
    run(_answered(plain, batch.requests(good)))


def test_nothing_of_all_that_stays(run: Run, undone: FastAPI, plain: FastAPI, awkward: Awkward) -> None:
    writes = [
        Raw("POST", b"/labels", b"", ((b"prefer", b"tx=commit"),), b'{"id":9000,"label":"x"}'),
        Raw("DELETE", b"/book_reviewers", b"book_id=gt.0"),
    ]
    assert [reply.status for reply in run(ask_each(undone, writes))] == [201, 204]
    assert asyncio.run(fingerprint(awkward.admin)) == awkward.fingerprint


def test_the_requests_were_many_and_a_healthy_mix() -> None:
    LOG.info("%s", dict(sorted(STATUSES.items())))
    assert STATUSES.total() >= COUNT * 0.9
    assert {200, 201, 204, 206, 300, 400, 401, 403, 404, 405, 406, 409, 416} <= STATUSES.keys()
    assert sum(count for status, count in STATUSES.items() if status < 300) >= STATUSES.total() * LEAST_GOOD


async def _answered(app: FastAPI, requests: list[Raw]) -> None:
    replies = await ask_each(app, requests)
    STATUSES.update(reply.status for reply in replies)
    wrong = [_told(*pair) for pair in zip(requests, replies, strict=True) if problems_of(*pair)]
    assert not wrong, "\n\n".join([f"{len(wrong)} of {len(requests)} answers:", *wrong[:10]])
    await assert_well(app)
    await until_nothing_is_lent(app)


def _told(request: Raw, reply: Reply) -> str:
    return "\n  ".join([request.curl(), *problems_of(request, reply)])


async def test_the_checks_notice_what_they_are_for() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"3"), (b"x", b"a\nb")]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    problems = problems_of(Raw(), await ask(broken, Raw()))
    assert [problem.split()[0] for problem in problems] == ["header", "2", "not"]
