"""`relais doctor` as a whole: the machine, what programs are told, and what nobody is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from app.doctor import Severity, examine
from app.doctor.machine import clock, examine_machine
from app.embedded import Servers
from app.settings import Settings

from tests.cli.findings import A_SECRET, ADVICE, ANOTHER, OK, WRONG, key_pair, told, with_settings
from tests.conftest import Urls, environment_for


@pytest.mark.parametrize(
    ("server", "severity"),
    [
        ({}, ADVICE),
        ({"trusted_proxies": "127.0.0.1"}, OK),
        ({"host": "10.0.0.5"}, OK),
    ],
)
def test_a_proxy_that_must_be_there_should_be_believed(
    settings: Settings, server: dict[str, str], severity: Severity
) -> None:
    assert told(examine_machine(with_settings(settings, server=server)), "Proxies")[0] is severity


def test_pages_of_this_machine_have_no_place_among_the_origins_of_production(settings: Settings) -> None:
    origins = {"cors_origins": "https://app.example.org,http://localhost:5173"}
    severity, words = told(examine_machine(with_settings(settings, http=origins)), "CORS")
    assert severity is ADVICE
    assert "http://localhost:5173" in words
    assert "app.example.org" not in words


def test_a_clock_that_is_wrong_is_told_with_its_server() -> None:
    assert clock("Redis", -12.0).severity is WRONG
    assert "that of Redis is -12.0 s away" in clock("Redis", -12.0).seen
    assert clock("PostgreSQL", 0.2).severity is OK


async def test_a_database_of_others_needs_no_accounts_and_no_worker(settings: Settings) -> None:
    findings = await examine(with_settings(settings, rest={"db_schemas": "theirs"}))
    assert {"Site", "Mail", "Outbox", "Worker"}.isdisjoint(finding.what for finding in findings)


def run_doctor(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app.cli", "doctor", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_programs_get_json_and_no_secret(urls: Urls, servers: Servers, data_dir: Path) -> None:
    given = {
        "RELAIS_ENVIRONMENT": "production",
        "RELAIS_AUTH_SECRET": A_SECRET,
        "RELAIS_AUTH_PREVIOUS_SECRETS": "ab" * 20,
        "RELAIS_AUTH_ENCRYPTION_KEY": ANOTHER,
        "RELAIS_AUTH_SIGNING_KEYS": key_pair(),
        "RELAIS_OAUTH_GITHUB_CLIENT_SECRET": "gh-secret-of-this-test",
        "RELAIS_MAIL_SMTP_URL": "smtp://me:smtp-secret@127.0.0.1:9",
    }
    examined = run_doctor(environment_for(urls, servers, data_dir) | given, "--json")
    answer = json.loads(examined.stdout)
    assert examined.returncode == 1
    assert answer["ok"] is False
    assert {tuple(finding) for finding in answer["findings"]} == {("severity", "what", "seen", "remedy")}
    assert {"ok", "advice", "wrong"} == {finding["severity"] for finding in answer["findings"]}
    private = json.loads(given["RELAIS_AUTH_SIGNING_KEYS"])["keys"][0]["d"]
    hidden = (A_SECRET, ANOTHER, "ab" * 20, private, "gh-secret-of-this-test", "smtp-secret", urls.login, urls.admin)
    assert [value for value in hidden if value in examined.stdout + examined.stderr] == []


def test_what_is_well_is_so_in_json_and_by_exit_code(urls: Urls, servers: Servers, data_dir: Path) -> None:
    examined = run_doctor(environment_for(urls, servers, data_dir), "--json")
    assert json.loads(examined.stdout)["ok"] is True
    assert examined.returncode == 0


def test_settings_that_cannot_be_read_are_findings_too(urls: Urls, servers: Servers, data_dir: Path) -> None:
    wrong = {"RELAIS_OAUTH_GITHUB_CLIENT_ID": "x", "RELAIS_AUTH_ENCRYPTION_KEY": "short"}
    examined = run_doctor(environment_for(urls, servers, data_dir) | wrong, "--json")
    assert examined.returncode == 1
    assert [finding["what"] for finding in json.loads(examined.stdout)["findings"]] == ["Settings", "Settings"]


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0", "10.0.0.5/8", "proxy.internal"])
def test_proxies_that_are_everybody_or_nobody_are_refused(
    urls: Urls, servers: Servers, data_dir: Path, proxies: str
) -> None:
    given = environment_for(urls, servers, data_dir) | {"RELAIS_SERVER_TRUSTED_PROXIES": proxies}
    examined = run_doctor(given)
    assert examined.returncode == 1
    assert "RELAIS_SERVER_TRUSTED_PROXIES: " in examined.stdout
    assert "Value error" not in examined.stdout
