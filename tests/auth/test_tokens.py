"""Good tokens, and those whose claims are not acceptable now."""

import time
from typing import Any

import pytest
from app.auth.claims import ClaimRules, UnusableAudience, first_problem, judged
from app.auth.tokens import TokenOptions, TokenVerifier, bearer_token
from app.errors import AppError
from hypothesis import given
from hypothesis import strategies as st

from tests.auth.signing import (
    MALFORMED,
    NOW,
    SECRET,
    Clock,
    claims_of,
    claims_refused,
    reason,
    refusal,
    token,
    verifier,
)


def test_a_token_gives_its_claims() -> None:
    assert claims_of(token({"role": "a", "n": [1, {"é": None}]})) == {"role": "a", "n": [1, {"é": None}]}


@pytest.mark.parametrize("header", [None, b"", b"  ", "", b"Basic eHg6eQ==", b"Bearerx y", b"Token abc"])
def test_another_scheme_or_none_is_no_token(header: bytes | str | None) -> None:
    assert verifier().claims(header) is None


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER   ", "bEaReR\t", " Bearer "])
@pytest.mark.parametrize("encode", [str, str.encode])
def test_the_scheme_is_read_in_any_case(prefix: str, encode: Any) -> None:
    claims = verifier().claims(encode(f"{prefix}{token({'sub': 'x'})} "))
    assert claims is not None
    assert claims.values["sub"] == "x"


@pytest.mark.parametrize("header", [b"Bearer", b"Bearer ", b"bearer\t ", "BEARER"])
def test_a_scheme_with_nothing_after_it_is_an_empty_token(header: bytes | str) -> None:
    with pytest.raises(AppError) as raised:
        verifier().claims(header)
    assert (raised.value.code, raised.value.status) == ("PGRST301", 401)
    assert raised.value.message == "Empty JWT is sent in Authorization header"
    assert raised.value.details is None


def test_the_body_of_an_error_is_the_one_shape() -> None:
    error = refusal("a.b")
    assert error.body() == (
        b'{"code":"PGRST301","details":null,"hint":null,"message":"Expected 3 parts in JWT; got 2"}'
    )
    assert error.response().headers["www-authenticate"] == (
        'Bearer error="invalid_token", error_description="Expected 3 parts in JWT; got 2"'
    )


