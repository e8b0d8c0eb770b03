"""The outbox in tests: messages put into it as services do, and what became of them."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from app.adapters.postgres import SERVICE, Database
from app.auth.signing import Keyring, keyring
from app.jobs.mail import put_mail
from app.settings import Settings

SITE = "https://relais.example.org"
_ROW = """
    select id::text, recipient, status::text, attempts, last_error, sealed, sent_at, failed_at, next_attempt_at,
           extract(epoch from next_attempt_at - now())::float8 as due_in
    from relais.email_outbox where recipient = $1
"""
#: What the link of a message is good for: an hour.
_LINK = """
    insert into relais.one_time_tokens (purpose, token_hash, expires_at)
    values ('verify_email', sha256($1), now() + interval '1 hour') on conflict (token_hash) do nothing
"""


def some_recipient() -> str:
    """An address that nobody has."""
    return f"lea.{secrets.token_hex(6)}@example.org"


class Outbox:
    """The rows, by their recipients."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.database = database
        self.keys: Keyring = keyring(settings.auth)

    async def put(self, recipient: str = "", template: str = "verify_email", **fields: Any) -> str:
        """A message in a transaction of its own; its recipient."""
        recipient = recipient or some_recipient()
        given = {"secret": {"token": f"token-of-{recipient}"}, **fields}
        async with self.database.transaction(SERVICE) as connection:
            if given["secret"]:
                await connection.execute(_LINK, given["secret"]["token"].encode())
            await put_mail(connection, self.keys.seal, template, recipient, **given)
        return recipient

    async def row(self, recipient: str) -> Mapping[str, Any]:
        """What became of it."""
        (row,) = await self.database.fetch(SERVICE, _ROW, recipient, mode="write")
        return row  # pyright: ignore

    async def execute(self, statement: str, *args: Any) -> None:
        async with self.database.connection(SERVICE, "write") as connection:
            await connection.execute(statement, *args)

    async def make_due(self) -> None:
        """Let the time pass that everybody waits for."""
        statement = "update relais.email_outbox set next_attempt_at = now() where status in ('pending', 'sending')"
        await self.execute(statement)

    async def clear(self) -> None:
        await self.execute("delete from relais.email_outbox")

    async def wait_until(
        self, recipient: str, holds: Callable[[Mapping[str, Any]], bool], seconds: float = 60
    ) -> Mapping[str, Any]:
        """The row, once something holds of it."""
        async with asyncio.timeout(seconds):
            while not holds(row := await self.row(recipient)):
                await asyncio.sleep(0.02)
        return row

    async def wait_for(self, recipient: str, status: str) -> Mapping[str, Any]:
        """The row, once it has come so far."""
        return await self.wait_until(recipient, lambda row: row["status"] == status)
