"""Files that are stored with us, read whole so that they can be handed over."""

from app.adapters.storage import Span
from app.errors import AppError, refuse
from app.modules.library import files
from app.modules.library.callers import Caller
from app.modules.library.handover.errors import RESOURCE_FILE_TOO_LARGE, RESOURCE_FILE_UNREADABLE
from app.modules.library.handover.papers import File, file_name


async def stored_file(caller: Caller, name: str, most_bytes: int) -> File:
    """A file that the caller may read, by the name in its address."""
    try:
        told, key = await files.served(caller, name, None)
    except AppError as error:
        raise refuse(RESOURCE_FILE_UNREADABLE) from error
    if told.size > most_bytes:
        raise refuse(RESOURCE_FILE_TOO_LARGE)
    data = bytearray()
    async with files.opening(caller, key)(Span(0, told.size)) as chunks:
        async for chunk in chunks:
            data += chunk
    return File(file_name(told.shown_name) or name, told.kind, bytes(data))
