"""Messages as files, where no mail server is set: one `.eml` a message, for their owner's eyes only.

The name of a file comes from the message, so that a message that is written again replaces itself.
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from app.adapters.smtp import Envelope, Undelivered
from app.settings import Settings

SUFFIX = ".eml"
_LINK = re.compile(r"^https?://\S+(?=\r?$)", re.MULTILINE)
_LARGEST_BYTES = 1024 * 1024
_TICK_NANOSECONDS = 2 * 10**9


def mail_directory(settings: Settings) -> Path | None:
    """Where messages are written; None: they go to a mail server."""
    if settings.mail.smtp_url is not None:
        return None
    return Path(settings.mail.directory) if settings.mail.directory else settings.data_dir / "mail"


class FileMailer:
    """Writes messages to a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def deliver(self, envelope: Envelope) -> None:
        """Return once the message is a whole file."""
        try:
            await asyncio.to_thread(_write, self._directory, f"{envelope.name}{SUFFIX}", envelope.content)
        except OSError as error:
            raise Undelivered("away", f"{self._directory}: {error.strerror or error}") from error

    async def rest(self) -> None:
        """Nothing is kept open."""


def _write(directory: Path, name: str, content: bytes) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = directory / f".{name}.{secrets.token_hex(4)}"
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        part.replace(directory / name)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a developer wants to know of a message."""

    recipient: str
    subject: str
    #: Empty for messages that ask for nothing.
    link: str


class NewMail:
    """Messages that have been written since this was made, or since it was asked last."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changed = 0
        self._seen: dict[str, int] = {}
        for _ in self._fresh():
            pass

    def read(self) -> list[Glimpse]:
        """Those that are new, in the order of their names."""
        return [glimpse for path in sorted(self._fresh()) if (glimpse := _glimpse(path)) is not None]

    def _fresh(self) -> Iterator[Path]:
        with suppress(OSError):
            changed = self._directory.stat().st_mtime_ns
            if changed == self._changed:
                return
            seen: dict[str, int] = {}
            for entry in os.scandir(self._directory):
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                    seen[entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns
            fresh = [name for name, written in seen.items() if self._seen.get(name) != written]
            self._seen = seen
            # Clocks of file systems tick slowly: what was changed just now may be changed again at the same time.
            self._changed = changed if time.time_ns() - changed > _TICK_NANOSECONDS else 0
            yield from (self._directory / name for name in fresh)


def _glimpse(path: Path) -> Glimpse | None:
    try:
        with path.open("rb") as file:
            message = message_from_bytes(file.read(_LARGEST_BYTES), policy=default)
        text = message.get_body(("plain",))
        found = _LINK.search(str(text.get_content())) if text is not None else None
        return Glimpse(str(message["To"]), str(message["Subject"]), found.group() if found else "")
    except (OSError, ValueError, LookupError):
        return None
