"""The load generator: N connections that each send a request, wait for its answer and send the next.

A process of its own (`python -m benchmarks.load`, an `Order` as JSON on standard input), so that its work is not the
server's. It writes `measuring` and `measured` when the counted time begins and ends, then one JSON line, a `Report`.
The loop is closed: a slow server is asked less often, so latencies hold for this number of connections and no other.
With `per_second` requests are due at fixed times instead, and latencies count from these.
"""

import asyncio
import json
import resource
import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from time import perf_counter
from typing import Any, cast

import uvloop

from benchmarks.answers import Answer, AnswerReader, BadAnswer
from benchmarks.figures import Latency, latency_of

#: Bodies are looked into once in so many answers: searching each would cost the generator too much. A prime, so that
#: no list of requests is in step with it.
SAMPLE_EVERY = 17
#: A server that refuses connections is asked again after this time.
RECONNECT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the wire, and what its answer must be."""

    raw: str
    status: int = 200
    contains: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: `requests` are sent in turn, over all connections together."""

    host: str
    port: int
    connections: int
    warm_up_seconds: float
    seconds: float
    requests: Sequence[Request]
    #: How long answers may still take when the time is over; those that do not come are errors.
    patience_seconds: float = 5.0
    #: So many requests over all connections together, at equal distances; 0: as many as are answered.
    per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in the counted time. `errors` counts by kind and spans the warm-up as well."""

    requests: int
    seconds: float
    latency: Latency
    errors: Mapping[str, int]
    body_bytes: int
    cpu_seconds: float


def get(path: str, headers: Mapping[str, str] | None = None, *, status: int = 200, contains: str = "") -> Request:
    """A GET request; `path` with its query, already escaped."""
    return Request(f"GET {path} HTTP/1.1\r\n{_headers(headers or {})}\r\n", status, contains)


def post(
    path: str, body: str, headers: Mapping[str, str] | None = None, *, status: int = 201, contains: str = ""
) -> Request:
    """A POST request with a JSON body that is expected to create something, unless another status is."""
    return Request(_with_body("POST", path, body, headers), status, contains)


def patch(path: str, body: str, headers: Mapping[str, str] | None = None) -> Request:
    """A PATCH request with a JSON body that is expected to be done without an answer to it."""
    return Request(_with_body("PATCH", path, body, headers), 204)


def _with_body(method: str, path: str, body: str, headers: Mapping[str, str] | None) -> str:
    size = {"Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
    # Latin-1 stands for bytes here: what is sent is the UTF-8 of the body.
    raw = body.encode().decode("latin-1")
    return f"{method} {path} HTTP/1.1\r\n{_headers({**size, **(headers or {})})}\r\n{raw}"


def _headers(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items())


class Generator:
    """The state that connections share: what to send next, what was seen."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.errors: Counter[str] = Counter()
        self.latencies = array("d")
        self.body_bytes = 0
        self.answers = 0
        self.counting = False
        self.stopped = False
        self.waiting = 0
        self.open: set[asyncio.Transport] = set()
        self._idle = asyncio.Event()
        self._closed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        wire = [(item.raw.encode("latin-1"), item.status, item.contains.encode()) for item in order.requests]
        self.next_request = cycle(wire).__next__
        self._due = perf_counter()

    async def run(self) -> Report:
        """Warm up, count, let the last answers come."""
        asyncio.get_running_loop().set_exception_handler(self._own_fault)
        for _ in range(self.order.connections):
            self.connect()
        await asyncio.sleep(self.order.warm_up_seconds)
        _say("measuring")
        began, cpu_began, self.counting = perf_counter(), _cpu_seconds(), True
        await asyncio.sleep(self.order.seconds)
        self.counting, self.stopped = False, True
        seconds, cpu = perf_counter() - began, _cpu_seconds() - cpu_began
        _say("measured")
        await self._last_answers()
        if not self.latencies:
            self.errors["no answer at all"] += 1
        latency = latency_of([value * 1000 for value in self.latencies])
        report = Report(len(self.latencies), seconds, latency, dict(self.errors), self.body_bytes, cpu)
        await self._hang_up()
        return report

    def connect(self, delay_seconds: float = 0.0) -> None:
        """Open one more connection, now or in a moment."""
        task = asyncio.get_running_loop().create_task(self._connected(delay_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def next_due(self) -> float:
        """When the next request is due."""
        if not self.order.per_second:
            return perf_counter()
        self._due += 1 / self.order.per_second
        return self._due

    def answered(self) -> None:
        """A connection waits for nothing any more."""
        self.waiting -= 1
        if self.stopped and not self.waiting:
            self._idle.set()

    def lost(self, transport: asyncio.Transport) -> None:
        """A connection has ended."""
        self.open.discard(transport)
        if self.stopped and not self.open:
            self._closed.set()

    async def _connected(self, delay_seconds: float) -> None:
        await asyncio.sleep(delay_seconds)
        if self.stopped:
            return
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: LoadConnection(self), self.order.host, self.order.port)
        except OSError:
            self.errors["not connected"] += 1
            self.connect(RECONNECT_SECONDS)

    def _own_fault(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # A callback that fails must not look like a server that has nothing to say.
        self.errors[f"generator: {context.get('exception')!r}"] += 1

    async def _last_answers(self) -> None:
        if not self.waiting:
            return
        try:
            async with asyncio.timeout(self.order.patience_seconds):
                await self._idle.wait()
        except TimeoutError:
            self.errors["unanswered"] += self.waiting

    async def _hang_up(self) -> None:
        """Leave nothing open: a loop that is closed over connections may wait for them."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in tuple(self.open):
            transport.abort()
        if self.open:
            await self._closed.wait()


class LoadConnection(asyncio.Protocol):
    """One connection: at most one request under way."""

    __slots__ = ("_contains", "_generator", "_reader", "_sent", "_status", "_transport", "_waits")

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._reader = AnswerReader()
        self._waits = False
        self._sent = 0.0
        self._status = 200
        self._contains = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's, so nothing can be asserted here.
        self._transport = cast(asyncio.Transport, transport)
        self._generator.open.add(self._transport)
        if self._generator.stopped:
            self._transport.abort()
        else:
            self._go_on()

    def data_received(self, data: bytes) -> None:
        try:
            answer = self._reader.feed(data)
        except BadAnswer:
            return self._fail("not HTTP")
        if answer is None:
            return None
        if not self._waits:
            return self._fail("not asked for")
        self._received(answer)
        if not answer.keep_alive:
            self._transport.close()
        elif not self._generator.stopped:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._generator.lost(self._transport)
        if self._waits:
            answer = self._reader.finish()
            if answer is not None:
                self._received(answer)
            else:
                self._failed("closed before the answer")
        if not self._generator.stopped:
            self._generator.connect()

    def _go_on(self) -> None:
        due = self._generator.next_due()
        early = due - perf_counter()
        if early <= 0:
            self._send(due)
        else:
            asyncio.get_running_loop().call_later(early, self._send, due)

    def _send(self, due: float) -> None:
        if self._generator.stopped or self._transport.is_closing():
            return
        raw, self._status, self._contains = self._generator.next_request()
        self._waits = True
        self._generator.waiting += 1
        self._sent = due
        self._transport.write(raw)

    def _received(self, answer: Answer) -> None:
        generator = self._generator
        self._waits = False
        generator.answers += 1
        if answer.status != self._status:
            generator.errors[f"status {answer.status}"] += 1
        elif self._contains and generator.answers % SAMPLE_EVERY == 1 and self._contains not in answer.body:
            generator.errors["wrong body"] += 1
        elif generator.counting:
            generator.latencies.append(perf_counter() - self._sent)
            generator.body_bytes += len(answer.body)
        generator.answered()

    def _fail(self, kind: str) -> None:
        self._failed(kind)
        self._transport.abort()

    def _failed(self, kind: str) -> None:
        self._generator.errors[kind] += 1
        if self._waits:
            self._waits = False
            self._generator.answered()


def generate(order: Order) -> Report:
    """Carry out an order in this process."""

    async def run() -> Report:
        return await Generator(order).run()

    return uvloop.run(run())


def order_from(text: str) -> Order:
    """The order that a JSON text means."""
    fields = json.loads(text)
    requests = [Request(**item) for item in fields.pop("requests")]
    return Order(**fields, requests=requests)


def report_from(text: str) -> Report:
    """The report that a JSON text means."""
    fields = json.loads(text)
    latency = Latency(**fields.pop("latency"))
    return Report(**fields, latency=latency)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    _say(json.dumps(asdict(generate(order_from(sys.stdin.read())))))
