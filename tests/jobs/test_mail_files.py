"""Messages as files, for development."""

import asyncio
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app.adapters.smtp import Envelope, Undelivered
from app.jobs.letters import Facts, Site, compose, render
from app.jobs.mail_files import FileMailer, NewMail, mail_directory
from app.settings import Settings
from pydantic import SecretStr

SITE = "https://relais.example.org"
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


def letter(template: str = "verify_email", *, name: str = "1", token: str = "t0k3n") -> Envelope:
    rendered = render(template, "fr", told={}, secret={"token": token}, site=Site("Relais", SITE, SITE))
    return compose(Facts(name, "lea@example.org", LONG_AGO, LONG_AGO), rendered, "Relais <noreply@example.org>")


async def test_a_message_becomes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "mail"
    envelope = letter()
    await FileMailer(directory).deliver(envelope)
    (path,) = directory.iterdir()
    assert path.name == f"{LONG_AGO:%Y%m%dT%H%M%S}-1.eml"
    assert path.read_bytes() == envelope.content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


async def test_a_message_that_is_written_again_replaces_itself(tmp_path: Path) -> None:
    for token in ("first", "second"):
        await FileMailer(tmp_path).deliver(letter(token=token))
    (path,) = tmp_path.iterdir()
    assert b"second" in path.read_bytes()


async def test_where_nothing_can_be_written_the_message_waits(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the directory should be")
    with pytest.raises(Undelivered) as caught:
        await FileMailer(tmp_path / "mail").deliver(letter())
    assert caught.value.kind == "away"


async def test_a_message_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{letter().name}.eml").mkdir()
    (tmp_path / f"{letter().name}.eml" / "x").touch()
    with pytest.raises(Undelivered):
        await FileMailer(tmp_path).deliver(letter())
    assert [path.name for path in tmp_path.iterdir()] == [f"{letter().name}.eml"]


async def test_new_messages_are_seen_once_with_their_links(tmp_path: Path) -> None:
    files = FileMailer(tmp_path)
    await files.deliver(letter(name="before"))
    new = NewMail(tmp_path)
    assert new.read() == []
    await asyncio.gather(files.deliver(letter(name="1")), files.deliver(letter("password_changed", name="2")))
    first, second = new.read()
    assert (first.recipient, first.subject) == ("lea@example.org", "Confirmez votre adresse e-mail")
    assert first.link == "https://relais.example.org/auth/verify?token=t0k3n"
    assert (second.subject, second.link) == ("Votre mot de passe a été modifié", "")
    assert new.read() == []
    await files.deliver(letter(name="1", token="other"))
    (again,) = new.read()
    assert again.link.endswith("other")


async def test_a_directory_that_comes_later_is_looked_into(tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    new = NewMail(directory)
    assert new.read() == []
    await FileMailer(directory).deliver(letter())
    assert len(new.read()) == 1


def test_what_is_no_message_is_passed_over(tmp_path: Path) -> None:
    new = NewMail(tmp_path)
    (tmp_path / "a.eml").write_bytes(b"\x00\xff" * 100)
    (tmp_path / "b.eml").symlink_to("/etc/hostname")
    (tmp_path / "c.eml").mkdir()
    (tmp_path / "d.txt").touch()
    os.mkfifo(tmp_path / "e.eml")
    assert all(not glimpse.link for glimpse in new.read())


def test_messages_go_to_the_data_directory_unless_told_otherwise(tmp_path: Path) -> None:
    base = Settings(data_dir=tmp_path)
    assert mail_directory(base) == tmp_path / "mail"
    elsewhere = base.model_copy(update={"mail": base.mail.model_copy(update={"directory": "/srv/mail"})})
    assert mail_directory(elsewhere) == Path("/srv/mail")
    server = base.model_copy(update={"mail": base.mail.model_copy(update={"smtp_url": SecretStr("smtp://x")})})
    assert mail_directory(server) is None
