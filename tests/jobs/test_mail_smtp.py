"""Handing one message to a mail server: what it takes, what it refuses, and what becomes of connections."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from app.adapters.smtp import Envelope, SmtpMailer, Undelivered
from app.settings import MailSettings
from pydantic import SecretStr, ValidationError

from tests.jobs.mail_server import Post, certificate, post_office


def letter(
    recipient: str = "lea@example.org", content: bytes = b"Subject: x\r\n\r\nBonjour\r\n.\r\nfin\r\n"
) -> Envelope:
    return Envelope("noreply@example.org", recipient, content, "name")


def mailer(post: Post, *, user: bool = False, scheme: str = "smtp", tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(post.url(user=user, scheme=scheme), 5, "relais.test", tls)


async def refusal(mailer: SmtpMailer, envelope: Envelope) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await mailer.deliver(envelope)
    await mailer.rest()
    return caught.value


async def test_a_message_arrives_as_it_was_written() -> None:
    async with post_office() as post:
        sending = mailer(post)
        await sending.deliver(letter())
        await sending.rest()
    (received,) = post.accepted
    assert received.content == letter().content
    assert (received.sender, received.recipients) == ("noreply@example.org", ("lea@example.org",))


async def test_messages_in_a_row_share_a_connection_until_there_is_a_rest() -> None:
    async with post_office() as post:
        sending = mailer(post)
        for _ in range(3):
            await sending.deliver(letter())
        assert post.connections == 1
        await sending.rest()
        await sending.deliver(letter())
        await sending.rest()
    assert (len(post.accepted), post.connections) == (4, 2)


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_message() -> None:
    post = Post()
    async with post_office(post):
        sending = mailer(post)
        await sending.deliver(letter())
    async with post_office(post):
        await sending.deliver(letter())
        await sending.rest()
    assert (len(post.accepted), post.connections) == (2, 2)


async def test_where_encryption_is_offered_it_is_used_and_the_password_goes_through_it(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    async with post_office(tls=serving, require_starttls=True, auth_required=True, auth_require_tls=True) as post:
        sending = mailer(post, user=True, tls=trusting)
        await sending.deliver(letter())
        await sending.rest()
    (received,) = post.accepted
    assert (received.encrypted, received.authenticated) == (True, True)


async def test_smtps_is_encrypted_from_the_first_byte(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    async with post_office(tls=serving, implicit=True) as post:
        sending = mailer(post, scheme="smtps", user=True, tls=trusting)
        await sending.deliver(letter())
        await sending.rest()
    assert post.accepted[0].authenticated


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_server_that_cannot_prove_who_it_is_gets_nothing(tmp_path: Path, *, implicit: bool) -> None:
    serving, _ = certificate(tmp_path)
    async with post_office(tls=serving, implicit=implicit) as post:
        sending = mailer(post, scheme="smtps" if implicit else "smtp", tls=ssl.create_default_context())
        error = await refusal(sending, letter())
    assert (error.kind, post.seen) == ("away", [])
    assert "certificate" in error.reason.lower()


async def test_a_server_on_this_machine_need_not_prove_who_it_is(tmp_path: Path) -> None:
    serving, _ = certificate(tmp_path)
    async with post_office(tls=serving) as post:
        sending = mailer(post)
        await sending.deliver(letter())
        await sending.rest()
    assert post.accepted[0].encrypted


def test_elsewhere_certificates_are_checked_and_no_password_goes_in_clear() -> None:
    far = SmtpMailer(SecretStr("smtp://user:secret@mail.example.org"), 5, "relais.test")
    assert (far.tls.verify_mode, far.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert far.start_tls is True
    # Without a password it is up to the server.
    assert SmtpMailer(SecretStr("smtp://mail.example.org"), 5, "relais.test").start_tls is None
    assert SmtpMailer(SecretStr("smtp://user:secret@10.0.0.1"), 5, "relais.test").start_tls is True


async def test_a_password_is_not_sent_where_encryption_is_needed_and_not_offered() -> None:
    async with post_office() as post:
        sending = mailer(post, user=True)
        sending._near = False
        error = await refusal(sending, letter())
    assert (error.kind, post.seen) == ("away", [])


async def test_a_wrong_password_is_about_us_and_not_about_the_message() -> None:
    async with post_office() as post:
        url = SecretStr(f"smtp://relais%40example.org:wrong@127.0.0.1:{post.port}")
        error = await refusal(SmtpMailer(url, 5, "relais.test"), letter())
    assert (error.kind, error.code) == ("away", 535)
    assert "wrong" not in error.reason


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("450 4.2.0 try later", "put_off"),
        ("452 4.2.2 full", "put_off"),
        ("550 5.1.1 nobody", "refused"),
        ("530 5.7.0 sign in first", "away"),
        ("421 4.3.2 closing", "away"),
    ],
)
@pytest.mark.parametrize("place", ["on_recipient", "on_data"])
async def test_what_the_server_answers_decides_what_is_next(told: str, kind: str, place: str) -> None:
    async with post_office() as post:
        getattr(post, place).append(told)
        error = await refusal(mailer(post), letter())
    assert (error.kind, error.code) == (kind, int(told[:3]))
    assert error.reason == told
    assert post.accepted == []


async def test_a_refused_message_leaves_the_connection_for_the_next_one() -> None:
    async with post_office() as post:
        post.on_recipient.append("550 nobody")
        sending = mailer(post)
        with pytest.raises(Undelivered):
            await sending.deliver(letter())
        await sending.deliver(letter("max@example.org"))
        await sending.rest()
    assert [received.recipients for received in post.accepted] == [("max@example.org",)]
    assert post.connections == 1


async def test_a_server_that_is_not_there_is_away() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    error = await refusal(SmtpMailer(SecretStr(f"smtp://127.0.0.1:{port}"), 5, "relais.test"), letter())
    assert error.kind == "away"


async def silence(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        writer.close()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says something all the time, and never what is waited for."""
    try:
        while True:
            writer.write(b"220-wait\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        writer.close()


async def chatter(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff\xfe nonsense \x00\r\n" * 5)
    await writer.drain()
    writer.close()


async def dawdle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers everything, each time when it is nearly too late."""
    try:
        writer.write(b"220 post.test\r\n")
        while await reader.readline():
            await asyncio.sleep(0.2)
            writer.write(b"250 OK\r\n")
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize("behaviour", [silence, drip, chatter, dawdle])
async def test_a_server_that_hangs_or_babbles_is_given_up_in_time(behaviour: object) -> None:
    server = await asyncio.start_server(behaviour, "127.0.0.1", 0)  # pyright: ignore
    try:
        port = server.sockets[0].getsockname()[1]
        sending = SmtpMailer(SecretStr(f"smtp://127.0.0.1:{port}"), 0.3, "relais.test")
        async with asyncio.timeout(10):
            error = await refusal(sending, letter())
    finally:
        server.close()
    assert error.kind == "away"
    assert error.reason


async def test_a_server_that_hangs_after_the_message_is_given_up_in_time() -> None:
    release = asyncio.Event()

    async def hang(_received: object) -> str:
        await release.wait()
        return "250 OK"

    async with post_office(Post(answer=hang)) as post:
        sending = SmtpMailer(post.url(), 0.5, "relais.test")
        error = await refusal(sending, letter())
        release.set()
    assert error.kind == "away"
    assert len(post.seen) == 1


@pytest.mark.parametrize(
    "recipient", ["a@b.org\r\nRCPT TO:<c@d.org>", "a@b.org> SIZE=1", "a@b.org\nDATA", "<a@b.org>", ""]
)
async def test_no_address_becomes_a_command(recipient: str) -> None:
    async with post_office() as post:
        error = await refusal(mailer(post), letter(recipient))
    assert (error.kind, post.seen) == ("refused", [])


async def test_addresses_beyond_ascii_need_a_server_that_knows_them() -> None:
    async with post_office() as post:
        sending = mailer(post)
        await sending.deliver(letter("léa@example.org"))
        await sending.rest()
    assert post.accepted[0].recipients == ("léa@example.org",)
    async with post_office(enable_SMTPUTF8=False) as post:
        error = await refusal(mailer(post), letter("léa@example.org"))
    assert (error.kind, post.seen) == ("refused", [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_url", "http://mail.example.org"),
        ("smtp_url", "smtp://"),
        ("smtp_url", "smtp://mail.example.org:99999"),
        ("sender", "Relais"),
        ("sender", "Relais <a@b.org>\r\nBcc: c@d.org"),
        ("sender", "Relais <a b@c.org>"),
        ("sender", "a@127.0.0.1"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MailSettings.model_validate({name: value})
    assert name in str(caught.value)
