"""The command `relais`: arguments in, one call into the product, a report out.

Heavy parts are imported by the command that needs them, so that the others answer at once.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.adapters.redis import RedisUnavailable
from app.cli_backup import backup
from app.cli_catalog import catalog
from app.embedded import EmbeddedError
from app.errors import AppError
from app.servers import resolved
from app.settings import MOST_WORKERS, Settings, SettingsError, describe, load_settings

if TYPE_CHECKING:
    from app.doctor import Finding

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The backend that takes over from localStorage.")
user = typer.Typer(no_args_is_help=True, help="Accounts.")
app.add_typer(user, name="user")
app.add_typer(backup, name="backup")
app.add_typer(catalog, name="catalog")
out = Console()
err = Console(stderr=True)


def main() -> None:
    """Run the command; what a person can mend is one sentence and exit code 1, never a traceback."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    try:
        app()
    except RedisUnavailable as error:
        _fail(f"Redis does not answer ({error}).")
    except (SettingsError, EmbeddedError) as error:
        _fail(str(error))
    except AppError as error:
        _fail(". ".join(str(part) for part in (error.message.rstrip("."), error.details, error.hint) if part))


def _leave(number: int, _frame: FrameType | None) -> None:
    # An exit, not a death: what was started is stopped on the way out.
    raise SystemExit(128 + number)


def _fail(sentence: str) -> None:
    err.print(f"[red]relais:[/red] {escape(sentence)}", soft_wrap=True)
    sys.exit(1)


@contextmanager
def _servers() -> Generator[Settings]:
    with resolved(load_settings()) as settings:
        yield settings


@app.command()
def up(*, demo: Annotated[bool, typer.Option(help="Seed demo data when the library is empty.")] = True) -> None:
    """Start everything: servers when none are configured, migrations, the API and a worker."""
    from app.up import run_everything

    raise typer.Exit(run_everything(load_settings(), out, demo=demo))


@app.command()
def serve(
    workers: Annotated[int | None, typer.Option(min=1, max=MOST_WORKERS, help="Processes that share the port.")] = None,
) -> None:
    """Serve the API."""
    from app.serve import run_server
    from app.supervise import die_with_parent

    die_with_parent()
    with _servers() as settings:
        raise typer.Exit(run_server(settings, workers or settings.server.workers))


@app.command()
def worker(*, burst: Annotated[bool, typer.Option(help="End when the queue is empty.")] = False) -> None:
    """Run background jobs."""
    from app import log
    from app.supervise import die_with_parent
    from app.worker import run

    die_with_parent()
    with _servers() as settings:
        log.set_up_logging(settings.log.level)
        run(settings, burst=burst)


@app.command()
def migrate(
    *,
    revision: Annotated[str, typer.Argument(help="Where to: a revision, or all of them.")] = "heads",
    down: Annotated[bool, typer.Option(help="Go down to the revision (`base`: to nothing).")] = False,
) -> None:
    """Bring the database's schema up to date."""
    from app.prepare import migrate_database

    with _servers() as settings:
        for line in migrate_database(settings, revision, down=down):
            out.print(line)


@app.command()
def seed(
    *, scale: Annotated[int, typer.Option(min=0, help="Also this many generated resources, for benchmarks.")] = 0
) -> None:
    """Fill the library with deterministic demo data."""
    from app.prepare import seed_database

    with _servers() as settings:
        for line in asyncio.run(seed_database(settings, scale=scale)):
            out.print(line)


@app.command()
def settings() -> None:
    """Show the settings in force, secrets masked."""
    table = Table("Variable", "Value", "Meaning", title="Settings in force", title_justify="left")
    for row in describe(load_settings()):
        table.add_row(row.variable, escape(row.value), escape(row.description))
    out.print(table)


@app.command()
def modules() -> None:
    """List the modules that were found."""
    from app.modules import load_modules

    table = Table("Module", "Schema", "Tables", "Jobs", "Summary")
    for module in load_modules():
        jobs = ", ".join(job.__name__ for job in module.jobs)
        table.add_row(module.name, module.schema, str(len(module.tables)), jobs or "-", module.summary)
    out.print(table)


@app.command()
def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False) -> None:
    """Look for what is wrong, and say what to do about it. Exit code 1 when something is."""
    from app.doctor import Severity, examine, unusable

    try:
        with _servers() as settings:
            findings = asyncio.run(examine(settings))
    except SettingsError as error:
        findings = unusable(error)
    is_well = not any(finding.severity is Severity.WRONG for finding in findings)
    if as_json:
        told = {"ok": is_well, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(findings)
    raise typer.Exit(int(not is_well))


def _show(findings: Sequence["Finding"]) -> None:
    colours = {"ok": "green", "advice": "yellow", "wrong": "red"}
    for finding in findings:
        mark = f"[{colours[finding.severity]}]{finding.severity.value:<6}[/]"
        # Never wrapped by us: names of settings are to be copied.
        out.print(f"{mark}  {finding.what:<14}  {escape(finding.seen)}", soft_wrap=True)
        if finding.remedy:
            out.print(f"{'':<24}[bold]{escape(finding.remedy)}[/]", soft_wrap=True)


@app.command()
def smoke(
    url: Annotated[str, typer.Argument(help="Where an API runs, such as http://127.0.0.1:8000.")],
    token: Annotated[str, typer.Option(envvar="SMOKE_TOKEN", help="Ask who the holder of this token is.")] = "",
    email: Annotated[str, typer.Option(envvar="SMOKE_EMAIL", help="Sign in as this user, too.")] = "",
    password: Annotated[str, typer.Option(envvar="SMOKE_PASSWORD", help="The password of this user.")] = "",
) -> None:
    """Ask a running API its key questions. Exit code 1 when an answer is not as it must be."""
    from app.smoke import ask

    failed = 0
    for answer in ask(url, token, email, password):
        failed += not answer.ok
        mark = "[green]ok  [/]" if answer.ok else "[red]FAIL[/]"
        out.print(f"{mark} {answer.question:<34} {answer.milliseconds:7.1f} ms  {escape(answer.seen)}", soft_wrap=True)
    raise typer.Exit(int(failed > 0))


@app.command()
def key(
    *,
    service: Annotated[bool, typer.Option(help="Of your own servers: it passes every rule. Keep it there.")] = False,
    days: Annotated[int, typer.Option(min=1, max=36500, help="How long it is good for.")] = 3650,
) -> None:
    """Make the key that a client of Supabase asks for; it says who asks when nobody has signed in."""
    from app.auth.signing import api_key

    with _servers() as settings:
        typer.echo(api_key(settings.auth, settings.rest.jwt_aud, service=service, days=days))


@user.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="ADMIN_PASSWORD")
    ],
) -> None:
    """Make an owner of the default tenant, or give an existing user that standing and this password."""
    from app.prepare import make_owner

    with _servers() as settings:
        out.print(asyncio.run(make_owner(settings, email, password)))


if __name__ == "__main__":
    main()
