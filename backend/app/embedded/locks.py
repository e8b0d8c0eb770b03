"""Advisory locks on files. The kernel drops them with the process that holds them, so none is ever stale."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.01


@contextmanager
def exclusive(path: Path) -> Generator[None, None, None]:
    """Hold `path` alone during the block, once every other holder has let go."""
    descriptor = opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def opened(path: Path) -> int:
    """A descriptor of the lock file, which is made if need be; closing it lets go of what it holds."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def shared(path: Path) -> int:
    """Hold `path` together with others until the descriptor that this gives is closed."""
    descriptor = opened(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def taken(descriptor: int, *, patience_seconds: float = 0.0) -> bool:
    """Make the descriptor the only holder, unless others still hold the file when patience ends."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def free(descriptor: int) -> bool:
    """Whether nobody holds the file alone; asking disturbs nobody."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def names(path: Path, descriptor: int) -> bool:
    """Whether the path still leads to the file of the descriptor: not if it was removed, or removed and made again."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except (FileNotFoundError, NotADirectoryError):
        return False
