"""Whether a gateway is still well: it answers right, and holds no connection that nobody uses."""

import asyncio
import json
from typing import Any

from fastapi import FastAPI

from .asking import Raw, ask, ask_each

BOOK = Raw("GET", b"/books", b"select=id,authors!author_id(id)&order=id&limit=2")
CLAIMS = Raw("GET", b"/rpc/whoami", b"")


async def assert_well(app: FastAPI) -> None:
    """More ordinary requests than there are connections, each answered right."""
    for reply in await ask_each(app, [BOOK, CLAIMS] * 8, at_once=16):
        assert reply.status == 200, reply
    who = json.loads((await ask(app, CLAIMS)).body)
    assert (who["role"], who["timezone"], who["search_path"]) == ("dialect_anon", "UTC", '"api", "extra"'), who
    books = json.loads((await ask(app, BOOK)).body)
    assert [book["id"] for book in books] == [1, 2], books


def pools_of(app: FastAPI) -> list[Any]:
    """The pools of an application."""
    return list(app.state.relais.database._pools.values())


def lent(app: FastAPI) -> int:
    """How many connections are neither closed nor there to be lent."""
    return sum(len(pool._open) + pool._opening - len(pool._idle) for pool in pools_of(app))


async def until_nothing_is_lent(app: FastAPI) -> None:
    """Every connection comes back, or is closed."""
    async with asyncio.timeout(30):
        while lent(app):
            await asyncio.sleep(0.01)
