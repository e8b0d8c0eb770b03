"""What accounts write to people, read where it waits to be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI

_LETTERS = """
    select template, locale, data::text, sealed from relais.email_outbox
    where lower(recipient) = lower($1) order by created_at, id
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was handed over."""

    template: str
    locale: str
    data: Mapping[str, Any]
    #: What its link carries.
    token: str


async def letters(app: FastAPI, recipient: str, template: str = "") -> list[Letter]:
    """The messages to an address, the oldest first."""
    admin_url = app.state.relais.settings.database.admin_url.get_secret_value()
    connection = await asyncpg.connect(admin_url)
    try:
        rows = await connection.fetch(_LETTERS, recipient)
    finally:
        await connection.close()
    unseal = app.state.accounts.keys.unseal
    found: list[Letter] = []
    for row in rows:
        secret = orjson.loads(unseal(row["sealed"])) if row["sealed"] else {}
        found.append(Letter(row["template"], row["locale"], orjson.loads(row["data"]), secret.get("token", "")))
    return [letter for letter in found if template in ("", letter.template)]


async def link(app: FastAPI, recipient: str, template: str) -> str:
    """What the newest link to an address carries."""
    found = await letters(app, recipient, template)
    assert found, f"no {template} for {recipient}"
    assert found[-1].token
    return found[-1].token


async def let_expire(app: FastAPI, purpose: str, recipient: str) -> None:
    """Let time pass for the links that were sent to an address."""
    statement = """
        update relais.one_time_tokens
        set expires_at = now() - interval '1 second', created_at = now() - interval '1 day'
        where purpose::text = $1 and email = $2
    """
    await _execute(app, statement, purpose, recipient)


async def let_pause_end(app: FastAPI, recipient: str) -> None:
    """Let enough time pass for another link to be sent."""
    statement = "update relais.one_time_tokens set created_at = now() - interval '10 minutes' where email = $1"
    await _execute(app, statement, recipient)


async def _execute(app: FastAPI, statement: str, *args: Any) -> None:
    connection = await asyncpg.connect(app.state.relais.settings.database.admin_url.get_secret_value())
    try:
        done = await connection.execute(statement, *args)
        assert done != "UPDATE 0"
    finally:
        await connection.close()