def test_without_a_secret_a_token_is_the_servers_fault_and_no_token_is_fine() -> None:
    without = verifier(None)
    assert reason(token({}), without) == ("PGRST300", 500, "Server lacks JWT secret", None)
    assert without.claims(None) is None


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW - 30}, None),
        ({"exp": NOW - 31}, "JWT expired"),
        ({"exp": 0}, "JWT expired"),
        ({"exp": float(NOW)}, None),
        ({"exp": NOW + 1000.5}, "JWT expired"),
        ({"exp": 10**30}, None),
        ({"exp": -(10**30)}, "JWT expired"),
        ({"exp": None, "nbf": None, "iat": None, "aud": None}, None),
        ({"exp": str(NOW + 60)}, "The JWT 'exp' claim must be a number"),
        ({"exp": True}, "The JWT 'exp' claim must be a number"),
        ({"exp": [NOW]}, "The JWT 'exp' claim must be a number"),
        ({"nbf": NOW + 30}, None),
        ({"nbf": NOW + 31}, "JWT not yet valid"),
        ({"nbf": NOW + 31.5}, None),
        ({"nbf": 10**30}, "JWT not yet valid"),
        ({"nbf": "0"}, "The JWT 'nbf' claim must be a number"),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, "JWT issued at future"),
        ({"iat": {}}, "The JWT 'iat' claim must be a number"),
        ({"aud": "anything"}, None),
        ({"aud": ["a", "b"]}, None),
        ({"aud": 1}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": ["a", 1]}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": {}}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"exp": 0, "nbf": "x", "aud": 1}, "JWT expired"),
        ({"nbf": 10**12, "iat": "x", "aud": 1}, "JWT not yet valid"),
        ({"iat": 10**12, "aud": 1}, "JWT issued at future"),
        ({"iss": 1}, None),
    ],
)
def test_claims_are_checked_in_order_with_thirty_seconds_of_leeway(claims: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert claims_of(token(claims)) == claims
    else:
        assert reason(token(claims)) == claims_refused(message)


@pytest.mark.parametrize(("fraction", "accepted"), [(0.0, True), (0.999, True), (1.0, False)])
def test_whole_seconds_are_compared(fraction: float, accepted: bool) -> None:
    at = verifier(clock=Clock(NOW + 30 + fraction))
    bearer = token({"exp": NOW})
    if accepted:
        assert claims_of(bearer, at) == {"exp": NOW}
    else:
        assert reason(bearer, at) == claims_refused("JWT expired")


@pytest.mark.parametrize("leeway", [0, 5])
def test_the_leeway_is_a_setting(leeway: int) -> None:
    by = verifier(leeway_seconds=leeway)
    assert claims_of(token({"exp": NOW - leeway, "nbf": NOW + leeway}), by)
    assert reason(token({"exp": NOW - leeway - 1}), by) == claims_refused("JWT expired")
    assert reason(token({"nbf": NOW + leeway + 1}), by) == claims_refused("JWT not yet valid")


@pytest.mark.parametrize(
    ("audience", "accepted"),
    [("us", True), (["them", "us"], True), ([], True), (None, True), ("them", False), (["them"], False), ("", False)],
)
def test_an_audience_must_be_named_unless_none_is(audience: object, accepted: bool) -> None:
    bearer, by = token({"aud": audience}), verifier(audience="us")
    if accepted:
        assert claims_of(bearer, by) == {"aud": audience}
    else:
        assert reason(bearer, by) == claims_refused("JWT not in audience")


def test_a_token_without_an_audience_is_for_everybody() -> None:
    assert claims_of(token({"a": 1}), verifier(audience="us")) == {"a": 1}


@pytest.mark.parametrize("audience", ["us", "https://api.example.org", "urn:us"])
def test_an_audience_with_a_colon_is_a_uri(audience: str) -> None:
    assert claims_of(token({"aud": audience}), verifier(audience=audience))


@pytest.mark.parametrize("audience", ["://x", "a b:c", "x:", "1a:b", "a:b c"])
def test_an_audience_with_a_colon_that_is_no_uri_stops_the_start(audience: str) -> None:
    with pytest.raises(UnusableAudience, match="must be a URI"):
        verifier(audience=audience)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "us"}, None),
        ({"iss": "them"}, "JWT not from issuer"),
        ({}, "JWT not from issuer"),
        ({"iss": None}, "JWT not from issuer"),
        ({"iss": ["us"]}, "The JWT 'iss' claim must be a string"),
        ({"iss": "them", "aud": 1}, "The JWT 'aud' claim must be a string or an array of strings"),
    ],
)
def test_an_issuer_that_is_set_must_have_signed(claims: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert claims_of(token(claims), verifier(issuer="us")) == claims
    else:
        assert reason(token(claims), verifier(issuer="us")) == claims_refused(message)


MOMENTS = st.none() | st.integers(NOW - 100, NOW + 100) | st.floats(NOW - 100, NOW + 100) | st.sampled_from(["x", True])


@given(
    st.fixed_dictionaries({name: MOMENTS for name in ("exp", "nbf", "iat")}),
    st.integers(NOW - 200, NOW + 200) | st.floats(NOW - 200, NOW + 200),
)
def test_the_time_worked_out_beforehand_is_the_time_without_a_problem(claims: dict[str, Any], now: float) -> None:
    known = judged(claims, ClaimRules())
    assert (known.starts <= now < known.ends) == (first_problem(claims, ClaimRules(), now) is None)


def test_a_remembered_token_is_refused_as_soon_as_it_expires() -> None:
    clock = Clock()
    by, bearer = verifier(clock=clock), token({"nbf": NOW, "exp": NOW + 10})
    assert by.claims(f"Bearer {bearer}") is by.claims(f"bearer  {bearer}"), "remembered"
    clock.now = NOW + 40.9
    assert claims_of(bearer, by)
    clock.now = NOW + 41
    assert reason(bearer, by) == claims_refused("JWT expired")
    clock.now = NOW - 31
    assert reason(bearer, by) == claims_refused("JWT not yet valid")


def test_a_remembered_token_that_was_never_acceptable_is_refused_each_time() -> None:
    by = verifier(audience="us")
    for _ in range(3):
        assert reason(token({"aud": "them"}), by) == claims_refused("JWT not in audience")


def test_a_token_that_differs_from_a_remembered_one_is_verified() -> None:
    by, bearer = verifier(), token({"sub": "x"})
    assert claims_of(bearer, by)
    header, payload, signature = bearer.split(".")
    other = "A" if signature[0] != "A" else "B"
    assert refusal(f"{header}.{payload}.{other}{signature[1:]}", by).code == "PGRST301"


def test_the_least_recently_used_tokens_are_forgotten_beyond_the_entries() -> None:
    by = TokenVerifier(TokenOptions(SECRET, cache_entries=2), Clock())
    a, b, c = (f"Bearer {token({'sub': name})}" for name in "abc")
    first_a, first_b = by.claims(a), by.claims(b)
    assert by.claims(a) is first_a
    by.claims(c)
    assert by.claims(a) is first_a
    assert by.claims(b) is not first_b


def test_tokens_are_forgotten_beyond_the_bytes() -> None:
    a, b = (f"Bearer {token({'sub': name * 100})}" for name in "ab")
    by = TokenVerifier(TokenOptions(SECRET, cache_bytes=len(a) + len(b) - 15), Clock())
    first = by.claims(a)
    assert by.claims(a) is first
    by.claims(b)
    assert by.claims(a) is not first


def test_what_is_forgotten_makes_room() -> None:
    bearers = [f"Bearer {token({'sub': f'{number:03}'})}" for number in range(50)]
    by = TokenVerifier(TokenOptions(SECRET, cache_bytes=4 * len(bearers[0])), Clock())
    for bearer in bearers:
        last = by.claims(bearer)
        assert by.claims(bearer) is last


def test_a_cache_of_nothing_verifies_every_time() -> None:
    by = TokenVerifier(TokenOptions(SECRET, cache_entries=0), Clock())
    bearer = f"Bearer {token({'sub': 'x'})}"
    first, second = by.claims(bearer), by.claims(bearer)
    assert first is not None
    assert first is not second


def test_a_token_beyond_the_limit_is_refused_without_looking_at_it() -> None:
    limit = 16 * 1024
    bearer = token({"x": ""})
    fits = token({"x": "y" * ((limit - len(bearer)) * 3 // 4)})
    assert limit - 8 < len(fits) <= limit
    assert claims_of(fits)
    assert reason(token({"x": "y" * limit})) == MALFORMED
    assert reason("x" * (limit + 1)) == MALFORMED, "not even its parts are counted"


def test_options_do_not_show_their_secret() -> None:
    assert SECRET not in repr(TokenOptions(SECRET))


def test_the_real_clock_is_the_default() -> None:
    by = TokenVerifier(TokenOptions(SECRET, rules=ClaimRules()))
    assert claims_of(token({"exp": int(time.time()) + 60}), by)
    assert reason(token({"exp": int(time.time()) - 60}), by) == claims_refused("JWT expired")


def test_a_token_is_told_from_its_scheme() -> None:
    assert bearer_token(b"Bearer a b") == b"a b"
    assert bearer_token("bearer \ud800") == b"\xed\xa0\x80"
