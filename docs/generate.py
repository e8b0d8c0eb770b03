"""Writes the reference pages that describe the code: `python -m docs.generate`, which is the first half of `make docs`.

The pages are kept in the repository, so that they can be read without running anything. `--check` writes nothing and
fails when one is out of date. Pages about the database are read from an embedded PostgreSQL that is migrated for it,
or from the migrated database that `--database` names.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.adapters import migrations
from app.embedded import running
from app.settings import EmbeddedSettings

from docs.writers.api_page import api_page
from docs.writers.cli_page import cli_page
from docs.writers.compatibility_page import compatibility_page
from docs.writers.database import read_database
from docs.writers.degraded_page import degraded_page
from docs.writers.er_picture import draw_er_picture
from docs.writers.errors_page import errors_page
from docs.writers.modules_page import modules_page
from docs.writers.schema_page import write_schema_page
from docs.writers.settings_page import settings_page

REFERENCE: Final = Path(__file__).parent / "reference"
PAGES_FROM_CODE: Final[Mapping[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": cli_page,
    "modules.md": modules_page,
    "api.md": api_page,
    "compatibility.md": compatibility_page,
    "degraded.md": degraded_page,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with `--check` name those that are out of date; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description="Write the generated reference pages.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")
    parser.add_argument("--database", default="", metavar="URL", help="a migrated database, as its owner")
    options = parser.parse_args(arguments)
    pages = all_pages(options.database)
    if options.check:
        stale = outdated(pages)
        for name in stale:
            print(f"docs/reference/{name} is out of date: run `make docs`.", file=sys.stderr)
        return int(bool(stale))
    for name, text in pages.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


def all_pages(admin_url: str = "") -> dict[str, str]:
    """Every generated file by its name, from this migrated database or from one that is made for it."""
    if admin_url:
        return pages_from_code() | pages_from_database(admin_url)
    with _migrated_database() as made:
        return pages_from_code() | pages_from_database(made)


def pages_from_code() -> dict[str, str]:
    """The files that need no database."""
    return {name: write() for name, write in PAGES_FROM_CODE.items()}


def pages_from_database(admin_url: str) -> dict[str, str]:
    """The files that are read from a migrated database."""
    database = read_database(admin_url)
    return {"schema.md": write_schema_page(database), "er.svg": draw_er_picture(database)}


def outdated(pages: Mapping[str, str]) -> list[str]:
    """The names of files that are missing or say something else."""
    return [name for name, text in pages.items() if _present(REFERENCE / name) != text]


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def _migrated_database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="relais-docs-") as directory:
        # Under root the server runs as another account, which has to pass through.
        Path(directory).chmod(0o755)
        settings = EmbeddedSettings()  # pyright: ignore[reportCallIssue]
        with running(Path(directory) / "data", settings, redis=False) as servers:
            migrations.upgrade(servers.admin_url)
            yield servers.admin_url


if __name__ == "__main__":
    sys.exit(main())
