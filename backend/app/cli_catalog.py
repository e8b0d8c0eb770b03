"""The command `relais catalog`: the database as clients may use it, for people and for their compilers."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from app.servers import resolved
from app.settings import Settings, SettingsError, load_settings


class _Catalog(TyperGroup):
    """Whoever names no command, or a schema in its place, wants the tables."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args[:1]
        if not named or (named[0] not in self.commands and named[0] not in self.get_help_option_names(ctx)):
            args = ["tables", *args]
        return super().parse_args(ctx, args)


class Language(StrEnum):
    """What types are written in."""

    TS = "ts"
    PY = "py"


catalog = typer.Typer(cls=_Catalog, help="The tables that clients can address, and types for clients.")
out = Console()


@contextmanager
def _servers() -> Generator[Settings]:
    with resolved(load_settings()) as settings:
        yield settings


@catalog.command()
def tables(schema: Annotated[str, typer.Argument(help="Only this database schema.")] = "") -> None:
    """Show the tables that clients can address, as the database has them. `relais catalog` alone does the same."""
    from app.catalog.listing import list_tables
    from app.modules import load_modules

    schemas = [schema] if schema else [module.schema for module in load_modules()]
    with _servers() as settings:
        table = Table("Table", "Columns", "Policies", "Indexes", "Rows (about)")
        rows = asyncio.run(list_tables(settings.database, schemas))
        if not rows:
            raise SettingsError(f"There is no table in the database schema {', '.join(schemas)}.")
        for row in rows:
            table.add_row(f"{row.schema}.{row.name}", *map(str, (row.columns, row.policies, row.indexes, row.rows)))
        out.print(table)


@catalog.command()
def types(
    lang: Annotated[Language, typer.Option(help="TypeScript, for Supabase's clients, or Python.")] = Language.TS,
) -> None:
    """Write types of the exposed schemas (tables, views, functions, enums) to standard output."""
    from app.catalog.typings import typed_schemas
    from app.catalog.typings_py import python
    from app.catalog.typings_ts import typescript
    from app.modules import load_modules

    with _servers() as settings:
        schemas = asyncio.run(typed_schemas(settings, [module.schema for module in load_modules()]))
    typer.echo(typescript(schemas) if lang is Language.TS else python(schemas), nl=False)
