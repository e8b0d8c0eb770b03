"""What contenders stand on: a PostgreSQL and a Redis of the benchmark's own, migrated and filled, then thrown away."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.prepare import migrate_database, seed_database
from app.servers import resolved_with_servers
from app.settings import AuthSettings, DatabaseSettings, EmbeddedSettings, RedisSettings, Settings

from benchmarks import rows
from benchmarks.shapes import Samples

#: Beyond it resources are copies.
MOST_SEEDED = 100_000


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything is. `admin_url` passes row security, `database_url` is what the API connects as."""

    settings: Settings
    admin_url: str
    database_url: str
    postgres_pid: int
    postgres_version: str
    #: What tokens are signed with.
    jwt_secret: str = field(repr=False)
    samples: Samples
    #: What the figures must be read with: how many rows, whose rules.
    notes: tuple[str, ...]

    def clean(self) -> None:
        """Remove what inserts left, so that every turn meets the same table; and write out what is pending."""
        asyncio.run(rows.clean(self.admin_url))


@contextmanager
def ground(row_count: int) -> Generator[Ground]:
    """Servers with this many resources during the block."""
    place = Path(tempfile.mkdtemp(prefix="relais-bench-")).resolve()
    # Under root the servers run as another account, which must be able to pass.
    place.chmod(0o755)
    try:
        with resolved_with_servers(own_settings(place / "data")) as (filled, servers):
            assert servers is not None
            yield _prepared(filled, servers.postgres_pid, row_count)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def own_settings(data_dir: Path) -> Settings:
    """Defaults, whatever the environment names: a benchmark fills, tunes and empties the database that it uses."""
    # Every contender keeps a pool of connections open.
    servers = EmbeddedSettings(postgres_max_connections=200)  # pyright: ignore[reportCallIssue]
    defaults = {"database": DatabaseSettings(), "redis": RedisSettings(), "embedded": servers}  # pyright: ignore
    settings = Settings(environment="test", data_dir=data_dir)
    return settings.model_copy(update={**defaults, "auth": AuthSettings()})  # pyright: ignore


def _prepared(settings: Settings, postgres_pid: int, row_count: int) -> Ground:
    assert settings.database.url is not None
    assert settings.database.admin_url is not None
    url = settings.database.admin_url.get_secret_value()
    for _ in migrate_database(settings):
        pass
    seeded = min(row_count, MOST_SEEDED)
    asyncio.run(seed_database(settings, scale=seeded))
    if row_count > seeded:
        asyncio.run(rows.multiply(url, seeded, row_count))
    asyncio.run(rows.put_pre_request(url))
    jwt_secret = secrets.token_urlsafe(32)
    return Ground(
        settings=settings,
        admin_url=url,
        database_url=settings.database.url.get_secret_value(),
        postgres_pid=postgres_pid,
        postgres_version=asyncio.run(rows.version(url)),
        jwt_secret=jwt_secret,
        samples=asyncio.run(rows.samples(url, jwt_secret)),
        notes=asyncio.run(rows.settle(url)),
    )
