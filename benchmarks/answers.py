"""Reading HTTP/1.1 answers from a stream of bytes, as cheaply as a load generator needs it.

One answer at a time: nothing here pipelines. Bytes come in, `Answer` goes out.
"""

from dataclasses import dataclass

_END_OF_HEADERS = b"\r\n\r\n"
_WITHOUT_BODY = (204, 304)


class BadAnswer(Exception):
    """What came is no HTTP/1.1 answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its body, and whether the connection may be used again."""

    status: int
    body: bytes
    keep_alive: bool


class AnswerReader:
    """Fed with what arrives; gives an answer when one is complete."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Answer | None:
        """The answer, if these bytes complete it."""
        # Most answers arrive in one piece: nothing is copied then.
        data = self._buffer + data if self._buffer else data
        self._buffer = data
        end = data.find(_END_OF_HEADERS)
        if end < 0:
            return None
        head = data[:end].lower()
        status = _status(head)
        keep_alive = b"\r\nconnection: close" not in head
        length = _content_length(head)
        if length is None and status in _WITHOUT_BODY:
            length = 0
        if length is not None:
            return self._sized(data, (end + 4, end + 4 + length), Answer(status, b"", keep_alive))
        if b"\r\ntransfer-encoding: chunked" in head:
            return self._chunked(data, end + 4, Answer(status, b"", keep_alive))
        return None  # the body ends with the connection

    def finish(self) -> Answer | None:
        """The answer that the end of the connection completes, if there is one."""
        end = self._buffer.find(_END_OF_HEADERS)
        head = self._buffer[:end].lower()
        if end < 0 or _content_length(head) is not None or b"\r\ntransfer-encoding: chunked" in head:
            return None
        body, self._buffer = self._buffer[end + 4 :], b""
        return Answer(_status(head), body, keep_alive=False)

    def _sized(self, data: bytes, span: tuple[int, int], found: Answer) -> Answer | None:
        if len(data) < span[1]:
            return None
        return self._complete(data, span[1], Answer(found.status, data[span[0] : span[1]], found.keep_alive))

    def _chunked(self, data: bytes, start: int, found: Answer) -> Answer | None:
        parts: list[bytes] = []
        while True:
            line_end = data.find(b"\r\n", start)
            if line_end < 0:
                return None
            size = _chunk_size(data[start:line_end])
            start = line_end + 2
            if size == 0:
                return self._trailed(data, start, Answer(found.status, b"".join(parts), found.keep_alive))
            if len(data) < start + size + 2:
                return None
            parts.append(data[start : start + size])
            start += size + 2

    def _trailed(self, data: bytes, start: int, found: Answer) -> Answer | None:
        """Trailers, if any, are passed over up to the empty line."""
        if data[start : start + 2] == b"\r\n":
            return self._complete(data, start + 2, found)
        end = data.find(_END_OF_HEADERS, start)
        return None if end < 0 else self._complete(data, end + 4, found)

    def _complete(self, data: bytes, end: int, found: Answer) -> Answer:
        if len(data) != end:
            raise BadAnswer("more came than one answer")
        self._buffer = b""
        return found


def _status(head: bytes) -> int:
    if not head.startswith(b"http/1.") or not head[9:12].isdigit():
        raise BadAnswer(f"not an HTTP/1.1 status line: {head[:40]!r}")
    return int(head[9:12])


def _content_length(head: bytes) -> int | None:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        return None
    end = head.find(b"\r\n", start + 2)
    value = head[start + 17 : end if end >= 0 else len(head)].strip()
    if not value.isdigit():
        raise BadAnswer(f"not a length: {value[:20]!r}")
    return int(value)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise BadAnswer(f"not a chunk size: {line[:20]!r}") from None
