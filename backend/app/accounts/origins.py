"""Where a request comes from, as letters tell it."""

from datetime import UTC, datetime

from app.accounts.asking import Asked


def origin_of(asked: Asked) -> dict[str, str]:
    """Where a request comes from, and when it does, for the message that tells of it."""
    return {"address": asked.address, "at": datetime.now(UTC).isoformat(timespec="seconds")}
