"""Parts of bodies that several subjects of the library have in common."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from app.accounts.bodies import Text
from app.files.data_urls import is_data_url
from app.modules.library.texts import BLANK_IS_NONE, LONGEST_LINK, Link, link

_LONGEST = 64
#: Forms send files within the row, as `data:` addresses of many megabytes; a request may be no longer.
_LONGEST_FILE = 24 * 1024 * 1024


def none_if_blank(value: Any) -> Any:
    """Forms send an empty text for what was not chosen."""
    return None if isinstance(value, str) and not value.strip() else value


def _moment(value: Any) -> str | None:
    # Forms send what `<input type="datetime-local">` holds: no zone, no seconds.
    value = none_if_blank(value)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("Date invalide")
    try:
        read = datetime.fromisoformat(value.strip())
        zoned = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return zoned.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise ValueError("Date invalide") from None


def _file(value: str) -> str:
    return value if is_data_url(value) else link(value)


# The same numbers bound the columns on every other road: `sql/bounds.sql`.
LongText = Annotated[Text, Field(max_length=250_000)]
Description = Annotated[Text, Field(max_length=50_000)]
Preview = Annotated[Text, Field(max_length=50_000)]
FilePath = Annotated[Text, Field(max_length=LONGEST_LINK)]
#: An address; an empty text is none.
Elsewhere = Annotated[Link | None, BLANK_IS_NONE]
#: Of a file: where it is, or the file itself.
FileLink = Annotated[Annotated[Text, Field(max_length=_LONGEST_FILE), AfterValidator(_file)] | None, BLANK_IS_NONE]

#: A time in ISO 8601, in UTC where it names no zone, as PostgreSQL is told of it; an empty text is none.
Expiry = Annotated[str | None, BeforeValidator(_moment)]
