"""What messages say, and that nobody can have them say or carry anything else."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from app.jobs.letters import TEMPLATES, WITH_SECRET, Facts, Rendered, Site, Unreadable, compose, render
from app.jobs.letters.english import ENGLISH
from app.jobs.letters.french import FRENCH

SITE = "https://relais.example.org"
RELAIS = Site("Relais", SITE, SITE)
TOLD: dict[str, Any] = {
    "name": "Léa",
    "tenant": "Équipe",
    "inviter": "Max",
    "role": "admin",
    "change": "added",
    "link": "linked",
    "provider": "github",
    "scopes": ["read", "write"],
    "email": "nouvelle@example.org",
    "address": "192.0.2.7",
    "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "at": "2026-11-21T17:05:00+01:00",
}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{app} {0} {told.__class__} %s ${x}",
    "a\r\nBcc: victim@example.org\r\n\r\nbody",
    "a\u2028b\u0085c\x00d\x1b[31m",
    "\u202egnp.exe\u202d",
    "https://evil.example/pay now",
    "www.evil.example",
    "x" * 100_000,
    "\ud800",
    "=?utf-8?q?=0d=0aBcc:_x?=",
    "' or 1=1 --",
    "&lt;b&gt;",
]


def read(template: str, locale: str = "fr", **told: Any) -> Rendered:
    secret = {"token": "s3cr3t-token"} if template in WITH_SECRET else {}
    return render(template, locale, told=told, secret=secret, site=RELAIS)


def sent(rendered: Rendered, recipient: str = "lea@example.org", sender: str = "Relais <noreply@example.org>") -> Any:
    written, now = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    envelope = compose(Facts("an-id", recipient, written, now), rendered, sender)
    return envelope, message_from_bytes(envelope.content, policy=default)


class Page(HTMLParser):
    """The tags, links and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.texts = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.texts += data


def test_the_services_letters_exist_in_both_languages() -> None:
    wanted = {
        "digest",
        "verify_email",
        "reset_password",
        "claim_account",
        "password_changed",
        "change_email",
        "email_changed",
        "accept_invitation",
        "welcome",
        "new_sign_in",
        "second_factor_changed",
        "token_created",
        "provider_changed",
    }
    assert TEMPLATES == wanted == set(FRENCH.letters) == set(ENGLISH.letters)


def test_both_languages_say_the_same_with_the_same_values() -> None:
    names = re.compile(r"\{(\w+)\}")
    for template in TEMPLATES:
        one, other = FRENCH.letters[template], ENGLISH.letters[template]
        for part in ("subjects", "says", "after"):
            theirs = [names.findall(text) for text in getattr(other, part)]
            assert [names.findall(text) for text in getattr(one, part)] == theirs, (template, part)
        assert bool(one.label) == bool(other.label)
    assert {name: set(words) for name, words in FRENCH.words.items()} == {
        name: set(words) for name, words in ENGLISH.words.items()
    }


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_each_letter_reads_whole_with_all_values_and_with_none(template: str, locale: str) -> None:
    for told in (TOLD, {}):
        rendered = read(template, locale, **told)
        assert rendered.subject
        for text in (rendered.text, Page(rendered.html).texts):
            assert "{" not in text
            assert "None" not in text
        assert rendered.language == locale


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("verify_email", "/auth/verify"),
        ("reset_password", "/auth/reset-password"),
        ("claim_account", "/auth/claim"),
        ("change_email", "/auth/confirm-email"),
        ("accept_invitation", "/auth/invitation"),
    ],
)
def test_a_link_leads_to_the_frontend_with_the_secret(template: str, path: str) -> None:
    secret = {"token": "a+b/c=&d"}
    rendered = render(template, "fr", told={}, secret=secret, site=Site("Relais", SITE, f"{SITE}/"))
    link = f"{SITE}{path}?token=a%2Bb%2Fc%3D%26d"
    assert rendered.text.splitlines().count(link) == 1
    assert Page(rendered.html).links == [link]


