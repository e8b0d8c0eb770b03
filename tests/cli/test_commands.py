"""The command line as an administrator uses it: a process, an exit code, words that help."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from app.adapters.migrations import lineage
from app.embedded import Servers
from app.smoke import QUESTIONS
from jose import jwt

from tests.conftest import Urls, environment_for, migrated_to

Relais = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def relais(urls: Urls, servers: Servers, data_dir: Path) -> Relais:
    """Runs a command against this file's database."""
    environment = environment_for(urls, servers, data_dir) | {"COLUMNS": "200"}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *words]
        return subprocess.run(command, env=environment | more, capture_output=True, text=True, timeout=60)

    return run


def test_without_a_command_it_shows_what_there_is(relais: Relais) -> None:
    shown = relais("--help").stdout
    names = "up serve worker migrate seed settings modules catalog doctor smoke key user backup"
    for name in names.split():
        assert name in shown


def test_settings_are_shown_without_their_secrets(relais: Relais, urls: Urls) -> None:
    shown = relais("settings", RELAIS_AUTH_SECRET="s" * 40).stdout
    assert "RELAIS_DATABASE_URL" in shown
    assert "s" * 40 not in shown
    assert urls.login not in shown


def test_a_misspelt_setting_stops_the_start_with_a_suggestion(relais: Relais) -> None:
    refused = relais("settings", RELAIS_SERVER_PROT="1")
    assert refused.returncode == 1
    assert "RELAIS_SERVER_PROT is no setting; did you mean RELAIS_SERVER_PORT." in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("secret", "words"),
    [("", "must be set in production"), ("change-me", "from an example"), ("short", "shorter than")],
)
def test_production_refuses_a_missing_or_weak_secret(relais: Relais, secret: str, words: str) -> None:
    refused = relais("settings", RELAIS_ENVIRONMENT="production", RELAIS_AUTH_SECRET=secret)
    assert refused.returncode == 1
    assert words in refused.stderr


def test_modules_are_listed(relais: Relais) -> None:
    assert "library" in relais("modules").stdout


def test_the_catalog_counts_columns_and_policies(relais: Relais) -> None:
    assert "library.resources" in relais("catalog").stdout
    assert "relais.sessions" in relais("catalog", "relais").stdout


def test_the_doctor_finds_nothing_wrong_with_a_good_installation(relais: Relais) -> None:
    examined = relais("doctor")
    assert examined.returncode == 0, examined.stdout
    assert "relais_login, owns nothing" in examined.stdout
    assert "none pending" in examined.stdout


def test_the_doctor_advises_against_an_owner_as_login(relais: Relais, urls: Urls) -> None:
    examined = relais("doctor", RELAIS_DATABASE_URL=urls.admin)
    assert examined.returncode == 0
    assert "passes row security" in examined.stdout


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RELAIS_REDIS_URL", "redis://127.0.0.1:9/0", "RELAIS_REDIS_URL"),
        ("RELAIS_DATABASE_URL", "postgresql://a:b@127.0.0.1:9/c", "RELAIS_DATABASE_URL"),
        ("RELAIS_DATABASE_ADMIN_URL", "postgresql://a:b@127.0.0.1:9/c", "RELAIS_DATABASE_ADMIN_URL"),
        ("RELAIS_SERVER_HOST", "0.0.0.0", "Listen on 127.0.0.1"),
    ],
)
def test_the_doctor_says_what_to_do_about_what_is_wrong(relais: Relais, variable: str, value: str, words: str) -> None:
    examined = relais("doctor", **{variable: value})
    assert examined.returncode == 1
    assert words in examined.stdout


def test_the_doctor_leaves_a_database_of_others_alone(relais: Relais) -> None:
    examined = relais("doctor", RELAIS_REST_DB_SCHEMAS="theirs")
    assert examined.returncode == 0, examined.stdout
    assert "none needed" in examined.stdout


async def test_the_doctor_sees_pending_migrations(relais: Relais, urls: Urls) -> None:
    async with migrated_to(urls.admin, "core_0003"):
        examined = relais("doctor")
    assert examined.returncode == 1
    lacking = sorted(lineage().keys() - lineage()["core_0003"])
    told = examined.stdout.partition(" pending: ")[2].partition("\n")[0]
    assert sorted(told.split(", ")) == lacking


def test_a_second_migration_has_nothing_to_do(relais: Relais) -> None:
    assert relais("migrate").stdout == "nothing to do\n"


def test_a_database_that_is_gone_is_a_sentence(relais: Relais) -> None:
    gone = "postgresql://a:b@127.0.0.1:9/c"
    refused = relais("migrate", RELAIS_DATABASE_URL=gone, RELAIS_DATABASE_ADMIN_URL=gone)
    assert refused.returncode == 1
    assert refused.stderr.startswith("relais: Database connection error.")
    assert "Traceback" not in refused.stderr


