"""What servers of providers have in common: HTTP on this machine, a step for each request, faults at any of them."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    #: Decoded one by one: a slash within a part is no separator.
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def bearer(self) -> str:
        """The token that came along."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def json(self) -> Any:
        """The body."""
        assert self.headers["content-type"] == "application/json", self.headers
        return json.loads(self.body)


@dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def told(value: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


class Refused(Exception):
    """What is asked for is not done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


#: What happens in place of a step; None: the connection breaks.
Fault = Callable[[], "Answer | None"]


class Served(Protocol):
    """A provider: names the step that a request is, and takes it."""

    def step(self, asked: Asked) -> str: ...
    def take(self, step: str, asked: Asked) -> Answer: ...


class ProviderHttp:
    """A provider that answers, and what tests know and decide of it."""

    def __init__(self, served: Served) -> None:
        self.url = ""
        self.served = served
        self.faults: dict[str, Fault] = {}
        #: Steps that are taken, but whose answers are lost.
        self.lost: set[str] = set()
        #: Which time a step is, from which on its fault holds; the first unless it says otherwise.
        self.begins: dict[str, int] = {}
        #: Of steps that last until they are told to end.
        self.gates: dict[str, threading.Event] = {}
        #: Of steps that are taken at once and answered when they are told to.
        self.late: dict[str, threading.Event] = {}
        #: What happens as soon as a step was asked for.
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.steps: Counter[str] = Counter()
        self.mistakes: list[Exception] = []
        self._lock = threading.Lock()

    def reset(self) -> None:
        """No faults, nothing counted."""
        for gate in (*self.gates.values(), *self.late.values()):
            gate.set()
        states = (self.faults, self.lost, self.begins, self.gates, self.late, self.meanwhile, self.steps, self.mistakes)
        for state in states:
            state.clear()

    def answer(self, asked: Asked) -> Answer | None:
        """What a request gets."""
        step = self.served.step(asked)
        with self._lock:
            self.steps[step] += 1
            times = self.steps[step]
        if step in self.gates:
            self.gates[step].wait(30)
        if step in self.meanwhile:
            self.meanwhile.pop(step)()
        is_faulty = times >= self.begins.get(step, 1)
        if step in self.faults and is_faulty:
            return self.faults[step]()
        with self._lock:
            try:
                answer = self.served.take(step, asked)
            except Refused as refusal:
                return refusal.answer
        if step in self.late:
            self.late[step].wait(30)
        return None if step in self.lost and is_faulty else answer


@contextmanager
def serving(provider: ProviderHttp) -> Generator[ProviderHttp]:
    """A provider that answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = tuple(unquote(part) for part in parts.path.split("/")[1:])
            try:
                answer = provider.answer(Asked(self.command, path, query, headers, body))
            except Exception as error:
                provider.mistakes.append(error)
                answer = None
            if answer is None:
                self.close_connection = True
                return
            with suppress(OSError):
                # Whoever asked may have had enough.
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _respond

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
