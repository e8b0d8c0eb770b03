"""The servers' own logs, in `log/` of the data directory."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.place import Place

LARGEST_BYTES = 10 * 1024 * 1024
QUOTED_BYTES = 4096


def postgres_log(place: Place) -> Path:
    """Where PostgreSQL writes."""
    return place.data_dir / "log" / "postgres.log"


def redis_log(place: Place) -> Path:
    """Where Redis writes."""
    return place.data_dir / "log" / "redis.log"


@contextmanager
def appended(log: Path) -> Generator[tuple[int, int], None, None]:
    """A descriptor to append to the log, and where the new part begins; a log that is too large is set aside first."""
    if log.exists() and log.stat().st_size > LARGEST_BYTES:
        log.replace(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor, os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def since(log: Path, start: int) -> str:
    """What was written after `start`, or the end of it."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, log.stat().st_size - QUOTED_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
