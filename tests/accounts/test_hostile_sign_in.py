"""Hostile input on every field of signing up, in and out: refused in words, and nothing breaks."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, some_email
from tests.conftest import started

ROUTES = ("signup", "signin", "signout", "refresh")
#: JSON as it goes over the wire: what no field takes, though the body is well-formed.
HOSTILE = (
    r'"\u0000"',
    r'"a\u0000b@example.org"',
    r'"\ud800"',
    r'"\udfff\ud800"',
    r'"\u202e\u2066"',
    '"%s"' % ("x" * 1_000_000),
    '"%s@example.org"' % ("é" * 100_000),
    '"\' or 1=1 --"',
    '"$$; drop table relais.users; --"',
    '"{}"',
    "[]",
    '["a","b"]',
    "{}",
    '{"$ne":null}',
    "0",
    "-1e308",
    "123456789012345678901234567890",
    "true",
    "null",
    '""',
    '"   "',
)
FIELDS = {
    "signup": ("email", "password", "username", "fullName", "full_name", "metadata"),
    "signin": ("email", "password"),
    "signout": ("refreshToken", "refresh_token"),
    "refresh": ("refreshToken", "refresh_token"),
}
INSIDE_METADATA = ("full_name", "fullName", "avatar_url", "avatarUrl")
BODIES = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"0",
    b"{",
    b'{"email":',
    b"\xff\xfe",
    b'{"email":"\xed\xa0\x80"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"email":NaN,"password":Infinity}',
)


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """One API for all of this file: nothing here changes it."""
    async with started(create_app(cheap)) as app:
        yield app


@pytest.mark.parametrize("route", ROUTES)
async def test_no_field_takes_what_is_hostile(client: httpx.AsyncClient, route: str) -> None:
    for name in FIELDS[route]:
        for hostile in HOSTILE:
            await must_not_break(client, route, body_with(route, name, hostile))


async def test_nothing_hostile_comes_in_by_the_metadata(client: httpx.AsyncClient) -> None:
    for name in INSIDE_METADATA:
        for hostile in HOSTILE:
            await must_not_break(client, "signup", body_with("signup", "metadata", f'{{"{name}":{hostile}}}'))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_no_body_breaks_anything(client: httpx.AsyncClient, route: str, body: bytes) -> None:
    answer = await must_not_break(client, route, body)
    assert answer.status_code < 500


@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_of_another_kind_is_no_body(client: httpx.AsyncClient, route: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "nonsense", ""):
        answer = await client.post(
            f"/api/auth/{route}", content=b"email=a@example.org&password=x", headers={"Content-Type": kind}
        )
        assert answer.status_code < 500
        assert answer.status_code != 201


async def test_headers_that_are_hostile_hinder_nobody(client: httpx.AsyncClient, member: Member) -> None:
    body = {"email": member.email, "password": member.password}
    for name, text in (
        (b"User-Agent", b"x" * 8000),
        (b"User-Agent", b"\xff\xfe\x80"),
        (b"User-Agent", b""),
        (b"X-Request-Id", b"'; drop table relais.users; --"),
        (b"X-Forwarded-For", b"not-an-address, 256.1.1.1"),
        (b"Host", b"\xe9"),
        (b"Host", b"' or 1=1"),
    ):
        answer = await client.post("/api/auth/signin", json=body, headers={name: text})
        assert answer.status_code == 200, (name, text[:50])


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1%25en0", "", "unix:", "::ffff:10.0.0.1", "2001:db8::1"])
async def test_people_sign_in_from_wherever_they_are(app: FastAPI, member: Member, address: str) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://relais.test") as client:
        answer = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    assert answer.status_code == 200, answer.text


def body_with(route: str, name: str, hostile: str) -> bytes:
    """A body that is right but for one field."""
    fields = {"email": f'"{some_email()}"', "password": f'"{PASSWORD}"'} if route in ("signup", "signin") else {}
    fields[name] = hostile
    return ("{" + ",".join(f'"{key}":{text}' for key, text in fields.items()) + "}").encode()


async def must_not_break(client: httpx.AsyncClient, route: str, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    answer = await client.post(f"/api/auth/{route}", content=body, headers=headers)
    assert answer.status_code in (200, 201, 400, 401, 413), (route, body[:200], answer.status_code, answer.text[:500])
    if answer.status_code >= 400:
        assert {"code", "details", "error", "hint", "message"} <= set(answer.json())
        assert len(answer.content) < 5_000, "an error repeats what was sent"
    return answer
