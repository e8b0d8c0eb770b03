"""The generated secrets of an installation, in `secrets.json` of the data directory, readable by its owner alone."""

import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.embedded import locks
from app.embedded.errors import EmbeddedError, explained
from app.embedded.place import made

FILE = "secrets.json"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Passwords of the embedded servers' accounts, the secret that signs tokens, and demo passwords by login."""

    admin: str
    login: str
    redis: str
    auth_secret: str
    demo: dict[str, str] = field(default_factory=dict[str, str])


def secrets_of(data_dir: Path) -> Secrets:
    """Read the secrets, or make them at the first call."""
    with explained(data_dir):
        directory = made(data_dir)
        if not directory.joinpath(FILE).exists():
            with locks.exclusive(directory / "secrets.lock"):
                if not directory.joinpath(FILE).exists():
                    _write(directory, _generated())
        return _read(directory / FILE)


def remember_demo(data_dir: Path, passwords: Mapping[str, str]) -> Secrets:
    """Add demo passwords to those that are kept, and give the secrets as they are now."""
    present = secrets_of(data_dir)
    directory = data_dir.resolve()
    with explained(directory), locks.exclusive(directory / "secrets.lock"):
        present = _read(directory / FILE)
        present.demo.update(passwords)
        _write(directory, present)
    return present


def _generated() -> Secrets:
    return Secrets(
        admin=secrets.token_urlsafe(24),
        login=secrets.token_urlsafe(24),
        redis=secrets.token_urlsafe(24),
        auth_secret=secrets.token_urlsafe(48),
    )


def _read(path: Path) -> Secrets:
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise EmbeddedError(f"{path} cannot be read as Relais wrote it; restore it from a backup.") from None


def _write(directory: Path, values: Secrets) -> None:
    # mkstemp makes the file 0600; the rename makes it appear whole or not at all.
    descriptor, scratch = tempfile.mkstemp(prefix=".secrets-", dir=directory)
    try:
        with open(descriptor, "w") as file:
            json.dump(asdict(values), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).rename(directory / FILE)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
