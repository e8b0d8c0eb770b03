"""Supabase's own client against a Relais of its own: it signs in, administers users and queries, unmodified.

The suite is in `tests/js/supabase-js`; here is what it runs against: an API as a process, a provider to sign in with,
and a desk where the suite reads its people's mail.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx
import orjson
import pytest
from app.auth.signing import Keyring, keyring
from app.embedded import Servers
from app.settings import AuthSettings, LimitsSettings
from joserfc.jwk import ECKey
from pydantic import SecretStr

from tests.accounts.conftest import some_email
from tests.accounts.oauth_provider import CLIENT_ID, CLIENT_SECRET, ProviderServer, provider_running, visitor
from tests.conftest import Urls, environment_for
from tests.dialect.serving import failures
from tests.javascript import SUITES, NoPackages, node, node_modules

FOLDER = SUITES / "supabase-js"
SECRET = "a-secret-that-only-this-suite-has-and-nobody-else"
_NEWEST = """
    select sealed from relais.email_outbox where lower(recipient) = lower($1) and template = $2 and sealed is not null
    order by created_at desc, id desc limit 1
"""


@pytest.fixture(scope="module")
def pair() -> str:
    """A pair of keys, with which the client verifies tokens itself."""
    return json.dumps(ECKey.generate_key("P-256", {"kid": "suite"}, private=True).as_dict(private=True))


@pytest.fixture(scope="module")
def provider() -> Generator[ProviderServer]:
    """Somewhere to sign in."""
    with provider_running() as provider:
        yield provider


@contextmanager
def desk(urls: Urls, keys: Keyring, provider: ProviderServer) -> Generator[str]:
    """`GET /mail?email=&template=` is what the newest message carries; `/visitor` seats somebody else at a browser."""

    async def newest(email: str, template: str) -> bytes | None:
        connection = await asyncpg.connect(urls.admin)
        try:
            return await connection.fetchval(_NEWEST, email, template)
        finally:
            await connection.close()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/visitor":
                provider.who = visitor(some_email())
                return self._answer(200, b"")
            query = dict(parse_qsl(parts.query))
            sealed = asyncio.run(newest(query["email"], query["template"]))
            if sealed is None:
                return self._answer(404, b"")
            return self._answer(200, orjson.loads(keys.unseal(sealed))["token"].encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(settings: dict[str, str]) -> Generator[str]:
    """The address of an API with these settings, as a process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = settings | {"RELAIS_SERVER_PORT": str(port), "RELAIS_LOG_ACCESS": "false"}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _answers(f"{address}/ready"):
            assert process.poll() is None, "the API ended"
            assert time.monotonic() < deadline, "the API did not get ready"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


def settings_of(pair: str, provider: ProviderServer) -> dict[str, str]:
    """An installation that signs with a pair of keys, and whose limits no test meets by chance."""
    groups = {
        "auth": {
            "secret": SECRET,
            "signing_keys": pair,
            "argon2_memory_kib": "8192",
            "argon2_time_cost": "1",
            "failures_free": "1000",
            "failures_free_wide": "1000",
        },
        "limits": dict.fromkeys(LimitsSettings.model_fields, "100000/60"),
        "oauth": {
            "github_client_id": CLIENT_ID,
            "github_client_secret": CLIENT_SECRET,
            "github_url": provider.url,
            "github_api_url": provider.url,
            "google_client_id": CLIENT_ID,
            "google_client_secret": CLIENT_SECRET,
            "google_issuer": provider.url,
        },
    }
    named = ((group, name, value) for group, values in groups.items() for name, value in values.items())
    return {f"RELAIS_{group}_{name}".upper(): value for group, name, value in named}


@pytest.fixture(scope="module")
def environment(
    urls: Urls, servers: Servers, data_dir: Path, pair: str, provider: ProviderServer
) -> Generator[dict[str, str]]:
    """What the suite is told."""
    keys = keyring(AuthSettings(secret=SecretStr(SECRET), signing_keys=SecretStr(pair)))
    try:
        node_modules(FOLDER)
    except NoPackages as problem:
        pytest.skip(f"The client is not to be had: {problem}")
    settings = environment_for(urls, servers, data_dir) | settings_of(pair, provider)
    with serving(settings) as address, desk(urls, keys, provider) as open_desk:
        yield os.environ | {
            "RELAIS_TEST_URL": address,
            "RELAIS_TEST_DESK": open_desk,
            "RELAIS_TEST_ANON_KEY": keys.sign({"role": "anon"}),
            "RELAIS_TEST_SERVICE_KEY": keys.sign({"role": "service"}),
        }


@pytest.mark.parametrize("run", ["first", "again, on what the first left"])
def test_supabases_client_works_unmodified(environment: dict[str, str], run: str) -> None:
    ran = subprocess.run(
        [node(), "--test", "--test-reporter=spec", str(FOLDER / "all.test.mjs")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, failures(ran.stdout) + ran.stderr
    assert "pass 0\n" not in ran.stdout


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
