"""Whom a request comes from: what a proxy says counts if the proxy is ours, and what a client says never does."""

import secrets
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from app.embedded import Servers

from tests.accounts.conftest import PASSWORD, some_email
from tests.accounts.ground import value
from tests.conftest import Urls, environment_for
from tests.own_server import CHEAP, own_server

LIMIT = 4


def environment(urls: Urls, servers: Servers, data_dir: Path, proxies: str) -> dict[str, str]:
    """Of a server that lets few sign in from one address."""
    own = {"RELAIS_LIMITS_AUTH": f"{LIMIT}/3600", "RELAIS_SERVER_TRUSTED_PROXIES": proxies}
    return environment_for(urls, servers, data_dir) | CHEAP | own | {"RELAIS_REDIS_PREFIX": f"p{secrets.token_hex(4)}:"}


@pytest.fixture(scope="module")
def direct(urls: Urls, servers: Servers, data_dir: Path) -> Generator[str]:
    """One that knows of no proxy."""
    with own_server(environment(urls, servers, data_dir, "")) as server:
        yield server.address


@pytest.fixture(scope="module")
def behind(urls: Urls, servers: Servers, data_dir: Path) -> Generator[str]:
    """One behind a proxy on this machine and another in front of that."""
    with own_server(environment(urls, servers, data_dir, "127.0.0.1,10.9.0.0/16")) as server:
        yield server.address


def tries(address: str, *forwarded: dict[str, str]) -> list[int]:
    """What wrong passwords for as many accounts are answered."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        return [
            client.post("/api/auth/signin", json={"email": some_email(), "password": "x"}, headers=headers).status_code
            for headers in forwarded
        ]


def test_what_clients_say_of_themselves_changes_nothing(direct: str) -> None:
    said = [
        {"X-Forwarded-For": "203.0.113.1"},
        {"X-Forwarded-For": "127.0.0.1, 203.0.113.2"},
        {"X-Real-IP": "203.0.113.3", "Forwarded": "for=203.0.113.3"},
        {"X-Forwarded-For": "203.0.113.4", "X-Forwarded-Host": "elsewhere", "CF-Connecting-IP": "203.0.113.4"},
        {"X-Forwarded-For": "203.0.113.5"},
        {"True-Client-IP": "203.0.113.6", "X-Client-IP": "203.0.113.6"},
    ]
    assert tries(direct, *said) == [401] * LIMIT + [429] * 2


def test_clients_behind_a_proxy_that_is_ours_are_told_apart(behind: str) -> None:
    clients = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in (11, 12)]
    for client in clients:
        assert tries(behind, *[client] * (LIMIT + 1)) == [401] * LIMIT + [429]


def test_what_a_client_puts_before_its_proxys_word_is_not_believed(behind: str) -> None:
    said = [
        "203.0.113.21",
        "198.51.100.1, 203.0.113.21",
        "198.51.100.2, 127.0.0.1, 203.0.113.21",
        # Through both proxies.
        "198.51.100.3, 203.0.113.21, 10.9.1.1",
        "198.51.100.4,203.0.113.21",
        "203.0.113.21:4711",
    ]
    headers = [{"X-Forwarded-For": value, "X-Real-IP": "198.51.100.9"} for value in said]
    assert tries(behind, *headers) == [401] * LIMIT + [429] * 2


@pytest.mark.parametrize(
    "said", ["", ",", "unknown", "_hidden", "[", "::", "1.2.3.4.5", "x" * 5000, "\x7f", "%00", "203.0.113.99/8"]
)
def test_nonsense_from_a_proxy_is_no_error(behind: str, said: str) -> None:
    assert tries(behind, {"X-Forwarded-For": said})[0] in (400, 401, 429)


def test_an_ipv6_client_of_a_proxy_is_its_network(behind: str) -> None:
    clients = [{"X-Forwarded-For": f"2001:db8:42:1::{number:x}"} for number in range(1, LIMIT + 2)]
    assert tries(behind, *clients) == [401] * LIMIT + [429]


async def test_sessions_remember_the_client_and_not_the_proxy(behind: str, urls: Urls) -> None:
    said = {"X-Forwarded-For": "198.51.100.66, 203.0.113.77"}
    async with httpx.AsyncClient(base_url=behind, trust_env=False) as client:
        answer = await client.post("/api/auth/signup", json={"email": some_email(), "password": PASSWORD}, headers=said)
    assert answer.status_code == 201
    query = "select host(address) from relais.sessions where user_id = $1::text::uuid"
    assert await value(urls.admin, query, answer.json()["user"]["id"]) == "203.0.113.77"
