"""Sends what is in the outbox, beside the job queue and without Redis: the rows in PostgreSQL are the truth.

SMTP cannot promise that a message arrives exactly once: a server may have taken what a connection broke on. Here a
message is sent at least once. It is marked as sent right after the server has said yes, and carries the same
Message-ID at every try, by which mail programs know a repeat.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app import log
from app.adapters.listener import waking
from app.adapters.postgres import SERVICE, Database
from app.adapters.smtp import Envelope, Mailer, Undelivered
from app.errors import AppError
from app.jobs import outbox
from app.jobs.letters import Facts, Site, Unreadable, compose, render
from app.jobs.mail import CHANNEL
from app.jobs.outbox import Claimed
from app.settings import MailSettings

SENT = "mail_sent"
PUT_OFF = "mail_put_off"
FAILED = "mail_failed"
#: Why a message was given up that could have been sent too late only.
SPENT = "Its link expired, was used or was replaced before it could be sent"
SERVER_AWAY = "mail_server_away"
OUTBOX_AWAY = "outbox_unavailable"
#: Administrators of tenants read it; where the server is, is not their affair.
_NOTED_AWAY = "The mail server took no mail at the time"
_LINKS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long everything takes that is not up to others."""

    #: Mail is looked for so often when nobody tells of any.
    poll_seconds: float = 5.0
    #: Messages that one worker sends at once.
    lanes: int = 4
    first_delay_seconds: float = 30.0
    #: Each delay is so many times the one before.
    growth: float = 3.0
    longest_delay_seconds: float = 6 * 3600.0
    #: What is left of a lease when the mail server has had its time: to note how it went.
    margin_seconds: float = 30.0
    note_pause_seconds: float = 0.5

    def delay(self, attempts: int) -> float:
        """How long to wait after so many attempts, never quite the same."""
        delay = self.first_delay_seconds * self.growth ** min(attempts - 1, 50)
        return min(delay, self.longest_delay_seconds) * random.uniform(0.8, 1.2)  # noqa: S311 - nobody guards it


