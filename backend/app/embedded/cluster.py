"""The files of the embedded PostgreSQL: made whole or not at all, and refused when another version made them."""

import locale
import os
import shutil
import subprocess
from pathlib import Path
from signal import SIGKILL, SIGTERM

from app.embedded import processes
from app.embedded.account import give
from app.embedded.errors import EmbeddedError, failure
from app.embedded.place import Place
from app.embedded.processes import Slot

SUPERUSER = "relais"
ENDING = ((SIGTERM, 1.0), (SIGKILL, 1.0))


def ensure_cluster(place: Place, programs: Path, *, password: str, timeout_seconds: float) -> None:
    """Make the cluster unless it is there; a start that was killed on the way leaves nothing that counts."""
    cluster = place.postgres.directory
    version = cluster / "PG_VERSION"
    if version.exists():
        _check_version(cluster, programs, version.read_text().strip())
    elif cluster.exists() and any(cluster.iterdir()):
        raise EmbeddedError(f"{cluster} is not the data directory of a PostgreSQL; move it away.")
    else:
        _make(place, programs, password=password, timeout_seconds=timeout_seconds)
    give(place.account, cluster)


def _check_version(cluster: Path, programs: Path, present: str) -> None:
    said = subprocess.run((str(programs / "postgres"), "-V"), capture_output=True, check=True).stdout.decode()
    ours = said.split()[2].partition(".")[0]
    if present != ours:
        raise EmbeddedError(
            f"The cluster in {cluster} is of PostgreSQL {present} and this is PostgreSQL {ours}: carry it over with"
            f" pg_dump of PostgreSQL {present} and a restore, or with pg_upgrade,"
            " or set RELAIS_DATA_DIR to another directory."
        )


def _make(place: Place, programs: Path, *, password: str, timeout_seconds: float) -> None:
    """Run initdb beside the final name, which the cluster gets when it is complete and on disk."""
    cluster = place.postgres.directory
    unfinished, password_file = cluster.with_name("postgres.new"), cluster.with_name("postgres.password")
    _remove(unfinished, password_file)
    try:
        unfinished.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        for path in (unfinished, password_file):
            if place.account:
                os.chown(path, place.account.uid, place.account.gid)
        argv = _initdb(programs, unfinished, password_file)
        _run(place, Slot(unfinished, place.postgres.lock), argv=argv, timeout_seconds=timeout_seconds)
        if cluster.exists():
            cluster.rmdir()
        unfinished.rename(cluster)
        _sync(cluster.parent)
    finally:
        _remove(unfinished, password_file)


def _remove(unfinished: Path, password_file: Path) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file.unlink(missing_ok=True)


def _initdb(programs: Path, target: Path, password_file: Path) -> tuple[str, ...]:
    return (
        *(str(programs / "initdb"), "-D", str(target), "-U", SUPERUSER, "--auth=scram-sha-256"),
        *(f"--pwfile={password_file}", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        # The builtin provider sorts; the C library is still asked what a letter is (full text, trigrams).
        *("--locale=C", f"--lc-ctype={_ctype()}", "--no-instructions"),
    )


def _ctype() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        return locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _run(place: Place, slot: Slot, *, argv: tuple[str, ...], timeout_seconds: float) -> None:
    process = processes.launch(slot, argv, place.account, errors=subprocess.PIPE)
    try:
        _, said = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise EmbeddedError(
            f"PostgreSQL could not make its cluster within {timeout_seconds:g} s"
            " (RELAIS_EMBEDDED_START_TIMEOUT_SECONDS)."
        ) from None
    finally:
        processes.end(slot, ENDING)
    if process.returncode != 0:
        raise failure(place.home, "PostgreSQL could not make its cluster", said.decode(errors="replace"))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