async def test_an_administrator_is_made_once_and_then_changed(relais: Relais, urls: Urls) -> None:
    made = relais("user", "create-admin", "Chief@example.org", ADMIN_PASSWORD="correct horse battery")
    again = relais("user", "create-admin", "chief@EXAMPLE.org", ADMIN_PASSWORD="another horse battery")
    assert made.stdout == "Chief@example.org created: owner of the default tenant.\n"
    assert "updated" in again.stdout
    connection = await asyncpg.connect(urls.admin)
    [row] = await connection.fetch(
        """
        select u.password_hash, m.role::text, r.role::text as application_role
        from relais.users u join relais.memberships m on m.user_id = u.id
        join library.user_roles r on r.user_id = u.id
        where lower(u.email) = 'chief@example.org'
        """
    )
    await connection.close()
    assert row["password_hash"].startswith("$argon2id$")
    assert (row["role"], row["application_role"]) == ("owner", "super_admin")


def test_an_administrator_needs_a_password_worth_the_name(relais: Relais) -> None:
    refused = relais("user", "create-admin", "weak@example.org", ADMIN_PASSWORD="short")
    assert refused.returncode == 1
    assert "at least 8 characters" in refused.stderr


def test_an_address_that_is_none_is_refused(relais: Relais) -> None:
    refused = relais("user", "create-admin", "nobody", ADMIN_PASSWORD="correct horse battery")
    assert refused.returncode == 1
    assert "no e-mail address" in refused.stderr
    assert "argon2" not in refused.stderr


def test_a_key_is_that_of_everybody_or_of_ones_own_servers(relais: Relais) -> None:
    secret = "a secret of this test, long enough"
    for options, role in (((), "anon"), (("--service", "--days", "1"), "service")):
        made = relais("key", *options, RELAIS_AUTH_SECRET=secret).stdout.strip()
        assert jwt.decode(made, secret, ["HS256"])["role"] == role


def test_smoke_fails_where_nothing_answers(relais: Relais) -> None:
    asked = relais("smoke", "http://127.0.0.1:9")
    assert asked.returncode == 1
    assert asked.stdout.count("FAIL") == len(QUESTIONS)


def test_smoke_refuses_what_is_no_address(relais: Relais) -> None:
    refused = relais("smoke", "file:///etc/hostname")
    assert refused.returncode == 1
    assert "must begin with http" in refused.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RELAIS_DATABASE", "nonsense", "RELAIS_DATABASE is no setting"),
        ("RELAIS_AUTH_SECRET", b"\xff\xfe", "not valid UTF-8"),
        ("RELAIS_DATABASE_URL", "nonsense", "must be a URL"),
        ("RELAIS_DATABASE_URL", "postgresql://a:s3cret@h:99999/x", "must be a URL"),
        ("RELAIS_REDIS_URL", "http://x", "must be a URL"),
        ("RELAIS_JOBS_SHUTDOWN_SECONDS", "inf", "finite"),
        ("RELAIS_DATABASE_STATEMENT_TIMEOUT_SECONDS", "0", "greater than or equal to 0.001"),
        ("RELAIS_HTTP_BODY_LIMIT_BYTES", "many", "valid integer"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_sentence(
    relais: Relais, variable: str, value: str | bytes, words: str
) -> None:
    given = os.fsdecode(value) if isinstance(value, bytes) else value
    refused = relais("settings", **{variable: given})
    assert refused.returncode == 1
    assert refused.stderr.startswith("relais: ")
    assert words in refused.stderr
    assert "s3cret" not in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("migrate", "nosuch"), "know no such revision"),
        (("smoke", "http://["), "no address of an API"),
        (("catalog", "nosuch"), "no table in the database schema nosuch"),
        (("serve", "--workers", "500"), "less than or equal to 64"),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_a_sentence(
    relais: Relais, command: tuple[str, ...], words: str
) -> None:
    refused = relais(*command)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_worker_that_cannot_reach_its_queue_says_so(relais: Relais) -> None:
    refused = relais("worker", "--burst", RELAIS_REDIS_URL="redis://127.0.0.1:9/0")
    assert refused.returncode == 1
    assert "relais: Redis does not answer" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_url_with_options_of_the_driver_is_read_alike_everywhere(relais: Relais, urls: Urls) -> None:
    both = {name: f"{urls.admin}&sslmode=disable" for name in ("RELAIS_DATABASE_URL", "RELAIS_DATABASE_ADMIN_URL")}
    assert relais("migrate", **both).stdout == "nothing to do\n"
    assert relais("catalog", **both).returncode == 0
