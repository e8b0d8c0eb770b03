"""Which secrets can be used, and which of their keys a token is verified with."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from app.auth.keys import UnusableSecret, read_keys
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.auth.signing import (
    HASHES,
    NO_KEY_FITS,
    SECRET,
    WRONG_SIGNATURE,
    b64,
    claims_of,
    compact,
    ec_key,
    ed_key,
    hmac_signer,
    jwk,
    reason,
    rsa_jwk,
    rsa_key,
    rsa_signer,
    signed,
    signer,
    token,
    verifier,
)

ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")
PUBLIC_PEM = rsa_key("a").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_verifies_with_its_key_and_only_that(algorithm: str) -> None:
    by = verifier(jwk(algorithm))
    good = signed({"alg": algorithm}, {"sub": "x"}, signer(algorithm))
    assert claims_of(good, by) == {"sub": "x"}
    header, _, signature = good.split(".")
    assert reason(f"{header}.{b64(compact({'sub': 'y'}))}.{signature}", by) == WRONG_SIGNATURE


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("other", ALGORITHMS)
def test_a_key_that_names_its_algorithm_is_for_that_one(algorithm: str, other: str) -> None:
    by = verifier(jwk(algorithm, alg=algorithm))
    bearer = signed({"alg": other}, {"sub": "x"}, signer(other))
    if algorithm == other:
        assert claims_of(bearer, by) == {"sub": "x"}
    else:
        assert reason(bearer, by) == NO_KEY_FITS


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_curve_is_for_the_algorithm_of_its_size(algorithm: str) -> None:
    by = verifier(jwk(algorithm))
    for other in {"ES256", "ES384", "ES512"} - {algorithm}:
        assert reason(signed({"alg": other}, {}, signer(other)), by) == NO_KEY_FITS


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_plain_text_is_for_hs256_only(algorithm: str) -> None:
    assert reason(signed({"alg": algorithm}, {}, signer(algorithm))) == NO_KEY_FITS


def test_plain_text_rejects_every_token_with_a_key_id() -> None:
    assert reason(token({}, kid="a")) == NO_KEY_FITS
    assert reason(token({}, kid="")) == NO_KEY_FITS
    assert claims_of(token({"a": 1}, kid=None)) == {"a": 1}


def test_a_token_with_a_key_id_gets_that_key_and_one_without_gets_any() -> None:
    by = verifier({"keys": [rsa_jwk("a", kid="a"), rsa_jwk("b", kid="b"), rsa_jwk("c")]})
    for name in "abc":
        assert claims_of(signed({"alg": "RS256"}, {"n": name}, rsa_signer(name=name)), by) == {"n": name}
    assert claims_of(signed({"alg": "RS256", "kid": "b"}, {"n": 1}, rsa_signer(name="b")), by) == {"n": 1}
    assert reason(signed({"alg": "RS256", "kid": "a"}, {}, rsa_signer(name="b")), by) == WRONG_SIGNATURE
    assert reason(signed({"alg": "RS256", "kid": "c"}, {}, rsa_signer(name="c")), by) == NO_KEY_FITS
    assert reason(signed({"alg": "RS256"}, {}, rsa_signer(name="d")), by) == WRONG_SIGNATURE


def test_several_keys_may_share_an_id() -> None:
    by = verifier({"keys": [rsa_jwk("a", kid="k"), rsa_jwk("b", kid="k")]})
    assert claims_of(signed({"alg": "RS256", "kid": "k"}, {"a": 1}, rsa_signer(name="b")), by) == {"a": 1}


def test_keys_for_something_else_in_a_set_are_passed_over() -> None:
    others: list[dict[str, Any]] = [
        rsa_jwk("a", use="enc"),
        rsa_jwk("a", alg="RSA-OAEP"),
        rsa_jwk("a", alg="PS256"),
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {"kty": "EC", "crv": "secp256k1"},
        {"kty": "new"},
        {},
    ]
    by = verifier({"keys": [*others, jwk("EdDSA", use="sig")]})
    assert claims_of(signed({"alg": "EdDSA"}, {"a": 1}, signer("EdDSA")), by) == {"a": 1}
    assert reason(signed({"alg": "RS256"}, {}, signer("RS256")), by) == NO_KEY_FITS


def test_a_set_with_only_such_keys_stops_the_start() -> None:
    refused_start({"keys": [rsa_jwk("a", use="enc")]}, "no key that verifies signatures")
    refused_start({"keys": []}, "no key that verifies signatures")
    refused_start({"kty": "new"}, "no key that verifies signatures")


def test_of_a_private_key_the_public_part_is_used() -> None:
    numbers = ec_key("ES256").private_numbers()
    private_ec = jwk("ES256", d=b64(numbers.private_value.to_bytes(32, "big")))
    assert claims_of(signed({"alg": "ES256"}, {"a": 1}, signer("ES256")), verifier(private_ec)) == {"a": 1}
    seed = ed_key().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    private_ed = jwk("EdDSA", d=b64(seed))
    assert claims_of(signed({"alg": "EdDSA"}, {"a": 1}, signer("EdDSA")), verifier(private_ed)) == {"a": 1}
    private_rsa = rsa_jwk("a", d=b64(rsa_key("a").private_numbers().d.to_bytes(256, "big")))
    assert claims_of(signed({"alg": "RS512"}, {"a": 1}, signer("RS512")), verifier(private_rsa)) == {"a": 1}


def test_a_secret_may_be_in_a_file_with_a_newline_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(f"{SECRET}\n")
    assert claims_of(token({"a": 1}), verifier(f"@{tmp_path / 'text'}")) == {"a": 1}
    (tmp_path / "two").write_text(f"{SECRET}\n\n")
    by = verifier(f"@{tmp_path / 'two'}")
    assert reason(token({}), by) == WRONG_SIGNATURE
    assert claims_of(signed({"alg": "HS256"}, {"a": 1}, hmac_signer(f"{SECRET}\n".encode())), by) == {"a": 1}
    (tmp_path / "set").write_text(json.dumps({"keys": [jwk("ES384")]}, indent=2) + "\n")
    assert claims_of(signed({"alg": "ES384"}, {"a": 1}, signer("ES384")), verifier(f"@{tmp_path / 'set'}"))


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    refused_start(f"@{tmp_path / 'gone'}", "cannot be read: No such file or directory")
    refused_start(f"@{tmp_path}", "cannot be read: Is a directory")
    refused_start("@a\0b", "cannot be read")


@pytest.mark.parametrize("spelling", ["standard", "url", "dots", "unpadded", "spaced"])
def test_a_secret_may_be_base64_of_any_bytes(spelling: str) -> None:
    secret = bytes(range(220, 256)) + b"\xff"
    standard = base64.b64encode(secret).decode()
    text = {
        "standard": standard,
        "url": standard.translate(str.maketrans("+/", "-_")),
        "dots": standard.translate(str.maketrans("+/=", "-_.")),
        "unpadded": standard.rstrip("="),
        "spaced": f" {standard}\n",
    }[spelling]
    (key,) = read_keys(text, is_base64=True)
    assert key.verifiers["HS256"](b"message", hmac_signer(secret)(b"message"))


def test_base64_may_hold_a_jwk_and_must_be_base64() -> None:
    (key,) = read_keys(base64.b64encode(compact(jwk("ES256", kid="a"))).decode(), is_base64=True)
    assert (tuple(key.verifiers), key.kid) == (("ES256",), "a")
    with pytest.raises(UnusableSecret, match="not valid base64"):
        read_keys("é" * 40, is_base64=True)
    with pytest.raises(UnusableSecret, match="at least 32 characters"):
        read_keys(base64.b64encode(b"x" * 31).decode(), is_base64=True)


@pytest.mark.parametrize("secret", ["", "x" * 31, "{}", "[]"])
def test_a_short_secret_stops_the_start(secret: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_keys(secret)
    assert str(raised.value) == "The JWT secret must be at least 32 characters long."


def test_bytes_are_counted_and_other_json_is_plain_text() -> None:
    assert read_keys("é" * 16)
    text = '{"a secret": "that happens to be JSON"}'
    assert claims_of(signed({"alg": "HS256"}, {"a": 1}, hmac_signer(text.encode())), verifier(text)) == {"a": 1}


@pytest.mark.parametrize("pem", [PUBLIC_PEM, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@example.org"])
def test_a_public_key_is_not_taken_for_a_secret(pem: str) -> None:
    refused_start(pem, "write a public key as a JWK instead")


def test_a_jwk_with_a_typing_error_is_not_taken_for_a_secret() -> None:
    refused_start(compact(jwk("RS256")).decode()[:-1], "not valid JSON")
    refused_start({"keys": {}}, "`keys` is not an array")
    refused_start({"keys": ["x"]}, "Key 1 of the JWT secret is not a JSON object")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (jwk("HS256", k=b64(b"x" * 31)), "`k` must be at least 32 bytes"),
        (jwk("HS256", k=""), "`k` is missing or not base64url"),
        ({"kty": "oct"}, "`k` is missing or not base64url"),
        (jwk("HS256", k="+" * 44), "`k` is missing or not base64url"),
        (jwk("HS256", k=5), "`k` is missing or not base64url"),
        (jwk("RS256", n="é"), "`n` is missing or not base64url"),
        (
            jwk(
                "RS256",
                n=b64(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")),
            ),
            "bits",
        ),
        (jwk("RS256", e=""), "`e` is missing"),
        (jwk("RS256", e=b64(b"\x01")), "not usable"),
        (jwk("ES256", y=b64(b"\x01" * 32)), "not usable"),
        (jwk("ES256", x=None), "`x` is missing"),
        (jwk("ES256", crv="P-384"), "not usable"),
        (jwk("EdDSA", x=b64(b"\x01" * 31)), "not usable"),
        (jwk("EdDSA", kid=1), "`kid` or an `alg` that is not a string"),
        (jwk("EdDSA", alg=["EdDSA"]), "`kid` or an `alg` that is not a string"),
    ],
)
def test_a_key_that_cannot_be_used_stops_the_start(member: dict[str, Any], words: str) -> None:
    refused_start({"keys": [jwk("HS256"), member]}, words, "Key 2 ")


def test_a_key_shows_nothing_secret() -> None:
    assert SECRET not in repr(read_keys(SECRET)) + repr(read_keys(compact(jwk("HS256")).decode()))


def test_a_signature_of_zeros_is_not_one() -> None:
    for algorithm in ("ES256", "ES384", "ES512", "EdDSA", "RS256"):
        for size in (0, 1, 64, 96, 132, 256):
            bearer = signed({"alg": algorithm}, {}, lambda _, size=size: bytes(size))
            assert reason(bearer, verifier(jwk(algorithm))) == WRONG_SIGNATURE


def test_a_signature_in_der_is_not_one() -> None:
    by = verifier(jwk("ES256"))
    bearer = signed({"alg": "ES256"}, {}, lambda message: ec_key("ES256").sign(message, ec.ECDSA(HASHES["256"])))
    assert reason(bearer, by) == WRONG_SIGNATURE


def refused_start(secret: str | dict[str, Any], *words: str) -> None:
    text = secret if isinstance(secret, str) else compact(secret).decode()
    with pytest.raises(UnusableSecret) as raised:
        read_keys(text)
    message = str(raised.value)
    assert not [word for word in words if word not in message], message
    assert message.endswith(".")
    assert not message.endswith("..")
