"""`relais up` shows the links of the mail that it writes to files."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from app.adapters.postgres import Database
from app.embedded import Servers
from app.settings import Settings

from tests.conftest import Urls, environment_for
from tests.jobs.mail_rows import SITE, Outbox


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_links_are_shown_as_they_are_written(
    settings: Settings, urls: Urls, servers: Servers, data_dir: Path, tmp_path: Path
) -> None:
    database = Database(settings.database)
    await database.open()
    mails = Outbox(settings, database)
    log = tmp_path / "up.log"
    environment = environment_for(urls, servers, data_dir) | {
        "RELAIS_ENVIRONMENT": "development",
        "RELAIS_SERVER_PORT": str(free_port()),
        "RELAIS_MAIL_DIRECTORY": str(tmp_path / "mail"),
        "RELAIS_MAIL_PAGES_URL": SITE,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up", "--no-demo"],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        recipient = await mails.put(secret={"token": "[bold]t0k3n" + "x" * 200})
        link = f"{SITE}/auth/verify?token=%5Bbold%5Dt0k3n{'x' * 200}"
        async with asyncio.timeout(60):
            while link not in log.read_text():
                assert process.poll() is None, log.read_text()
                await asyncio.sleep(0.05)
        assert f"Mail to {recipient}: Confirmez votre adresse e-mail" in log.read_text()
    finally:
        os.kill(process.pid, signal.SIGINT)
        ended = await asyncio.to_thread(process.wait, 30)
        await database.close()
    assert ended == 0
