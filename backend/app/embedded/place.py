"""Where everything of one data directory lies: clusters, logs, locks, and the short path of its sockets.

Normally all of it is in the data directory but the sockets, whose paths the system limits to about 100 bytes. Under
root, when the servers' account cannot enter the data directory, the servers' files lie in `SYSTEM_HOME`, and the file
`elsewhere` in the data directory says where.
"""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.embedded.account import Account, can_enter, server_account
from app.embedded.errors import EmbeddedError
from app.embedded.processes import Slot
from app.settings import EmbeddedSettings

SYSTEM_HOME = Path("/var/lib/relais")
PORT = 5432
#: A socket's whole path may take 104 bytes on macOS and 108 on Linux; PostgreSQL's own part is `/.s.PGSQL.5432`.
LONGEST_SOCKET_DIR = 88
POINTER = "elsewhere"
OWNER = "data_dir"
SOCKETS = "socket_dir"


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of one data directory, and the account that its servers run as (None: as we are)."""

    data_dir: Path
    home: Path
    socket_dir: Path
    account: Account | None

    @property
    def postgres(self) -> Slot:
        """The cluster and its lock."""
        return Slot(self.home / "postgres", self.home / "postgres.lock")

    @property
    def redis(self) -> Slot:
        """The Redis directory and its lock."""
        return Slot(self.home / "redis", self.home / "redis.lock")

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens."""
        return self.socket_dir / "redis.sock"

    @property
    def postgres_socket(self) -> Path:
        """Where PostgreSQL listens."""
        return self.socket_dir / f".s.PGSQL.{PORT}"


def made(data_dir: Path) -> Path:
    """The data directory, made if need be, as an absolute path without links."""
    directory = data_dir.resolve()
    # Under root the servers' account has to pass through; what is inside guards itself.
    directory.mkdir(mode=0o711 if os.getuid() == 0 else 0o700, parents=True, exist_ok=True)
    return directory


def prepared(data_dir: Path, settings: EmbeddedSettings) -> Place:
    """The place of an existing data directory, with all that a start needs around the servers themselves."""
    home = _home(data_dir)
    account = server_account(settings, home / "postgres")
    if account and not can_enter(account, home):
        home = _moved_home(data_dir, home, account)
    (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
    return Place(data_dir, home, _made_socket_dir(data_dir, account), account)


def found(data_dir: Path) -> Place:
    """The place as the last start left it, for stopping and clearing."""
    recorded = _recorded(data_dir / SOCKETS)
    return Place(data_dir, _home(data_dir), recorded or data_dir / "no-sockets", None)


def cleared(socket_dir: Path) -> None:
    """Remove a socket directory, once no server uses it."""
    if _is_private(socket_dir, None):
        for path in socket_dir.iterdir():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            socket_dir.rmdir()


def _digest(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]


def _recorded(path: Path) -> Path | None:
    try:
        return Path(path.read_text().rstrip("\n"))
    except FileNotFoundError:
        return None


def _home(data_dir: Path) -> Path:
    home = _recorded(data_dir / POINTER)
    if home is None:
        return data_dir
    owner = _recorded(home / OWNER)
    if owner is None:
        raise EmbeddedError(f"{data_dir / POINTER} says that the servers' files are in {home}, which is not there.")
    if owner == data_dir:
        return home
    if _recorded(owner / POINTER) == home:
        raise EmbeddedError(f"{data_dir} is a copy of {owner}, which uses {home}; remove {data_dir} and start anew.")
    # The data directory was moved: its files stay with it.
    (home / OWNER).write_text(f"{data_dir}\n")
    return home


def _moved_home(data_dir: Path, home: Path, account: Account) -> Path:
    if home != data_dir or (home / "postgres").exists():
        raise EmbeddedError(
            f"The account {account.name} cannot enter {home}, where its PostgreSQL is;"
            " give it access, or name another account in RELAIS_EMBEDDED_USER."
        )
    SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Not a name that could be guessed back: a data directory that was removed and made again starts anew.
    elsewhere = Path(tempfile.mkdtemp(prefix=f"{_digest(data_dir)}-", dir=SYSTEM_HOME))
    elsewhere.chmod(0o711)
    if not can_enter(account, elsewhere):
        elsewhere.rmdir()
        raise EmbeddedError(f"The account {account.name} can enter neither {data_dir} nor {SYSTEM_HOME}.")
    (elsewhere / OWNER).write_text(f"{data_dir}\n")
    (data_dir / POINTER).write_text(f"{elsewhere}\n")
    return elsewhere


def _made_socket_dir(data_dir: Path, account: Account | None) -> Path:
    """A private directory with a short path. The one of the last start is kept, since its servers may be running."""
    name = f"relais-{os.getuid()}-{_digest(data_dir)}"
    recorded = _recorded(data_dir / SOCKETS)
    # The name tells a record that came along when a data directory was copied.
    candidates = [recorded] if recorded and recorded.name == name else []
    candidates += [base / name for base in _socket_bases(account)]
    for directory in candidates:
        if _usable(directory, account):
            (data_dir / SOCKETS).write_text(f"{directory}\n")
            return directory
    tried = ", ".join(map(str, candidates))
    raise EmbeddedError(
        f"None of {tried} can be a private directory for the servers' sockets; set TMPDIR to a short path of yours."
    )


def _socket_bases(account: Account | None) -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    # The runtime directory of root is closed to the account.
    first = [Path(runtime)] if runtime and account is None else []
    return [*first, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - a private directory is made in it


def _usable(directory: Path, account: Account | None) -> bool:
    if len(os.fsencode(directory)) > LONGEST_SOCKET_DIR or not directory.is_absolute():
        return False
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(directory, account):
            return False
        if account:
            os.chown(directory, account.uid, account.gid)
    except OSError:
        return False
    return account is None or can_enter(account, directory)


def _is_private(directory: Path, account: Account | None) -> bool:
    """Whether this is a directory, not a link to one, that only we (as root: we or the account) can have made."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    ours = os.getuid() == 0 and account is None
    owners = {os.getuid(), account.uid if account else os.getuid()}
    return stat.S_ISDIR(status.st_mode) and (ours or status.st_uid in owners) and status.st_mode & 0o077 == 0
