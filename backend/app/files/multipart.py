"""Forms with files (`multipart/form-data`, RFC 7578), read piece by piece: nothing holds a whole file.

    for event in parser.feed(chunk):    # a Part, then its bytes, then PART_ENDED; and so on

Whatever is not written as it should be is a `MultipartError`, with words for whoever wrote the client.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal
from urllib.parse import unquote

LONGEST_HEADERS = 8 * 1024
#: What may stand before the first part, and blanks after a boundary.
LONGEST_PREAMBLE, LONGEST_PADDING = 1024, 128
MOST_PARTS = 32
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")
_PARAMETER = re.compile(r""";\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^";\s]*)\s*""", re.DOTALL)
_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


class MultipartError(ValueError):
    """The form is not written as a form is."""


@dataclass(frozen=True, slots=True)
class Part:
    """What precedes the content of a field."""

    name: str
    #: None: the field is no file.
    filename: str | None
    content_type: str


class _Mark(Enum):
    PART_ENDED = auto()


PART_ENDED: Final = _Mark.PART_ENDED
Event = Part | bytes | Literal[_Mark.PART_ENDED]


class _State(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    CONTENT = auto()
    FINISHED = auto()


def boundary_of(content_type: str) -> str:
    """The boundary that a request announces."""
    kind, parameters = parsed_header(content_type)
    boundary = parameters.get("boundary", "")
    if kind != "multipart/form-data" or not _BOUNDARY.match(boundary):
        raise MultipartError("Content-Type must be multipart/form-data with a boundary")
    return boundary


def parsed_header(value: str) -> tuple[str, Mapping[str, str]]:
    """A header's value in small letters, and its parameters. Of two of a name the first counts."""
    kind, _, _ = value.partition(";")
    found: dict[str, str] = {}
    position = len(kind)
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None:
            raise MultipartError("a header has parameters that cannot be read")
        found.setdefault(match[1].lower(), _unquoted(match[2]))
        position = match.end()
    return kind.strip().lower(), found


def _unquoted(value: str) -> str:
    # Browsers write a quote as %22, others with a backslash; one before anything else is part of an old Windows path.
    return value[1:-1].replace('\\"', '"').replace("%22", '"') if value.startswith('"') else value


class Parser:
    """Takes a form apart as it comes."""

    def __init__(self, boundary: str) -> None:
        self._delimiter = f"\r\n--{boundary}".encode()
        # The first boundary has no line before it.
        self._buffer = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._parts = 0
        self._before = 0

    def feed(self, data: bytes) -> Sequence[Event]:
        """What more bytes bring."""
        events: list[Event] = []
        if self._state is _State.FINISHED:
            return events
        self._buffer += data
        while self._step(events):
            pass
        return events

    def close(self) -> None:
        """There are no more bytes."""
        if self._state is not _State.FINISHED:
            raise MultipartError("the form ends before its last boundary")

    def _step(self, events: list[Event]) -> bool:
        """Go on as far as the next turn; False when more bytes are needed."""
        if self._state is _State.HEADERS:
            return self._headers(events)
        if self._state is _State.FINISHED:
            self._buffer.clear()
            return False
        return self._content(events)

    def _headers(self, events: list[Event]) -> bool:
        if self._buffer.startswith(b"\r\n"):
            raise MultipartError("a part has no headers")
        end = self._buffer.find(b"\r\n\r\n", 0, LONGEST_HEADERS + 4)
        if end < 0:
            if len(self._buffer) > LONGEST_HEADERS:
                raise MultipartError("the headers of a part are too long")
            return False
        events.append(_part(bytes(self._buffer[:end])))
        del self._buffer[: end + 4]
        self._state = _State.CONTENT
        return True

    def _content(self, events: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            # The last bytes may be the beginning of a boundary.
            self._emit(len(self._buffer) - len(self._delimiter) + 1, events)
            return False
        after = at + len(self._delimiter)
        turn = self._turn(after)
        if turn is None:
            self._emit(at, events)
            return False
        state, end = turn
        if state is _State.CONTENT:
            self._emit(at + 1, events)
            return True
        self._emit(at, events)
        if self._state is _State.CONTENT:
            events.append(PART_ENDED)
        del self._buffer[: end - at]
        self._begin(state)
        return True

    def _begin(self, state: _State) -> None:
        self._state = state
        self._parts += state is _State.HEADERS
        if self._parts > MOST_PARTS:
            raise MultipartError(f"the form has more than {MOST_PARTS} parts")

    def _turn(self, after: int) -> tuple[_State, int] | None:
        """What a boundary that ends here leads to (content: it was none), and where that begins; None: wait for it."""
        following = bytes(self._buffer[after : after + LONGEST_PADDING])
        if following.startswith(b"--"):
            return _State.FINISHED, after + 2
        padding = len(following) - len(following.lstrip(b" \t"))
        rest = following[padding : padding + 2]
        if rest == b"\r\n":
            return _State.HEADERS, after + padding + 2
        if padding < LONGEST_PADDING and (rest in (b"", b"\r") or (rest == b"-" and not padding)):
            return None
        return _State.CONTENT, after

    def _emit(self, size: int, events: list[Event]) -> None:
        """Hand on the first so many bytes."""
        if size <= 0:
            return
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self._state is _State.PREAMBLE:
            self._before += size
            if self._before > LONGEST_PREAMBLE:
                raise MultipartError("the form does not begin with its boundary")
            return
        events.append(data)


def _part(block: bytes) -> Part:
    headers = _lines(block)
    kind, parameters = parsed_header(headers.get("content-disposition", ""))
    if kind != "form-data" or "name" not in parameters:
        raise MultipartError("a part does not say which field it is")
    if headers.get("content-transfer-encoding", "").lower() not in _ENCODINGS:
        raise MultipartError("a part is encoded")
    return Part(parameters["name"], _filename(parameters), headers.get("content-type", ""))


def _lines(block: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\0" in value or "\n" in value or "\r" in value:
            raise MultipartError("a part has a header that is none")
        found.setdefault(name.lower(), value.strip())
    return found


def _filename(parameters: Mapping[str, str]) -> str | None:
    encoded = parameters.get("filename*")
    if encoded is None:
        return parameters.get("filename")
    charset, _, rest = encoded.partition("'")
    if charset.lower() != "utf-8" or "'" not in rest:
        raise MultipartError("a file's name is in an encoding other than UTF-8")
    return unquote(rest.partition("'")[2], errors="replace")
