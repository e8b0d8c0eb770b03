"""PostgreSQL's own programs: found, and run without a shell; passwords go in their environment, never in arguments."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from app.embedded import EmbeddedError
from app.embedded.programs import postgres_programs
from app.errors import ErrorSpec, refuse

_LONGEST_REASON = 2000


def program(name: str, directory: str) -> Path:
    """`pg_dump` or `pg_restore`: of a directory if one is named, of the embedded server, or of the shell's path."""
    if directory:
        return Path(directory) / name
    with suppress(EmbeddedError):
        bundled = postgres_programs(None) / name
        if bundled.exists():
            return bundled
    return Path(shutil.which(name) or name)


def of_database(url: str, database: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return _joined(parts.scheme, parts.netloc, f"/{quote(database, safe='')}", parts.query)


def address(url: str) -> tuple[str, str]:
    """A URL without its password; and the password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = unquote(password) or options.pop("password", "")
    netloc = f"{name}@{host}" if user else host
    return _joined(parts.scheme, netloc, parts.path, urlencode(options, quote_via=quote)), password


def _joined(scheme: str, netloc: str, path: str, query: str) -> str:
    # `urlunsplit` leaves out the slashes before no host.
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")


async def run(argv: Sequence[str | Path], password: str, *, seconds: float, failure: ErrorSpec) -> str:
    """Run a program to its end and tell what it wrote; it does not outlive whoever waits for it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={**environment, "PGPASSWORD": password, "LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        hint = "Set RELAIS_BACKUP_PROGRAMS to the directory of pg_dump and pg_restore."
        raise refuse(failure, f"{argv[0]} cannot be run: {error.strerror}.", hint=hint) from error
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise refuse(failure, f"It took longer than {seconds:g} s (RELAIS_BACKUP_TIMEOUT_SECONDS).") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        reason = errors.decode("utf-8", "replace").strip()[-_LONGEST_REASON:]
        raise refuse(failure, reason.replace(password, "…") if password else reason)
    return output.decode("utf-8", "replace")
