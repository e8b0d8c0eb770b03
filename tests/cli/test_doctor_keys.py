"""What the doctor says of keys, and of what accounts rest on: addresses, providers, mail."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from app.doctor import Severity
from app.doctor.accounts import examine_accounts
from app.doctor.keys import examine_keys
from app.settings import Settings
from pydantic import SecretStr

from tests.cli.findings import A_SECRET, ADVICE, ANOTHER, OK, WRONG, key_pair, told, with_settings


def test_the_key_that_signs_is_told_with_its_algorithm_and_its_age(settings: Settings) -> None:
    young = with_settings(settings, auth={"signing_keys": SecretStr(key_pair(iat=int(time.time()) - 3 * 86400))})
    old = with_settings(settings, auth={"signing_keys": SecretStr(key_pair(iat=int(time.time()) - 400 * 86400))})
    assert told(examine_keys(young), "Signing key") == (OK, "ES256, key of-this-test, 3 days old ")
    severity, words = told(examine_keys(old), "Signing key")
    assert severity is ADVICE
    assert "400 days old" in words


def test_the_file_of_a_secret_tells_its_age_and_who_may_read_it(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(A_SECRET)
    file.chmod(0o644)
    os.utime(file, (time.time(), time.time() - 500 * 86400))
    findings = examine_keys(with_settings(settings, auth={"secret": SecretStr(f"@{file}")}))
    assert "500 days old" in told(findings, "Signing key")[1]
    assert told(findings, "Secrets") == (
        ADVICE,
        f"everybody on this machine may read {file} Let only the user read it that Relais runs as: chmod 600.",
    )


@pytest.mark.parametrize("weak", ["ab" * 20, "0" * 32, "12345678" * 5])
@pytest.mark.parametrize("name", ["secret", "encryption_key", "previous_secrets"])
def test_a_secret_that_can_be_guessed_is_wrong(settings: Settings, name: str, weak: str) -> None:
    auth = {"secret": SecretStr(A_SECRET), name: SecretStr(weak)}
    severity, words = told(examine_keys(with_settings(settings, auth=auth)), "Secrets")
    assert severity is WRONG
    assert f"RELAIS_AUTH_{name.upper()}" in words
    assert weak not in words


@pytest.mark.parametrize("make", [lambda: secrets.token_hex(16), lambda: secrets.token_urlsafe(24)])
def test_a_secret_that_chance_made_is_good(settings: Settings, make: Callable[[], str]) -> None:
    for _ in range(200):
        findings = examine_keys(with_settings(settings, auth={"secret": SecretStr(make())}))
        assert told(findings, "Secrets")[0] is OK


def test_secrets_of_before_are_not_forgotten(settings: Settings) -> None:
    auth = {"secret": SecretStr(A_SECRET), "previous_secrets": SecretStr(ANOTHER)}
    severity, words = told(examine_keys(with_settings(settings, auth=auth)), "Secrets")
    assert severity is ADVICE
    assert "1 of before is still believed" in words
    assert "RELAIS_AUTH_PREVIOUS_SECRETS" in words


@pytest.mark.parametrize(
    ("environment", "key", "severity", "words"),
    [
        ("production", None, ADVICE, "derived from the secret"),
        ("development", None, OK, "derived from the secret"),
        ("production", A_SECRET, ADVICE, "the same as the secret"),
        ("production", ANOTHER, OK, "set"),
    ],
)
def test_what_encrypts_should_not_hang_on_the_secret(
    settings: Settings, environment: str, key: str | None, severity: Severity, words: str
) -> None:
    auth = {"secret": SecretStr(A_SECRET), "encryption_key": SecretStr(key) if key else None}
    seen = told(examine_keys(with_settings(settings, environment, auth=auth)), "Encryption key")
    assert seen[0] is severity
    assert words in seen[1]


def test_keys_that_cannot_be_used_are_one_finding(settings: Settings) -> None:
    findings = examine_keys(with_settings(settings, auth={"signing_keys": SecretStr('{"keys": []}')}))
    assert [finding.what for finding in findings] == ["Keys"]
    assert told(findings, "Keys")[0] is WRONG


@pytest.mark.parametrize(
    ("environment", "url", "severity"),
    [
        ("development", "http://localhost:5173", OK),
        ("production", "http://localhost:5173", WRONG),
        ("production", "http://app.example.org", ADVICE),
        ("production", "https://app.example.org", OK),
        ("production", "app.example.org", WRONG),
        ("development", "", WRONG),
        ("development", "http://[", WRONG),
    ],
)
async def test_links_lead_to_a_frontend(settings: Settings, environment: str, url: str, severity: Severity) -> None:
    findings = await examine_accounts(with_settings(settings, environment, auth={"site_url": url}))
    seen = told(findings, "Site")
    assert seen[0] is severity
    assert severity is OK or "RELAIS_AUTH_SITE_URL" in seen[1]


async def test_providers_that_are_half_configured_are_wrong(settings: Settings) -> None:
    halves = {"github_client_secret": SecretStr(A_SECRET), "google_client_id": "an-id"}
    findings = await examine_accounts(with_settings(settings, oauth=halves))
    words = " ".join(f"{item.seen} {item.remedy}" for item in findings if item.severity is WRONG)
    assert "Set RELAIS_OAUTH_GITHUB_CLIENT_ID" in words
    assert "Set RELAIS_OAUTH_GOOGLE_CLIENT_SECRET" in words
    assert A_SECRET not in words


@pytest.mark.parametrize(
    ("url", "severity"), [("", ADVICE), ("http://api.example.org", WRONG), ("https://api.example.org", OK)]
)
async def test_providers_are_told_where_to_send_people_back_to(
    settings: Settings, url: str, severity: Severity
) -> None:
    oauth = {"github_client_id": "an-id", "github_client_secret": SecretStr(A_SECRET), "callback_url": url}
    findings = await examine_accounts(with_settings(settings, oauth=oauth))
    assert told(findings, "Callback")[0] is severity
    assert told(findings, "Providers") == (OK, "github ")


async def test_mail_in_files_is_wrong_in_production_alone(settings: Settings) -> None:
    assert told(await examine_accounts(with_settings(settings)), "Mail")[0] is WRONG
    assert told(await examine_accounts(with_settings(settings, "development")), "Mail")[0] is OK


async def test_a_mail_server_that_does_not_answer_is_wrong_and_its_password_is_not_told(settings: Settings) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        smtp = with_settings(settings, mail={"smtp_url": SecretStr(f"smtp://me:{A_SECRET}@127.0.0.1:{port}")})
        without = await examine_accounts(smtp)
        listening.listen()
        answered = await examine_accounts(smtp)
    assert told(without, "Mail")[0] is WRONG
    assert A_SECRET not in str(without)
    assert told(answered, "Mail") == (OK, f"by 127.0.0.1:{port} ")
    assert told(answered, "Sender")[0] is WRONG


async def test_links_in_messages_need_the_address_of_the_api_unless_the_frontend_has_the_pages(
    settings: Settings,
) -> None:
    severity, words = told(await examine_accounts(with_settings(settings)), "Callback")
    assert severity is ADVICE
    assert "links in messages" in words
    elsewhere = with_settings(settings, mail={"pages_url": "https://app.example.org"})
    assert told(await examine_accounts(elsewhere), "Callback") == (OK, " ")
