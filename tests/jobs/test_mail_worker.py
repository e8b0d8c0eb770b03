"""Workers as processes: killed in the middle, two at once, without Redis, told to stop."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest
from app.adapters.postgres import Database
from app.embedded import Servers
from app.settings import Settings

from tests.conftest import Urls, environment_for
from tests.jobs.mail_rows import SITE, Outbox
from tests.jobs.mail_server import Post, Received, post_office

Start = Callable[..., "Worker"]


class Worker:
    """A worker process."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker"], env=environment, stdout=output, stderr=output
            )

    async def wait_for(self, event: str, seconds: float = 60) -> None:
        """Until it has logged an event."""
        async with asyncio.timeout(seconds):
            while f'"event": "{event}"' not in self.log.read_text():
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """As nobody can prevent."""
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
async def mails(settings: Settings) -> AsyncGenerator[Outbox]:
    """An empty outbox."""
    database = Database(settings.database)
    await database.open()
    mails = Outbox(settings, database)
    await mails.clear()
    yield mails
    await database.close()


@pytest.fixture
def start(urls: Urls, servers: Servers, data_dir: Path, tmp_path: Path) -> Generator[Start]:
    """Starts workers; whatever a test leaves running is ended."""
    started: list[Worker] = []

    def start(post: Post | None = None, **settings: str) -> Worker:
        environment = environment_for(urls, servers, data_dir) | {
            "RELAIS_MAIL_TIMEOUT_SECONDS": "20",
            "RELAIS_MAIL_SENDER": "Relais <noreply@example.org>",
            "RELAIS_MAIL_PAGES_URL": SITE,
            "RELAIS_REDIS_PREFIX": "mail:",
            **({"RELAIS_MAIL_SMTP_URL": post.url().get_secret_value()} if post is not None else {}),
            **settings,
        }
        started.append(Worker(environment, tmp_path / f"worker-{len(started)}.log"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


async def test_a_worker_killed_in_the_middle_of_a_message_loses_nothing(mails: Outbox, start: Start) -> None:
    held = asyncio.Event()

    async def hold(_received: Received) -> str:
        await held.wait()
        return "451 nobody waits for this any more"

    recipients = [await mails.put() for _ in range(6)]
    async with post_office(Post(answer=hold)) as post:
        worker = start(post)
        await post.wait_for(4)
        worker.kill()
        held.set()
    sending = [row for recipient in recipients if (row := await mails.row(recipient))["status"] == "sending"]
    assert len(sending) == 4
    # Nobody else touches them before their time is up.
    assert all(20 < row["due_in"] <= 60 for row in sending)
    await mails.make_due()
    async with post_office() as post:
        start(post)
        for recipient in recipients:
            await mails.wait_for(recipient, "sent")
    assert Counter(received.recipients[0] for received in post.accepted) == dict.fromkeys(recipients, 1)


async def test_a_worker_killed_between_the_answer_and_the_note_repeats_itself_recognisably(
    mails: Outbox, start: Start
) -> None:
    workers: list[Worker] = []

    async def kill(_received: Received) -> str:
        workers[0].kill()
        return "250 OK"

    recipient = await mails.put()
    async with post_office(Post(answer=kill)) as post:
        workers.append(start(post))
        await post.wait_for(1)
        assert (await mails.row(recipient))["status"] == "sending"
        await mails.make_due()
        post.answer = None
        start(post)
        await mails.wait_for(recipient, "sent")
    ids = [str(received.message["Message-ID"]) for received in post.accepted]
    assert ids == [f"<{(await mails.row(recipient))['id']}@example.org>"] * 2


async def test_two_workers_send_each_of_many_messages_once(mails: Outbox, start: Start) -> None:
    async with post_office() as post:
        workers = [start(post), start(post)]
        for worker in workers:
            await worker.wait_for("worker_started")
        recipients = [await mails.put() for _ in range(200)]
        for recipient in recipients:
            await mails.wait_for(recipient, "sent")
    assert Counter(received.recipients[0] for received in post.accepted) == dict.fromkeys(recipients, 1)
    assert len({str(received.message["Message-ID"]) for received in post.accepted}) == 200


async def test_mail_goes_out_without_redis(mails: Outbox, start: Start) -> None:
    async with post_office() as post:
        worker = start(post, RELAIS_REDIS_URL="redis://127.0.0.1:9/0")
        await worker.wait_for("redis_unavailable")
        recipient = await mails.put()
        await mails.wait_for(recipient, "sent")
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.process.wait, 20) == 0
    assert len(post.accepted) == 1


async def test_a_worker_that_is_told_to_stop_finishes_its_message(mails: Outbox, start: Start) -> None:
    release = asyncio.Event()

    async def slow(_received: Received) -> str:
        await release.wait()
        return "250 OK"

    recipient = await mails.put()
    async with post_office(Post(answer=slow)) as post:
        worker = start(post, RELAIS_JOBS_SHUTDOWN_SECONDS="20")
        await post.wait_for(1)
        worker.process.send_signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.5, release.set)
        assert await asyncio.to_thread(worker.process.wait, 20) == 0
    assert (await mails.row(recipient))["status"] == "sent"


async def test_a_worker_that_is_told_to_stop_does_not_wait_for_a_server_that_hangs(mails: Outbox, start: Start) -> None:
    release = asyncio.Event()

    async def hang(_received: Received) -> str:
        await release.wait()
        return "451 too late"

    recipient = await mails.put()
    async with post_office(Post(answer=hang)) as post:
        worker = start(post, RELAIS_JOBS_SHUTDOWN_SECONDS="0.2")
        await post.wait_for(1)
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.process.wait, 15) == 0
        release.set()
    assert (await mails.row(recipient))["status"] == "sending"


async def test_in_development_messages_become_files(mails: Outbox, start: Start, tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    recipient = await mails.put()
    worker = start(RELAIS_MAIL_DIRECTORY=str(directory))
    row = await mails.wait_for(recipient, "sent")
    (path,) = directory.iterdir()
    assert path.name.endswith(f"-{row['id']}.eml")
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "mail_goes_to_files" not in worker.log.read_text()


async def test_a_burst_sends_what_is_due_and_ends(
    mails: Outbox, urls: Urls, servers: Servers, data_dir: Path, tmp_path: Path
) -> None:
    recipient = await mails.put()
    environment = environment_for(urls, servers, data_dir) | {"RELAIS_MAIL_DIRECTORY": str(tmp_path / "mail")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker", "--burst", env=environment
    )
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    assert (await mails.row(recipient))["status"] == "sent"
    assert len(list((tmp_path / "mail").iterdir())) == 1
