"""A request as it goes over the wire, and the answer that comes back."""

import shlex
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

Pairs = list[tuple[str, str]]

#: What a target may hold as it is. `&`, `;`, `+`, `#` and `%` mean something; the rest is for URLs to forbid.
PLAIN = "(),.:*!'$/@~-_=?"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to both sides; `category` says what it is a specimen of."""

    category: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str | None:
        """The value of a header, all of them joined."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    def curl(self, base: str) -> str:
        """A command that sends it again."""
        words = ["curl", "-sgi", base + self.target]
        words += ["-I"] if self.method == "HEAD" else ["-X", self.method]
        for name, value in self.headers:
            words += ["-H", f"{name}: {value}"]
        if self.body is not None:
            words += ["--data-binary", self.body.decode("utf-8", "backslashreplace")]
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, all of them joined."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None


def encoded(text: str, rng: Random) -> str:
    """One of the ways in which a client may write this text into a query string."""
    roll = rng.random()
    if roll < 0.7:
        return quote(text, safe=PLAIN)
    if roll < 0.85:
        return quote(text, safe=PLAIN + " ").replace(" ", "+")
    return quote(text, safe="")


def query_of(pairs: Pairs, rng: Random) -> str:
    """A query string."""
    return "&".join(f"{encoded_key(key, rng)}={encoded(value, rng)}" for key, value in pairs)


def encoded_key(key: str, rng: Random) -> str:
    """The same for a key, in which `=` must not stand."""
    return encoded(key, rng).replace("=", "%3D")


def path_of(name: str) -> str:
    """The path of a table."""
    return "/" + quote(name, safe="$-_.~!*'(),:@")
