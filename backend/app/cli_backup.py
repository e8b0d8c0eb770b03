"""The command `relais backup`: making, listing, checking, removing and bringing back."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.servers import resolved
from app.settings import Settings, load_settings

backup = typer.Typer(no_args_is_help=True, help="Backups of the database.")
out = Console(soft_wrap=True)
Name = Annotated[str, typer.Argument(help="The backup, as `relais backup list` shows it.")]


@contextmanager
def _servers() -> Generator[Settings]:
    with resolved(load_settings()) as settings:
        yield settings


@backup.command("create")
def create() -> None:
    """Make a backup of now, while everything runs."""
    from app.backups.create import create_backup

    with _servers() as settings:
        made = asyncio.run(create_backup(settings))
    out.print(f"{made.name}: {sum(made.tables.values())} rows of {len(made.tables)} tables, {megabytes(made.size)} MB")
    if made.without_redis:
        out.print(f"without a copy of Redis: {made.without_redis}")


@backup.command("list")
def show() -> None:
    """List the backups, the newest first."""
    from app.backups import store

    table = Table("Backup", "Made (UTC)", "MB", "Why", "Version", "Migrations")
    for made in store.listed(store.directory_of(load_settings())):
        when = f"{made.created:%Y-%m-%d %H:%M}"
        table.add_row(made.name, when, megabytes(made.size), made.reason, made.version, ", ".join(made.migrations))
    Console().print(table)


@backup.command()
def verify(
    name: Name,
    *,
    deep: Annotated[bool, typer.Option(help="Bring it back into a database of its own, count, and drop that.")] = False,
) -> None:
    """See that a backup is what was written, and can be read."""
    from app.backups import restore as restoring

    with _servers() as settings:
        made = asyncio.run(restoring.verify(settings, name, deep=deep))
    out.print(f"{made.name} is whole" + (f": {sum(made.tables.values())} rows came back." if deep else "."))


@backup.command()
def restore(
    name: Name,
    *,
    into: Annotated[str, typer.Option(help="As a new database of this name, beside the one that is used.")] = "",
    yes: Annotated[bool, typer.Option(help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the database. The one of before is kept under another name."""
    from app.backups.restore import restore as put_in_place
    from app.backups.restore import restore_into

    with _servers() as settings:
        if into:
            asyncio.run(restore_into(settings, name, into))
            out.print(f"{name} is the database {into} now.")
            return
        if not yes:
            typer.confirm(f"Put {name} in the place of the database? Whoever uses it is disconnected", abort=True)
        done = asyncio.run(put_in_place(settings, name))
    out.print(f"{name} is the database {done.database} now. The one of before is {done.before}.")
    out.print("Run `relais migrate` now, in case it is older than this version.")


@backup.command()
def prune(
    days: Annotated[int | None, typer.Option(min=1, help="Instead of RELAIS_BACKUP_RETENTION_DAYS.")] = None,
) -> None:
    """Remove the backups that are too old, but never the newest one, nor those of a database of before."""
    from app.backups import store

    settings = load_settings()
    wanted = days or settings.backup.retention_days
    for name in store.pruned(store.directory_of(settings), wanted, datetime.now(UTC)):
        out.print(f"removed {name}")


def megabytes(size: int) -> str:
    """With two decimals."""
    return f"{size / 1024**2:.2f}"
