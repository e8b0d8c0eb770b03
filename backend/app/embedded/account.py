"""The account that the servers run as: PostgreSQL refuses to run as root, so under root they get another one.

Any other user runs them as itself, which is written as `None`.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.embedded.errors import EmbeddedError
from app.settings import EmbeddedSettings

#: In order of preference, when the settings name nobody.
USUAL_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that is not root."""

    name: str
    uid: int
    gid: int


def server_account(settings: EmbeddedSettings, cluster: Path) -> Account | None:
    """Whom to run the servers as; None: as we are. Without a setting, a cluster stays with whoever owns it."""
    if os.getuid() != 0:
        return None
    if settings.user:
        return _named(settings.user)
    if cluster.is_dir() and (owner := cluster.stat()).st_uid != 0:
        return Account(f"uid {owner.st_uid}", owner.st_uid, owner.st_gid)
    for name in USUAL_ACCOUNTS:
        if account := _found(name):
            return account
    raise EmbeddedError(
        "PostgreSQL does not run as root and there is neither a postgres nor a nobody account;"
        " name one in RELAIS_EMBEDDED_USER."
    )


def can_enter(account: Account, directory: Path) -> bool:
    """Whether the account reaches this directory through all its parents."""
    return _succeeds(account, 'cd -- "$0"', directory)


def can_run(account: Account, program: Path) -> bool:
    """Whether the account can start this program, with the libraries it needs."""
    return _succeeds(account, '"$0" --version >/dev/null 2>&1', program)


def give(account: Account | None, directory: Path) -> None:
    """Make the account the owner of the directory and of all that is in it."""
    if account is None or directory.stat().st_uid == account.uid:
        return
    for parent, _, files in os.walk(directory):
        for name in files:
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
        if Path(parent) != directory:
            os.chown(parent, account.uid, account.gid, follow_symlinks=False)
    # Last, because its owner is what says that the work was done.
    os.chown(directory, account.uid, account.gid)


def _named(name: str) -> Account:
    account = _found(name)
    if account is None:
        raise EmbeddedError(f"RELAIS_EMBEDDED_USER names {name}, which is no account of this system.")
    if account.uid == 0:
        raise EmbeddedError(f"RELAIS_EMBEDDED_USER names {name}, but PostgreSQL does not run as root.")
    return account


def _found(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _succeeds(account: Account, script: str, argument: Path) -> bool:
    # The kernel decides: modes, ACLs and mount options are not worked out here.
    outcome = subprocess.run(
        ("/bin/sh", "-c", script, str(argument)),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.uid,
        group=account.gid,
        extra_groups=(),
        check=False,
    )
    return outcome.returncode == 0
