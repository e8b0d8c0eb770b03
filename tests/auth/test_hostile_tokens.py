"""Tokens made to be let in, to crash the reader, or to reach PostgreSQL as something that it refuses."""

import json
from typing import Any

import pytest
from app.auth.caller import Caller, CallerResolver
from app.auth.role_path import RolePath
from app.errors import AppError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.auth.signing import (
    MALFORMED,
    NO_KEY_FITS,
    NOW,
    SECRET,
    UNREADABLE_CLAIMS,
    UNSECURED,
    WRONG_SIGNATURE,
    b64,
    claims_of,
    claims_refused,
    compact,
    hmac_signer,
    jwk,
    parts,
    reason,
    rsa_jwk,
    rsa_key,
    rsa_signer,
    signed,
    token,
    verifier,
)

EVERY_KIND = verifier({"keys": [jwk(name, kid=name) for name in ("HS256", "RS256", "ES256", "EdDSA")]})
PUBLIC = rsa_key("a").public_key()
GOOD_HEADER = {"alg": "HS256"}


@pytest.mark.parametrize("signature", ["", "e30", b64(hmac_signer(SECRET.encode())(b"x"))])
def test_an_unsecured_token_is_refused_whatever_its_signature(signature: str) -> None:
    bearer = f"{b64(compact({'alg': 'none'}))}.{b64(compact({'role': 'service'}))}.{signature}"
    assert reason(bearer) == UNSECURED
    assert reason(bearer, EVERY_KIND) == UNSECURED


@pytest.mark.parametrize("name", ["None", "nOnE", "NONE", " none", "none\n", "", "hs256", "Hs256", "HS256 ", "PS256"])
def test_an_algorithm_is_spelt_exactly(name: str) -> None:
    assert reason(token({}, alg=name)) == MALFORMED
    assert reason(f"{b64(compact({'alg': name}))}.{b64(b'{}')}.", EVERY_KIND) == MALFORMED


@pytest.mark.parametrize(
    "alg", [None, ["HS256"], ["none", "HS256"], {"HS256": 1}, 256, True, "RSA-OAEP", "dir", "A256KW", "ES256K", "HS1"]
)
def test_an_algorithm_that_is_no_known_name_is_refused(alg: Any) -> None:
    assert reason(token({}, alg=alg)) == MALFORMED
    assert reason(token({}, alg=alg), EVERY_KIND) == MALFORMED


@pytest.mark.parametrize(
    "secret",
    [
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        compact(rsa_jwk("a")),
        rsa_jwk("a")["n"].encode(),
        b"",
    ],
)
def test_a_public_key_is_no_hmac_secret(secret: bytes) -> None:
    forged = signed(GOOD_HEADER, {"role": "service"}, hmac_signer(secret))
    assert reason(forged, verifier(rsa_jwk("a"))) == NO_KEY_FITS
    assert reason(forged, EVERY_KIND) == WRONG_SIGNATURE


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_an_hmac_under_the_name_of_another_algorithm_is_refused(algorithm: str) -> None:
    forged = signed({"alg": algorithm}, {}, hmac_signer(SECRET.encode()))
    assert reason(forged) == NO_KEY_FITS
    assert reason(forged, EVERY_KIND) == WRONG_SIGNATURE


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "/dev/null", "' or 1=1 --", "HS256\0", "rs256", "x" * 9000, "é", "0", "@/etc/passwd"],
)
def test_a_key_id_is_a_name_and_nothing_else(kid: str) -> None:
    expected = MALFORMED if "\0" in kid else NO_KEY_FITS
    assert reason(token({}, kid=kid), EVERY_KIND) == expected
    assert reason(signed(GOOD_HEADER | {"kid": kid}, {}, hmac_signer(b"")), EVERY_KIND) == expected


@pytest.mark.parametrize("kid", [1, ["HS256"], {}, True, 0, False])
def test_a_key_id_that_is_no_string_is_refused(kid: Any) -> None:
    assert reason(token({}, kid=kid), EVERY_KIND) == MALFORMED


def test_a_key_id_chooses_no_key_of_another_type() -> None:
    assert reason(signed({"alg": "HS256", "kid": "RS256"}, {}, hmac_signer(SECRET.encode())), EVERY_KIND) == NO_KEY_FITS
    assert reason(signed({"alg": "RS256", "kid": "HS256"}, {}, rsa_signer()), EVERY_KIND) == NO_KEY_FITS


