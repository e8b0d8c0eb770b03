"""Forms that are sent to where files are uploaded, and how each of them is answered to whoever may upload."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.library.file_samples import EXECUTABLE, HTML, PNG, form

#: Files are not longer in this world.
MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A form, and the code that it is refused with."""

    parts: tuple[tuple[str, bytes], ...]
    refusal: str = ""
    #: Bytes that do not arrive.
    missing: int = 0

    @property
    def status(self) -> int:
        """What it is answered with."""
        return 400 if self.refusal else 201

    def sent(self) -> tuple[bytes, dict[str, str]]:
        """Its bytes, and the header that announces them."""
        content, headers = form(*self.parts)
        return content[: len(content) - self.missing], headers


def _part(name: str = "point.png", content: bytes = PNG, kind: str = "image/png") -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}', content


_FIELD = 'Content-Disposition: form-data; name="isPublic"', b"true"

UPLOADS: Final[Mapping[str, Upload]] = {
    "plain": Upload((_part(),)),
    "with_a_field": Upload((_FIELD, _part())),
    "path_name": Upload((_part("../../../etc/passwd"),)),
    "drive_name": Upload((_part("C:\\Windows\\x.png"),)),
    "script_name": Upload((_part("<script>alert(1)</script>.html"),)),
    "quoted_name": Upload((_part("a%22;\\\"b%0d%0aSet-Cookie: a=b'\u202egnp.exe"),)),
    "long_name": Upload((_part("é" * 2000 + ".png"),)),
    "empty_name": Upload((_part(" "),)),
    "largest": Upload((_part(content=PNG + bytes(MOST_BYTES - len(PNG))),)),
    "too_large": Upload((_part(content=PNG + bytes(MOST_BYTES - len(PNG) + 1)),), "FILE_TOO_LARGE"),
    "wrong_type": Upload((_part("a.exe", EXECUTABLE, "application/octet-stream"),), "FILE_TYPE_REFUSED"),
    "untrue_type": Upload((_part(content=HTML),), "FILE_TYPE_MISMATCH"),
    "no_file": Upload((_FIELD,), "NO_FILE"),
    "nothing": Upload((), "NO_FILE"),
    "two_files": Upload((_part(), _part()), "TOO_MANY_FILES"),
    "header_in_name": Upload((_part("a\r\nSet-Cookie: a=b\x00.png"),), "MALFORMED_REQUEST"),
    "broken_off": Upload((_part(),), "MALFORMED_REQUEST", missing=30),
}
#: Names that files are given, all with the same content.
NAMED: Final = ("path_name", "drive_name", "script_name", "quoted_name", "long_name", "empty_name")
