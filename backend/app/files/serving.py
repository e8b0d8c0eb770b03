"""A file as an answer: whole, a part, or nothing but its headers. Nothing in it may run where it is shown."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.adapters.storage import Span
from app.files.kinds import SHOWN, served_as
from app.files.ranges import Unsatisfiable, has_it, span_of

#: A page that shows the file may do nothing. Readers of PDFs need styles, and browsers have none in a sandbox.
_POLICY = "default-src 'none'; sandbox"
_POLICY_OF_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; script-src 'none'"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Served:
    """What is known of a file that somebody may read."""

    id: str
    shown_name: str
    kind: str
    size: int
    since: datetime
    #: Anybody may read it, and pages of any origin may show it.
    is_public: bool
    #: Pages of other origins may show it, since whoever made them has a link to it.
    is_linked: bool = False

    @property
    def etag(self) -> str:
        """Content never changes under an id."""
        return f'"{self.id}"'


class Opening(Protocol):
    """Opens a part of the file."""

    def __call__(self, span: Span, /) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...


class FileAnswer(Response):
    """Sends a file as it is read."""

    def __init__(self, status: int, headers: Mapping[str, str], span: Span | None, opening: Opening) -> None:
        super().__init__(None, status)
        self.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        self._span, self._opening = span, opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if self._span is None or not self._span.size:
            await send(start)
            return await send({"type": "http.response.body", "body": b""})
        async with self._opening(self._span) as chunks:
            # Only now: what cannot be opened is an error with a status of its own.
            await send(start)
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def answer(served: Served, method: str, asked: Mapping[str, str], opening: Opening) -> FileAnswer:
    """The answer to a request with these headers; `Unsatisfiable` for a part that is none."""
    headers = _headers(served)
    if has_it(asked.get("if-none-match", ""), served.etag):
        return FileAnswer(304, headers, None, opening)
    if method == "HEAD":
        return FileAnswer(200, {**headers, "content-length": str(served.size)}, None, opening)
    span = _span(served, asked)
    if span is None:
        return FileAnswer(200, {**headers, "content-length": str(served.size)}, Span(0, served.size), opening)
    part = f"bytes {span.start}-{span.stop - 1}/{served.size}"
    return FileAnswer(206, {**headers, "content-length": str(span.size), "content-range": part}, span, opening)


def _span(served: Served, asked: Mapping[str, str]) -> Span | None:
    condition = asked.get("if-range")
    if "range" not in asked or (condition is not None and condition != served.etag):
        return None
    return span_of(asked["range"], served.size)


def _headers(served: Served) -> dict[str, str]:
    is_shown = served.kind in SHOWN
    anywhere = served.is_public or served.is_linked
    return {
        "content-type": served_as(served.kind),
        "content-disposition": f"{'inline' if is_shown else 'attachment'}; {_named(served.shown_name)}",
        "etag": served.etag,
        "last-modified": format_datetime(served.since, usegmt=True),
        "accept-ranges": "bytes",
        # Asked again each time: a file that everybody may read today may hang on a private resource tomorrow.
        "cache-control": "public, no-cache" if served.is_public else "private, no-cache",
        "content-security-policy": _POLICY_OF_PDF if served.kind == _PDF else _POLICY,
        "cross-origin-resource-policy": "cross-origin" if anywhere else "same-site",
        "x-content-type-options": "nosniff",
    }


def _named(name: str) -> str:
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


__all__ = ["FileAnswer", "Served", "Unsatisfiable", "answer"]
