"""`data:` addresses (RFC 2397): files written into a text, as forms of the frontend send them."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

LONGEST_HEAD = 512
#: Of what is written out letter by letter: forms send base64, which takes a moment where this takes seconds.
LONGEST_WRITTEN_OUT = 64 * 1024


@dataclass(frozen=True, slots=True)
class DataUrl:
    """A file that an address is."""

    declared: str
    content: bytes


def is_data_url(value: object) -> bool:
    """Whether a text is meant to be one."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def least_size(url: str) -> int:
    """How long the file is at the least, without a look at it."""
    # Three bytes are four letters, each of which may be spelt with three.
    return max(len(url) - LONGEST_HEAD, 0) // 4


def read_data_url(url: str) -> DataUrl:
    """The file, or `ValueError`."""
    head, comma, body = url[5:].partition(",") if "," in url[: LONGEST_HEAD + 5] else ("", "", "")
    if not comma:
        raise ValueError("no comma")
    words = [word.strip() for word in head.split(";")]
    if words[-1].lower() != "base64" or len(words) < 2:
        if len(body) > LONGEST_WRITTEN_OUT:
            raise ValueError("too much that is no base64")
        return DataUrl(words[0], unquote_to_bytes(body))
    text = body.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/").strip()
    try:
        return DataUrl(words[0], base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except binascii.Error as error:
        raise ValueError("no base64") from error
