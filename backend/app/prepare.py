"""Making a database ready: migrations, demo data, the first administrator."""

import re
import secrets
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

from app.adapters import migrations
from app.adapters.postgres import SERVICE, Database
from app.auth.accounts import put_account
from app.auth.passwords import hash_password
from app.auth.tables import TenantRole
from app.embedded import remember_demo, secrets_of
from app.modules import load_modules
from app.settings import Settings, SettingsError

MIN_PASSWORD_LENGTH = 8
ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}")
#: Accounts of the demo: the address and the standing. `.test` can never be anybody's.
DEMO_ACCOUNTS = (
    ("admin@demo.test", TenantRole.OWNER),
    ("alice@demo.test", TenantRole.MEMBER),
    ("bruno@demo.test", TenantRole.MEMBER),
    ("chloe@demo.test", TenantRole.MEMBER),
)


def migrate_database(settings: Settings, revision: str = "heads", *, down: bool = False) -> Iterator[str]:
    """Apply or take back migrations, and say which."""
    url = _admin_url(settings)
    before = migrations.pending(url)
    move = migrations.downgrade if down else migrations.upgrade
    target = "base" if down and revision == "heads" else revision
    move(url, target, lock_timeout_seconds=settings.database.lock_timeout_seconds)
    login = _embedded_login(settings)
    if login is not None and not down:
        migrations.set_login_password(url, login)
    after = migrations.pending(url)
    yield from (f"applied {name}" for name in before if name not in after)
    yield from (f"took back {name}" for name in after if name not in before)
    if before == after:
        yield "nothing to do" if not after else f"pending: {', '.join(after)}"


async def seed_database(settings: Settings, *, scale: int = 0, only_if_empty: bool = False) -> list[str]:
    """Demo accounts and what each module makes of them."""
    if settings.environment == "production":
        raise SettingsError("Demo accounts do not belong in production; nothing was seeded.")
    async with _database(settings) as database:
        if only_if_empty and await _has_accounts(database):
            return []
        users = await _demo_accounts(settings, database)
        lines = [f"{len(users)} demo accounts"]
        for module in load_modules():
            if module.seed is not None:
                async with database.transaction(SERVICE) as connection:
                    await connection.execute("set local statement_timeout = 0")
                    counts = await module.seed(connection, users, scale)
                lines.append(f"{module.name}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
        return lines


async def make_owner(settings: Settings, email: str, password: str) -> str:
    """Make a user an owner of the default tenant."""
    if not ADDRESS.fullmatch(email):
        raise SettingsError("That is no e-mail address.")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise SettingsError(f"A password needs at least {MIN_PASSWORD_LENGTH} characters.")
    async with _database(settings) as database, database.transaction(SERVICE) as connection:
        account = await put_account(connection, email, hash_password(password, settings.auth), role=TenantRole.OWNER)
    return f"{email} {'created' if account.is_new else 'updated'}: owner of the default tenant."


async def _demo_accounts(settings: Settings, database: Database) -> list[str]:
    known = secrets_of(settings.data_dir).demo
    passwords = {email: known.get(email) or secrets.token_urlsafe(12) for email, _ in DEMO_ACCOUNTS}
    remember_demo(settings.data_dir, passwords)
    async with database.transaction(SERVICE) as connection:
        return [
            (await put_account(connection, email, hash_password(passwords[email], settings.auth), role=role)).user_id
            for email, role in DEMO_ACCOUNTS
        ]


async def _has_accounts(database: Database) -> bool:
    rows = await database.fetch(SERVICE, "select exists (select from relais.users)")
    return bool(rows[0][0])


@asynccontextmanager
async def _database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def _admin_url(settings: Settings) -> str:
    assert settings.database.admin_url is not None, "resolve the URLs first"
    return settings.database.admin_url.get_secret_value()


def _embedded_login(settings: Settings) -> str | None:
    """The password of the login role, when the PostgreSQL is our own."""
    login = secrets_of(settings.data_dir).login
    url = settings.database.url
    return login if url is not None and login in url.get_secret_value() else None
