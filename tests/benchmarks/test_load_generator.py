"""The load generator against a server of the test's own, which knows what it answered."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.answers import Answer, AnswerReader, BadAnswer
from benchmarks.load import Order, Report, Request, generate, get, post, report_from

ROOT = Path(__file__).parents[2]
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
TRAILED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: x\r\n\r\n"
#: What the server does with a request: the bytes it answers, None to say nothing ever, and b"" to hang up.
Behaviour = Callable[[bytes], bytes | None]


@pytest.mark.parametrize("wire", [SIZED, CHUNKED, TRAILED])
def test_an_answer_is_read_however_it_is_cut(wire: bytes) -> None:
    for cut in range(1, len(wire)):
        reader = AnswerReader()
        assert reader.feed(wire[:cut]) is None
        assert reader.feed(wire[cut:]) == Answer(200, b"hello", keep_alive=True)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    assert reader.finish() == Answer(200, b"hello", keep_alive=False)


def test_an_answer_cut_short_is_none() -> None:
    reader = AnswerReader()
    reader.feed(SIZED[:-1])
    assert reader.finish() is None


def test_an_answer_without_a_body_is_complete_at_once() -> None:
    assert AnswerReader().feed(b"HTTP/1.1 204 No Content\r\n\r\n") == Answer(204, b"", keep_alive=True)


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-nothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhello",
        SIZED + b"more",
    ],
)
def test_what_is_no_answer_is_refused(wire: bytes) -> None:
    with pytest.raises(BadAnswer):
        AnswerReader().feed(wire)


def test_the_length_of_a_body_is_that_of_its_bytes() -> None:
    raw = post("/x", '{"titre":"été"}').raw.encode("latin-1")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body.decode()) == {"titre": "été"}


@pytest.mark.parametrize("wire", [SIZED, CHUNKED])
async def test_every_answer_is_counted_once(wire: bytes) -> None:
    answered = 0

    def answer(_request: bytes) -> bytes:
        nonlocal answered
        answered += 1
        return wire

    async with served(answer) as port:
        report = await generated_apart(order(port, [get("/")], warm_up_seconds=0.0))
    assert report.errors == {}
    # What is under way when the time is over is answered, and not counted.
    assert answered - CONNECTIONS <= report.requests <= answered
    assert report.requests > CONNECTIONS
    assert report.body_bytes == 5 * report.requests
    assert 0 < report.latency.p50 <= report.latency.p95 <= report.latency.p99


async def test_the_warm_up_is_not_counted() -> None:
    answered = 0

    def answer(_request: bytes) -> bytes:
        nonlocal answered
        answered += 1
        return SIZED

    report = await loaded(answer, [get("/")], warm_up_seconds=0.2)
    assert 0 < report.requests < answered - CONNECTIONS


async def test_requests_are_sent_in_turn() -> None:
    seen: set[bytes] = set()

    def answer(request: bytes) -> bytes:
        seen.add(request.split(b" ")[1])
        return SIZED

    await loaded(answer, [get(f"/{number}") for number in range(10)])
    assert seen == {f"/{number}".encode() for number in range(10)}


async def test_a_status_that_was_not_expected_is_an_error_and_no_request() -> None:
    report = await loaded(lambda _: SIZED.replace(b"200", b"500"), [get("/")])
    assert report.requests == 0
    assert report.errors["status 500"] > 0


async def test_an_expected_status_is_none() -> None:
    report = await loaded(lambda _: SIZED.replace(b"200", b"404"), [Request(get("/").raw, status=404)])
    assert report.errors == {}
    assert report.requests > 0


async def test_a_body_without_what_it_must_contain_is_an_error() -> None:
    report = await loaded(lambda _: SIZED, [get("/", contains="goodbye")])
    assert report.errors["wrong body"] > 0


async def test_a_server_that_hangs_up_is_an_error_each_time() -> None:
    report = await loaded(lambda _: b"", [get("/")])
    assert report.errors["closed before the answer"] > CONNECTIONS
    assert report.requests == 0


async def test_a_server_that_closes_after_each_answer_is_connected_to_again() -> None:
    closing = SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    report = await loaded(lambda _: closing, [get("/")])
    assert report.errors == {}
    assert report.requests > CONNECTIONS


async def test_answers_that_never_come_are_errors() -> None:
    report = await loaded(lambda _: None, [get("/")], patience_seconds=0.1)
    assert report.errors == {"unanswered": CONNECTIONS, "no answer at all": 1}


async def test_nobody_there_is_an_error() -> None:
    async with served(lambda _: SIZED) as port:
        pass
    report = await generated(order(port, [get("/")]))
    assert report.errors["not connected"] > 0
    assert report.errors["no answer at all"] == 1


CONNECTIONS = 4


def order(port: int, requests: list[Request], *, warm_up_seconds: float = 0.05, patience_seconds: float = 5.0) -> Order:
    return Order("127.0.0.1", port, CONNECTIONS, warm_up_seconds, 0.2, requests, patience_seconds)


async def loaded(behaviour: Behaviour, requests: list[Request], **options: float) -> Report:
    async with served(behaviour) as port:
        return await generated(order(port, requests, **options))


async def generated(wanted: Order) -> Report:
    """The generator on a loop of its own, beside the server's."""
    return await asyncio.to_thread(generate, wanted)


async def generated_apart(wanted: Order) -> Report:
    """The generator in its own process, as in earnest."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(asdict(wanted)).encode())
    lines = output.decode().splitlines()
    assert lines[:2] == ["measuring", "measured"]
    return report_from(lines[2])


@asynccontextmanager
async def served(behaviour: Behaviour) -> AsyncGenerator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: Server(behaviour), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Server(asyncio.Protocol):
    """Answers each request as it is told; requests come one at a time and in one piece."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._behaviour(data)
        if answer is None:
            return
        self._transport.write(answer)
        if not answer or b"Connection: close" in answer:
            self._transport.close()
