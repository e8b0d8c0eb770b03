"""An upload: a form with one file, read as it comes, and a few short fields beside it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from app.files.incoming import Incoming, TooLong
from app.files.multipart import PART_ENDED, Event, MultipartError, Parser, Part

FILE_FIELD = "file"
LONGEST_FIELD = 4096
#: What boundaries, headers and other fields may take beside the file.
BESIDE_BYTES = 64 * 1024


class TooManyFiles(Exception):
    """The form holds more than the one file."""


@dataclass(slots=True)
class Form:
    """What a form held."""

    #: None: there was no file.
    file: Part | None = None
    fields: dict[str, str] = field(default_factory=dict[str, str])


async def read_form(stream: AsyncIterator[bytes], boundary: str, into: Incoming, longest: int) -> Form:
    """Read a form to its end, its file into a place; `MultipartError`, `TooLong` or `TooManyFiles` if it is none."""
    reading, parser, received = _Reading(into), Parser(boundary), 0
    async for chunk in stream:
        received += len(chunk)
        if received > longest + BESIDE_BYTES:
            raise TooLong
        for event in parser.feed(chunk):
            await reading.take(event)
    parser.close()
    return reading.form


class _Reading:
    def __init__(self, into: Incoming) -> None:
        self.form = Form()
        self._into = into
        self._part: Part | None = None
        self._value = bytearray()

    async def take(self, event: Event) -> None:
        if isinstance(event, Part):
            self._begin(event)
        elif event is PART_ENDED:
            self._end()
        elif self._part is not None and self._part.filename is not None:
            await self._into.write(event)
        else:
            self._value += event
            if len(self._value) > LONGEST_FIELD:
                raise MultipartError("a field is too long")

    def _begin(self, part: Part) -> None:
        self._part = part
        self._value.clear()
        if part.filename is None:
            return
        if self.form.file is not None:
            raise TooManyFiles
        if part.name != FILE_FIELD:
            raise MultipartError(f"the field of the file is called {FILE_FIELD}")
        self.form.file = part

    def _end(self) -> None:
        part = self._part
        if part is not None and part.filename is None:
            self.form.fields.setdefault(part.name, self._value.decode("utf-8", "replace"))
        if part is not None and part.filename == "" and not self._into.size:
            # A browser's form whose file was not chosen.
            self.form.file = None
