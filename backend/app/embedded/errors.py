"""The one error of this package, and how failures of the system become one sentence for the person at the terminal.

What went wrong in a particular server is said where that server is started; here is what they have in common.
"""

import errno
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

#: With less than this, PostgreSQL can make neither a cluster (40 MB) nor a new WAL segment (16 MB): the disk is full.
SCANT_BYTES = 24 * 1024 * 1024
NO_SPACE = "No space left on device"


class EmbeddedError(Exception):
    """An embedded server cannot be used; the message is one sentence for the person at the terminal."""


@contextmanager
def explained(directory: Path) -> Generator[None, None, None]:
    """Turn an `OSError` of the block, which works in `directory`, into an `EmbeddedError`."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(_explanation(directory, error)) from error


def failure(directory: Path, what: str, output: str) -> EmbeddedError:
    """The error for a server that failed in `directory`; its own last words are quoted, unless the disk explains it."""
    if NO_SPACE in output or _free_bytes(directory) < SCANT_BYTES:
        return EmbeddedError(_disk_full(directory))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = " | ".join(lines[-3:]) or "nothing"
    return EmbeddedError(f"{what}; it said: {said}")


def _explanation(directory: Path, error: OSError) -> str:
    where = error.filename or directory
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return _disk_full(directory)
        case errno.EEXIST | errno.ENOTDIR:
            return f"The data directory {directory} is not a directory; set RELAIS_DATA_DIR to one."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            reason = error.strerror or "refused"
            return (
                f"The data directory {directory} cannot be used by this user ({where}: {reason.lower()});"
                " set RELAIS_DATA_DIR to a directory that is yours."
            )
        case _:
            return f"The embedded servers cannot use {directory} ({where}: {error.strerror or error})."


def _disk_full(directory: Path) -> str:
    free = _free_bytes(directory) / 1024 / 1024
    return (
        f"The disk under {directory} is full ({free:.0f} MB are free, a start takes up to 100 MB); make room and retry."
    )


def _free_bytes(directory: Path) -> int:
    existing = next(path for path in (directory, *directory.parents) if path.is_dir())
    return shutil.disk_usage(existing).free
