"""Parts of bodies that several subjects of the library have in common."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

_LONGEST = 64


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


#: A time in ISO 8601, in UTC where it names no zone, as PostgreSQL is told of it; an empty text is none.
Expiry = Annotated[str | None, BeforeValidator(_moment)]