@pytest.mark.parametrize("template", sorted(WITH_SECRET))
@pytest.mark.parametrize("secret", [{}, {"token": ""}, {"token": 7}])
def test_a_letter_without_the_secret_it_is_about_is_not_written(template: str, secret: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        render(template, "fr", told={}, secret=secret, site=RELAIS)


def test_there_is_no_letter_of_another_name() -> None:
    with pytest.raises(Unreadable):
        read("../../etc/passwd")


@pytest.mark.parametrize(
    ("locale", "language"), [("fr-CA", "fr"), ("en_US", "en"), ("EN", "en"), ("de", "fr"), ("", "fr"), ("\x00", "fr")]
)
def test_whoever_reads_neither_language_gets_french(locale: str, language: str) -> None:
    assert read("welcome", locale).language == language


def test_sentences_whose_values_nobody_told_are_left_out() -> None:
    assert "192.0.2.7" in read("password_changed", **TOLD).text
    without = read("password_changed").text
    assert "Adresse IP" not in without
    assert "Date" not in without
    assert "administrateur" in without


def test_values_are_told_in_words_of_ours() -> None:
    invitation, change = read("accept_invitation", **TOLD).text, read("email_changed", **TOLD).text
    assert "Votre rôle : administrateur." in invitation
    assert "n…@example.org" in change
    assert "nouvelle@" not in change
    assert "21/11/2026 à 16:05 UTC" in change
    assert "max.b@example.org vous invite" in read("accept_invitation", inviter="max.b@example.org").text
    assert "Appareil : Firefox, Linux." in read("new_sign_in", **TOLD).text
    token = read("token_created", **TOLD).text
    assert "Jeton : Léa." in token
    assert "Bonjour,\n" in token  # the name is the token's
    assert "Droits : lecture, écriture." in token
    assert "Fournisseur : GitHub." in read("provider_changed", **TOLD).text
    assert "rôle" not in read("accept_invitation", **{**TOLD, "role": "emperor"}).text


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_what_others_chose_is_only_read(template: str, hostile: str) -> None:
    harmless = read(template, **dict.fromkeys(TOLD, "x"))
    rendered = read(template, **dict.fromkeys(TOLD, hostile))
    page, plain = Page(rendered.html), Page(harmless.html)
    assert [tag for tag in page.tags if tag not in ("p",)] == [tag for tag in plain.tags if tag not in ("p",)]
    assert page.attributes == plain.attributes
    # No further link, neither as such nor as what a mail program would make one of.
    assert page.links == plain.links
    assert "evil.example" not in rendered.text
    assert len(rendered.subject) <= 150
    assert len(rendered.text) < 3000
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\ud800-\udfff]", rendered.text)
    envelope, message = sent(rendered)
    assert set(message.keys()) == set(sent(harmless)[1].keys())
    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == "lea@example.org"
    assert envelope.recipient == "lea@example.org"


def test_a_message_has_what_mail_programs_look_for() -> None:
    envelope, message = sent(read("verify_email", "en"))
    assert isinstance(message, EmailMessage)
    assert str(message["From"]) == "Relais <noreply@example.org>"
    assert message["Message-ID"] == "<an-id@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Date"].datetime == datetime(2026, 11, 21, tzinfo=UTC)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert envelope.content.isascii()
    assert all(len(line) <= 998 for line in envelope.content.split(b"\r\n"))
    assert b"\n" not in envelope.content.replace(b"\r\n", b"")


def test_subjects_beyond_ascii_arrive_as_they_were_written() -> None:
    envelope, message = sent(read("claim_account"), sender='"Équipe, Relais" <noreply@example.org>')
    assert envelope.content.isascii()
    assert message["From"].addresses[0].display_name == "Équipe, Relais"
    assert message["Subject"] == "Votre compte vous attend"
    assert "accéder" in message.get_body(("plain",)).get_content()


def test_a_subject_that_would_add_a_header_is_not_sent() -> None:
    rendered = read("welcome")
    for subject in ("=?utf-8?q?x=0d=0aBcc:_victim@example.org?=", "a\r\nBcc: victim@example.org"):
        with pytest.raises((Unreadable, ValueError)):
            sent(replace(rendered, subject=subject))


def test_a_domain_beyond_ascii_is_written_as_servers_know_it() -> None:
    envelope, message = sent(read("welcome"), "lea@exämple.org")
    assert envelope.recipient == "lea@xn--exmple-cua.org"
    assert message["To"].addresses[0].addr_spec == "lea@xn--exmple-cua.org"
    assert sent(read("welcome"), "léa@example.org")[0].recipient == "léa@example.org"


@pytest.mark.parametrize(
    "recipient",
    [
        "a@b.org\r\nBcc: c@d.org",
        "a@b.org, c@d.org",
        "a@b.org>",
        "Léa <a@b.org>",
        '"a b"@c.org',
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "@b.org",
        "a@",
        "a",
        "",
        "a@b@c.org",
        "a..b@c.org",
        "a@-b.org",
        "a@b..org",
        "a@" + "b" * 64 + ".org",
        "a" * 65 + "@b.org",
        "a\x00@b.org",
        "a\u2028@b.org",
        "a@b.org\u0000",
        "\ud800@b.org",
    ],
)
def test_what_is_no_address_is_not_written_to(recipient: str) -> None:
    with pytest.raises(Unreadable):
        sent(read("welcome"), recipient)
