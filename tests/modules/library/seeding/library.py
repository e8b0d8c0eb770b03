"""Databases to seed, and the words to read them with."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.adapters.postgres import SERVICE, Database
from app.auth.accounts import put_account
from app.auth.tables import TenantRole
from app.embedded import Servers
from app.modules.library.seed import seed
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import TEMPLATE, Urls, run_sql, with_database

ACCOUNTS = ("admin", "alice", "bruno", "chloe")
SCALE = 1_000
#: Every table that the demo fills, and columns that are not the seed's but the moment's or a trigger's.
FILLED = {
    "resources": (),
    "resource_versions": (),
    "resource_shares": (),
    "resource_ratings": (),
    "resource_comments": (),
    "resource_templates": (),
    "saved_resources": (),
    "collections": (),
    "collection_resources": (),
    "groups": (),
    "group_members": ("id", "added_at", "created_at", "updated_at"),
    "notifications": (),
    "category_tag_suggestions": (),
    "suggestion_votes": (),
    "category_hierarchy": (),
    "category_filters": (),
    "profiles": ("created_at", "updated_at"),
    "user_roles": ("id", "created_at", "updated_at"),
}


@dataclass(frozen=True, slots=True)
class Library:
    """A database with accounts in it, and the words to seed and read it with."""

    database: Database
    users: list[str]

    async def seed(self, scale: int = 0) -> dict[str, int]:
        async with self.database.transaction(SERVICE) as connection:
            await connection.execute("set local statement_timeout = 0")
            return dict(await seed(connection, self.users, scale))

    async def rows(self, statement: str, *args: Any) -> list[Any]:
        return list(await self.database.fetch(SERVICE, statement, *args))

    async def column(self, statement: str, *args: Any) -> list[Any]:
        return [row[0] for row in await self.rows(statement, *args)]

    async def write(self, statement: str, *args: Any) -> None:
        async with self.database.transaction(SERVICE) as connection:
            await connection.execute(statement, *args)

    async def everything(self, *, ids: bool = True) -> dict[str, list[str]]:
        """All rows of the demo's tables as text, with the names of users for their identifiers."""
        found: dict[str, list[str]] = {}
        for table, passing in FILLED.items():
            left_out = ["tenant_id", *passing, *(() if ids else ("id",))]
            found[table] = await self.column(
                f"select (to_jsonb(t) - $1::text[])::text from library.{table} as t order by 1", left_out
            )
        return {table: sorted(self._named(text) for text in texts) for table, texts in found.items()}

    def _named(self, text: str) -> str:
        for name, user in zip(ACCOUNTS, self.users, strict=False):
            text = text.replace(user, name)
        return text


Opener = Callable[..., Awaitable[Library]]


@asynccontextmanager
async def opened(template: Urls, servers: Servers, accounts: tuple[str, ...]) -> AsyncGenerator[Library]:
    """A new database with these accounts."""
    name = f"seed_{uuid4().hex[:12]}"
    await run_sql(servers.admin_url, f"create database {name} template {TEMPLATE}")
    url = SecretStr(with_database(template.login, name))
    database = Database(Settings().database.model_copy(update={"url": url}))
    await database.open()
    try:
        async with database.transaction(SERVICE) as connection:
            users = [
                (await put_account(connection, f"{account}@demo.test", "-", role=_role(account))).user_id
                for account in accounts
            ]
        yield Library(database, users)
    finally:
        await database.close()
        await run_sql(servers.admin_url, f"drop database {name} with (force)")


def _role(account: str) -> TenantRole:
    return TenantRole.OWNER if account == "admin" else TenantRole.MEMBER
