"""Files that forms write into a row as `data:` addresses: kept as files, the row says where they are."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic.alias_generators import to_camel

from app.accounts.errors import INSUFFICIENT_ROLE
from app.errors import refuse
from app.files.data_urls import is_data_url, least_size, read_data_url
from app.files.incoming import TooLong, incoming
from app.modules.library.callers import Caller
from app.modules.library.file_keeping import Kept, Told, forget, keep, room, too_large
from app.modules.library.tables.kinds import AppRole
from app.named.lists import invalid

#: The column of a resource that names its file; such a file is read like the resource, others by everybody.
FILE_URL = "file_url"
_SLICE = 1024 * 1024
#: What the local client puts before the name of a file: `hub-lib-file-1736935200000-`.
_LOCAL = "hub-lib-file-"


@asynccontextmanager
async def stored_links(
    caller: Caller, row: Mapping[str, Any], columns: Sequence[str]
) -> AsyncGenerator[Mapping[str, Any]]:
    """The row with addresses of files in place of the files that were written into it.

    `async with stored_links(caller, row, ("file_url",)) as row:` and write it within: if that fails, the files go.
    """
    found = [column for column in columns if is_data_url(row.get(column))]
    if not found:
        yield row
        return
    kept: list[Kept] = []
    try:
        changed = dict(row)
        for column in found:
            file = await _stored(caller, column, row)
            kept.append(file)
            changed[column] = caller.keeping.url(file.file_name)
            if column == FILE_URL:
                changed |= {"file_path": file.file_name, "file_size": str(file.size)}
        yield changed
    except BaseException:
        await forget(caller, kept)
        raise


async def _stored(caller: Caller, column: str, row: Mapping[str, Any]) -> Kept:
    keeping = caller.keeping
    text: str = row[column]
    if len(text) > 512 + keeping.settings.max_bytes * 3:
        raise too_large(keeping)
    if not await caller.has_rank(AppRole.USER):
        raise refuse(INSUFFICIENT_ROLE)
    tenant_id = await room(caller, least_size(text))
    try:
        # Away from the loop: megabytes take a moment.
        data = await asyncio.to_thread(read_data_url, text)
    except ValueError:
        raise invalid((to_camel(column), "Fichier illisible")) from None
    told = Told(_name(column, row), data.declared, is_public=column != FILE_URL, is_inline=True)
    async with incoming(keeping.storage.incoming, keeping.settings.max_bytes) as come:
        try:
            for start in range(0, len(data.content), _SLICE):
                await come.write(data.content[start : start + _SLICE])
        except TooLong:
            raise too_large(keeping) from None
        return await keep(caller, tenant_id, come, told)


def _name(column: str, row: Mapping[str, Any]) -> str:
    if column != FILE_URL:
        return column.removesuffix("_url")
    given = row.get("file_path")
    if not isinstance(given, str) or not given.strip():
        return "fichier"
    rest = given.removeprefix(_LOCAL)
    moment, dash, name = rest.partition("-")
    return name if rest != given and dash and moment.isdecimal() else rest