def test_a_key_in_the_header_is_not_used() -> None:
    own = {"jwk": rsa_jwk("mine"), "jku": "http://127.0.0.1/keys", "x5u": "http://127.0.0.1/", "x5c": ["AAAA"]}
    assert reason(signed({"alg": "RS256"} | own, {}, rsa_signer(name="mine")), EVERY_KIND) == WRONG_SIGNATURE


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], None, "x"])
def test_critical_extensions_are_refused(critical: Any) -> None:
    assert reason(token({}, crit=critical, b64=False)) == MALFORMED


def test_an_encrypted_token_is_refused_by_its_parts() -> None:
    header = b64(compact({"alg": "dir", "enc": "A256GCM"}))
    assert reason(f"{header}..AAAA.AAAA.AAAA") == parts(5)


@pytest.mark.parametrize(("bearer", "number"), [("a", 1), ("a.b", 2), ("a.b.c.d", 4), ("....", 5), ("." * 9000, 9001)])
def test_the_parts_are_counted(bearer: str, number: int) -> None:
    assert reason(bearer) == parts(number)


@pytest.mark.parametrize("more", [".", "..", ".e30"])
def test_nothing_may_follow_the_signature(more: str) -> None:
    assert reason(token({}) + more) == parts(3 + more.count("."))


def test_an_empty_part_is_refused() -> None:
    header, payload, signature = token({"a": 1}).split(".")
    assert reason(f"{header}.{payload}.") == WRONG_SIGNATURE
    assert reason(f".{payload}.{signature}") == MALFORMED
    assert reason(f"{header}..{signature}") == WRONG_SIGNATURE
    assert reason("..") == MALFORMED
    assert reason(signed(GOOD_HEADER, b"")) == UNREADABLE_CLAIMS


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("damage", ["=", "==", "\n", " x", "+", "/", "%3D", "é", "\0", "!"])
def test_base64_has_one_spelling(part: int, damage: str) -> None:
    pieces = token({"a": 12}).split(".")
    pieces[part] += damage
    assert reason(".".join(pieces)) == MALFORMED


def test_stray_bits_at_the_end_of_a_part_are_refused() -> None:
    header, payload, signature = token({"a": 1}).split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    assert last % 4 == 0, "32 bytes leave two bits over"
    assert reason(f"{header}.{payload}.{signature[:-1]}{alphabet[last + 1]}") == MALFORMED


@pytest.mark.parametrize("size", [20_000, 1_000_000])
def test_a_huge_token_is_refused_at_once(size: int) -> None:
    for bearer in ("." * size, "x" * size, token({"x": "y" * size}), f"{'x' * size}.e30.e30"):
        assert reason(bearer) == MALFORMED


DEEP = [opening * 1500 + closing * 1500 for opening, closing in (("[", "]"), ('{"a":', "}"))]
HOSTILE_JSON = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b"{",
    b"{'a':1}",
    b'{"a":1}}',
    b'{"a":1,}',
    b'{"a":01}',
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":1e400}',
    b'{"a":-1e400}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":"\\ud800"}',
    b'{"\\udfff":1}',
    b'{"a":"\\u0000"}',
    b'{"\\u0000":1}',
    b'{"a":[{"b":"x\\u0000"}]}',
    b'{"a":"\x00"}',
    b'{"a":"\n"}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b'\xef\xbb\xbf{"a":1}',
    '{"a":1}'.encode("utf-16"),
    '{"a":1}'.encode("utf-32"),
    *(b'{"a":' + text.encode() + b"}" for text in ("[" * 65 + "]" * 65, *DEEP)),
    b"[" * 6000,
    b'{"a":' * 1500,
]


@pytest.mark.parametrize("payload", HOSTILE_JSON, ids=lambda payload: ascii(payload[:24]))
def test_claims_that_cannot_be_read_are_refused(payload: bytes) -> None:
    assert reason(signed(GOOD_HEADER, payload)) == UNREADABLE_CLAIMS


@pytest.mark.parametrize("header", HOSTILE_JSON, ids=lambda header: ascii(header[:24]))
def test_a_header_that_cannot_be_read_is_refused(header: bytes) -> None:
    assert reason(signed(header, {})) == MALFORMED


