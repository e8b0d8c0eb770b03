"""Texts that bodies of several routes of the library have: trimmed, bounded, without NUL."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints

_NO_NUL = r"^[^\x00]*$"
LONGEST_LINK = 2048
#: Forms send pictures within the row, as `data:` addresses of many megabytes.
_LONGEST_PICTURE = 24 * 1024 * 1024


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def link(value: str) -> str:
    """An address that a page may lead to: of a site, or of a place on this one."""
    if len(value) > LONGEST_LINK or not value.lower().startswith(("http://", "https://", "/")):
        raise ValueError("Adresse invalide")
    return value


def _picture(value: str) -> str:
    return value if value.lower().startswith("data:image/") else link(value)


BLANK_IS_NONE = BeforeValidator(_blank_is_none)
Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=_NO_NUL)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_NO_NUL)]
Account = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=_NO_NUL)]
Biography = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_NO_NUL)]
About = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=_NO_NUL)]
Layout = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=_NO_NUL)]
#: A picture elsewhere, or one of this server's files.
Link = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_NO_NUL), AfterValidator(link)]
#: The same, or the picture itself.
Picture = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=_LONGEST_PICTURE, pattern=_NO_NUL),
    AfterValidator(_picture),
]