class Drain:
    """One worker's part in sending mail."""

    def __init__(
        self,
        database: Database,
        settings: MailSettings,
        mailer: Mailer,
        *,
        site: Site,
        unseal: Callable[[bytes], bytes],
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._mailer = mailer
        self._site = site
        self._unseal = unseal
        self._pace = pace or Pace()
        self._wanted = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send mail until told to stop; what is being sent then is sent to its end."""
        # Without ears there are still eyes: mail is looked for all the time.
        listener = waking(self._database, CHANNEL, self._wanted)
        listener.start()
        try:
            while not stopping.is_set():
                self._wanted.clear()
                went_well = await self._round(stopping)
                await self._wait(stopping, heed_news=went_well)
        finally:
            await listener.stop()
            await self._mailer.rest()

    async def drain(self) -> None:
        """Send what is due now."""
        await self._round(asyncio.Event())

    async def _round(self, stopping: asyncio.Event) -> bool:
        """Send what is due in all lanes; False if there is no use in going on at once."""
        halt = _Halt(stopping)
        await asyncio.gather(*(self._lane(halt) for _ in range(self._pace.lanes)))
        await self._mailer.rest()
        return not halt.called

    async def _lane(self, halt: "_Halt") -> None:
        lease = self._settings.timeout_seconds + self._pace.margin_seconds
        try:
            while not halt:
                mail = await outbox.claim(self._database, lease)
                if mail is None:
                    return
                await self._send(mail, halt)
        except AppError as error:
            # Caught here: other lanes may be in the middle of a message.
            log.event(OUTBOX_AWAY, {"reason": str(error)}, level="warning")
            halt.called = True
        except Exception as error:
            # A mistake of ours must not end the sending of mail.
            log.event("unexpected_error", {"in": "mail"}, level="error", error=error)
            halt.called = True

    async def _send(self, mail: Claimed, halt: "_Halt") -> None:
        begun = time.perf_counter()
        try:
            await self._deliver(mail)
        except Undelivered as error:
            if error.kind == "away":
                # What servers say in answer to a message may name people; the rest is for whoever runs this one.
                reason = error.reason if error.code is None else None
                log.event(SERVER_AWAY, {"code": error.code, "reason": reason}, level="warning")
                halt.called = True
            return await self._not_sent(mail, error)
        await self._noted(mail, lambda: outbox.sent(self._database, mail))
        log.event(SENT, {**_facts(mail), "ms": round((time.perf_counter() - begun) * 1000, 1)})

    async def _deliver(self, mail: Claimed) -> None:
        secret: Mapping[str, Any] = {}
        try:
            secret = self._secret(mail)
            await self._must_be_good(secret)
            await self._mailer.deliver(self._composed(mail, secret))
        except Undelivered as error:
            raise Undelivered(error.kind, _without(secret, error.reason), error.code) from error
        except Unreadable as error:
            raise Undelivered("refused", str(error)) from error
        except AppError:
            # PostgreSQL is away, which is not for this message to wait for.
            raise
        except Exception as error:
            # A mistake of ours, which this message must not have us make for ever.
            log.event("unexpected_error", _facts(mail), level="error", error=error)
            raise Undelivered("put_off", f"Unexpected {type(error).__name__}") from error

    def _secret(self, mail: Claimed) -> Mapping[str, Any]:
        if mail.sealed is None:
            return {}
        try:
            return orjson.loads(self._unseal(mail.sealed))
        except ValueError:
            raise Unreadable("The secret was sealed with a key that is gone") from None

    async def _must_be_good(self, secret: Mapping[str, Any]) -> None:
        """What it says must still be true when it is read: a link of the past is not sent at any try."""
        token = secret.get("token")
        if not isinstance(token, str):
            return
        async with self._database.connection(SERVICE, "write") as connection:
            if await outbox.is_spent(connection, token):
                raise Unreadable(SPENT)

    def _composed(self, mail: Claimed, secret: Mapping[str, Any]) -> Envelope:
        told = {"at": mail.created_at.isoformat(), **mail.data}
        rendered = render(mail.template, mail.locale, told=told, secret=secret, site=self._site)
        facts = Facts(mail.id, mail.recipient, mail.created_at, datetime.now(UTC))
        return compose(facts, rendered, self._settings.sender)

    async def _not_sent(self, mail: Claimed, error: Undelivered) -> None:
        reason = _NOTED_AWAY if error.kind == "away" else error.reason
        if error.kind == "refused" or mail.attempts >= self._settings.attempts:
            await self._noted(mail, lambda: outbox.give_up(self._database, mail, reason))
            return log.event(FAILED, {**_facts(mail), "code": error.code}, level="error")
        seconds = self._pace.delay(mail.attempts)
        await self._noted(mail, lambda: outbox.put_off(self._database, mail, reason, seconds=seconds))
        log.event(PUT_OFF, {**_facts(mail), "code": error.code, "retry_seconds": round(seconds)}, level="warning")

    async def _noted(self, mail: Claimed, note: Callable[[], Awaitable[None]]) -> None:
        """Note how it went, as long as the message is ours: forgotten, it would be sent once more."""
        until = time.monotonic() + self._pace.margin_seconds
        while True:
            try:
                return await note()
            except AppError as error:
                if time.monotonic() > until:
                    raise
                log.event(OUTBOX_AWAY, {"id": mail.id, "reason": str(error)}, level="warning")
            await asyncio.sleep(self._pace.note_pause_seconds)

    async def _wait(self, stopping: asyncio.Event, *, heed_news: bool) -> None:
        waited_for = [asyncio.create_task(stopping.wait())]
        if heed_news:
            waited_for.append(asyncio.create_task(self._wanted.wait()))
        try:
            await asyncio.wait(waited_for, timeout=self._pace.poll_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waited_for:
                task.cancel()


class _Halt:
    """Whether lanes are to take no more."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self.called = False

    def __bool__(self) -> bool:
        return self.called or self._stopping.is_set()


def _facts(mail: Claimed) -> dict[str, object]:
    return {"id": mail.id, "template": mail.template, "attempt": mail.attempts}


def _without(secret: Mapping[str, Any], reason: str) -> str:
    """What a server said, without what it may have repeated of the message."""
    for value in secret.values():
        if isinstance(value, str) and value:
            reason = reason.replace(value, "…")
    return " ".join(_LINKS.sub("…", reason).split())
