"""Files that are stored with us, read whole so that they can be handed over."""

from collections.abc import Generator
from contextlib import contextmanager

from app.adapters.storage import Missing, Span
from app.errors import AppError, refuse
from app.modules.library import files
from app.modules.library.callers import Caller
from app.modules.library.handover.errors import RESOURCE_FILE_TOO_LARGE, RESOURCE_FILE_UNREADABLE
from app.modules.library.handover.papers import File, file_name

_UNREADABLE = {files.FILE_NOT_FOUND.code, files.INVALID_FILE_NAME.code}


async def stored_file(caller: Caller, name: str, most_bytes: int) -> File:
    """A file that the caller may read, by the name in its address."""
    with _unreadable():
        told, key = await files.served(caller, name, None)
    if told.size > most_bytes:
        raise refuse(RESOURCE_FILE_TOO_LARGE)
    data = bytearray()
    # Its bytes may be gone though its row is there.
    with _unreadable():
        async with files.opening(caller, key)(Span(0, told.size)) as chunks:
            async for chunk in chunks:
                data += chunk
    return File(file_name(told.shown_name) or name, told.kind, bytes(data))


@contextmanager
def _unreadable() -> Generator[None]:
    """A file that is not there cannot be read; other failures are told as what they are."""
    try:
        yield
    except Missing as error:
        raise refuse(RESOURCE_FILE_UNREADABLE) from error
    except AppError as error:
        if error.code not in _UNREADABLE:
            raise
        raise refuse(RESOURCE_FILE_UNREADABLE) from error
