"""Who is asking: role, claims and ids."""

from typing import Any

import pytest
from app.auth.caller import Caller, CallerResolver
from app.auth.role_path import RolePath
from app.errors import AppError

from tests.auth.signing import NOW, Clock, claims_refused, signed, token, verifier

USER = "0a0a0a0a-0000-4000-8000-00000000000a"
TENANT = "0B0B0B0B-0000-4000-8000-00000000000B"


def resolver(path: str = "$.role", anon_role: str | None = "anon", **options: Any) -> CallerResolver:
    return CallerResolver(verifier(**options), RolePath(path), anon_role=anon_role)


def caller_of(claims: dict[str, Any], **options: Any) -> Caller:
    return resolver(**options).resolve(f"Bearer {token(claims)}".encode())


def refused(by: CallerResolver, authorization: bytes | str | None) -> AppError:
    with pytest.raises(AppError) as raised:
        by.resolve(authorization)
    return raised.value


@pytest.mark.parametrize("authorization", [None, b"", "Basic eDp5"])
def test_without_a_token_the_caller_is_nobody_in_particular(authorization: bytes | str | None) -> None:
    assert resolver().resolve(authorization) == Caller("anon", '{"role":"anon"}', "", "", True)


def test_without_an_anonymous_role_a_token_is_required() -> None:
    error = refused(resolver(anon_role=None), None)
    assert error.body() == b'{"code":"PGRST302","details":null,"hint":null,"message":"Anonymous access is disabled"}'
    assert (error.status, dict(error.headers)) == (401, {"WWW-Authenticate": "Bearer"})


def test_a_token_names_its_caller() -> None:
    claims = {"sub": USER, "role": "authenticated", "tenant_id": TENANT, "name": "Zoé"}
    assert caller_of(claims) == Caller(
        "authenticated",
        f'{{"name":"Zoé","role":"authenticated","sub":"{USER}","tenant_id":"{TENANT}"}}',
        USER,
        TENANT.lower(),
        False,
    )


def test_a_token_without_role_is_anonymous_with_its_claims_visible() -> None:
    assert caller_of({"sub": USER}) == Caller("anon", f'{{"role":"anon","sub":"{USER}"}}', USER, "", True)
    assert caller_of({"role": "anon", "a": 1}) == Caller("anon", '{"a":1,"role":"anon"}', "", "", True)


def test_a_token_without_role_is_refused_where_there_is_no_anonymous_role() -> None:
    by = resolver(anon_role=None)
    for _ in range(2):
        assert refused(by, f"Bearer {token({'sub': USER})}").code == "PGRST302"
    assert by.resolve(f"Bearer {token({'role': 'anon'})}") == Caller("anon", '{"role":"anon"}', "", "", False)


def test_the_role_in_use_overwrites_the_claim() -> None:
    caller = caller_of({"role": {"x": 1}, "app": {"roles": ["editor"]}}, path="$.app.roles[0]")
    assert (caller.role, caller.claims) == ("editor", '{"app":{"roles":["editor"]},"role":"editor"}')
    assert caller_of({"role": None}).role == "null"


def test_the_reserved_role_none_does_not_exist() -> None:
    error = refused(resolver(), f"Bearer {token({'role': 'none'})}")
    assert (error.code, error.status, error.message) == ("22023", 401, 'role "none" does not exist')
    assert dict(error.headers) == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, [USER], {"id": USER}, "", "x", USER[:-1], USER + "0", f"{{{USER}}}", USER.replace("-", "")),
        *(f"{USER}\n", USER.replace("0a0a0a0a", "٠a0a0a0a"), f"urn:uuid:{USER}", "' or true --"),
    ],
)
def test_an_id_that_is_no_uuid_is_none(value: Any) -> None:
    caller = caller_of({"sub": value, "tenant_id": value, "role": "authenticated"})
    assert (caller.user_id, caller.tenant_id) == ("", "")


def test_a_bad_token_is_refused_even_where_anonymous_access_would_do() -> None:
    by = resolver()
    for bearer in ("", "x", "a.b.c", token({"exp": 0}), token({"role": "anon", "aud": 1})):
        assert refused(by, f"Bearer {bearer}").status == 401


def test_a_caller_is_made_once_and_refused_when_its_token_expires() -> None:
    clock = Clock()
    by = resolver(clock=clock)
    bearer = f"Bearer {token({'role': 'authenticated', 'exp': NOW + 10})}".encode()
    first = by.resolve(bearer)
    assert by.resolve(bytes(bytearray(bearer))) is first
    assert by.resolve(bearer.decode()) is first
    clock.now = NOW + 41
    error = refused(by, bearer)
    assert (error.code, error.status, error.message, error.details) == claims_refused("JWT expired")


def test_callers_of_two_tokens_are_kept_apart() -> None:
    by = resolver()
    tokens = [f"Bearer {token({'role': f'r{number}'})}" for number in range(3)]
    for _ in range(2):
        assert [by.resolve(bearer).role for bearer in tokens] == ["r0", "r1", "r2"]


def test_a_forged_copy_of_a_remembered_token_is_refused() -> None:
    by = resolver()
    claims = {"role": "service"}
    assert by.resolve(f"Bearer {token(claims)}").role == "service"
    forged = signed({"alg": "HS256", "typ": "JWT"}, claims, lambda _: b"x" * 32)
    assert refused(by, f"Bearer {forged}").code == "PGRST301"


def test_callers_are_forgotten_with_their_claims() -> None:
    by = resolver()
    for number in range(1500):
        by.resolve(f"Bearer {token({'role': f'r{number}'})}")
    assert len(by._callers) == 1000  # pyright: ignore[reportPrivateUsage]