def test_claims_that_only_look_hostile_are_accepted() -> None:
    assert claims_of(signed(GOOD_HEADER, b'{"a":"\\\\u0000","b":"\\ud83d\\ude00"}')) == {
        "a": "\\u0000",
        "b": "\N{GRINNING FACE}",
    }
    nested = b'{"a":' + b"[" * 63 + b"]" * 63 + b"}"
    assert claims_of(signed(GOOD_HEADER, nested)) == json.loads(nested)
    assert claims_of(token({"__proto__": {"role": "x"}, "": 0, "n": 2**200})) == {
        "__proto__": {"role": "x"},
        "": 0,
        "n": 2**200,
    }


def test_of_repeated_claims_the_last_counts_everywhere() -> None:
    bearer = signed(GOOD_HEADER, b'{"role":"service","exp":"x","role":"user","exp":%d}' % NOW)
    assert claims_of(bearer) == {"role": "user", "exp": NOW}
    caller = CallerResolver(verifier(), RolePath(), anon_role="anon").resolve(f"Bearer {bearer}")
    assert (caller.role, caller.claims) == ("user", f'{{"exp":{NOW},"role":"user"}}')
    expired = signed(GOOD_HEADER, b'{"exp":%d,"exp":1}' % NOW)
    assert reason(expired) == claims_refused("JWT expired")


def test_of_repeated_members_of_a_header_the_last_counts() -> None:
    assert reason(signed(b'{"alg":"HS256","alg":"none"}', {})) == UNSECURED
    assert claims_of(signed(b'{"alg":"none","alg":"HS256"}', {"a": 1})) == {"a": 1}
    assert reason(signed(b'{"alg":"none","alg":"HS256"}', {}, lambda _: b"")) == WRONG_SIGNATURE


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CLAIM_NAMES = st.sampled_from(["role", "exp", "nbf", "iat", "aud", "iss", "sub", "tenant_id"]) | st.text()
HEADERS = st.fixed_dictionaries({"alg": st.sampled_from(["HS256", "RS256", "ES256", "EdDSA", "none"]) | JSON_VALUES})
NOBODY = Caller("anon", '{"role":"anon"}', "", "", anonymous=True)
ALWAYS_CALLER = CallerResolver(EVERY_KIND, RolePath(), anon_role="anon")
PATHS = [RolePath(text) for text in ("$..*", "$..[?@ > 0 || search(@, 'a') || @ == $.role]", '.role[?(@ *== "a")]')]


def outcome(authorization: bytes | str, by: CallerResolver = ALWAYS_CALLER) -> Caller | None:
    """The caller, or None for a refusal; anything but an `AppError` with status 401 fails."""
    try:
        return by.resolve(authorization)
    except AppError as error:
        refused = error
    assert refused.status == 401
    assert refused.body()
    return None


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
@example(b"Bearer " + b"." * 100_000)
@example(b"\xff\xfe")
def test_any_bytes_are_refused_or_nobody(data: bytes) -> None:
    for authorization in (data, b"Bearer " + data, b"Bearer " + data.replace(b"\n", b".")):
        assert outcome(authorization) in (None, NOBODY)


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_refused_or_nobody(text: str) -> None:
    for authorization in (text, f"Bearer {text}"):
        assert outcome(authorization) in (None, NOBODY)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80), min_size=3, max_size=3))
def test_any_three_parts_are_refused(pieces: list[bytes]) -> None:
    assert outcome(f"Bearer {'.'.join(map(b64, pieces))}") is None


@settings(max_examples=300, deadline=None)
@given(HEADERS, st.binary(max_size=60))
def test_any_header_over_any_signature_is_refused(header: dict[str, Any], signature: bytes) -> None:
    bearer = signed(json.dumps(header).encode("utf-8", "surrogatepass"), {}, lambda _: signature)
    assert outcome(f"Bearer {bearer}") is None


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(CLAIM_NAMES, JSON_VALUES, max_size=6))
def test_any_signed_claims_make_a_caller_that_postgresql_can_read_or_are_refused(claims: dict[str, Any]) -> None:
    bearer = signed({"alg": "HS256", "kid": "HS256"}, json.dumps(claims).encode())
    for path in (RolePath(), *PATHS):
        caller = outcome(f"Bearer {bearer}", CallerResolver(EVERY_KIND, path, anon_role="anon"))
        if caller is None:
            continue
        assert json.loads(caller.claims) == claims | {"role": caller.role}
        assert "\\u0000" not in caller.claims.replace("\\\\", "")
        assert "\0" not in caller.role + caller.claims
        caller.claims.encode()
