"""The text of a JSONPath: what its tokens look like, and how far it has been read."""

import json
import re

NAME = re.compile(r"[A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff][0-9A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
FUNCTION = re.compile(r"[a-z][a-z_0-9]*(?=\()")
COMPARISON = re.compile(r"[=!<>]=|[<>]")
_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r"""'(?:[^'\\\x00-\x1f]|\\.)*'|"(?:[^"\\\x00-\x1f]|\\.)*\"""")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_MAX_INTEGER = 2**53 - 1


class UnusablePath(ValueError):
    """A path cannot be read; the message is for the person who wrote it."""


class PathText:
    """A text and the place up to which it has been read. What reads moves the place, if it finds anything."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def string(self) -> str | None:
        """A string in quotes of either kind, its escapes resolved."""
        start = self.at
        quoted = self.match(_STRING)
        if quoted is None:
            return None
        inner = quoted[1:-1]
        if quoted[0] == "'":
            # The same string as JSON writes it: only the quotes differ.
            inner = re.sub(
                r"\\.|\"", lambda found: {"\\'": "'", '"': '\\"', '\\"': "\\x"}.get(found[0], found[0]), inner
            )
        try:
            string: str = json.loads(f'"{inner}"')
            string.encode()  # no lone surrogates
        except ValueError:
            raise self.wrong(start, "is not a valid string") from None
        return string

    def integer(self) -> int | None:
        """An index or a bound of a slice."""
        digits = self.match(_INTEGER)
        return None if digits is None else self.bounded(digits)

    def bounded(self, digits: str) -> int:
        """The digits just read as a number that every JSON reader can hold."""
        if len(digits) > 17 or abs(int(digits)) > _MAX_INTEGER:
            raise self.wrong(self.at - len(digits), "is too large a number")
        return int(digits)

    def blank(self) -> None:
        """Blanks, if any."""
        self.match(_BLANK)

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """What a pattern finds here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def take(self, token: str) -> bool:
        """Whether this token is here."""
        taken = self.text.startswith(token, self.at)
        if taken:
            self.at += len(token)
        return taken

    def expect(self, token: str) -> None:
        """This token, or an error."""
        if not self.take(token):
            raise self.unexpected(token)

    def unexpected(self, wanted: str) -> UnusablePath:
        """That something else is here than what is wanted."""
        seen = self.text[self.at : self.at + 10] or "the end"
        return UnusablePath(f"The JSON path {self.text} has {seen} at character {self.at + 1}; expected {wanted}.")

    def wrong(self, start: int, what: str) -> UnusablePath:
        """That what has been read since `start` will not do."""
        part = self.text[start : self.at]
        return UnusablePath(f"In the JSON path {self.text}, {part} at character {start + 1} {what}.")
