"""Tokens as anybody could make them: signed with the standard library and `cryptography`, not with what reads them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from app.auth.claims import ClaimRules
from app.auth.tokens import TokenOptions, TokenVerifier
from app.errors import AppError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SECRET = "a-secret-of-tests-that-is-long-enough"
NOW = 1_800_000_000
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CURVE_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
Sign = Callable[[bytes], bytes]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def hmac_signer(secret: bytes, algorithm: str = "HS256") -> Sign:
    return lambda message: hmac.new(secret, message, getattr(hashlib, f"sha{algorithm[2:]}")).digest()


def rsa_signer(algorithm: str = "RS256", name: str = "a") -> Sign:
    return lambda message: rsa_key(name).sign(message, padding.PKCS1v15(), HASHES[algorithm[2:]])


def ec_signer(algorithm: str = "ES256") -> Sign:
    def sign(message: bytes) -> bytes:
        key = ec_key(algorithm)
        size = (key.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(HASHES[algorithm[2:]])))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def ed_signer() -> Sign:
    return ed_key().sign


def signer(algorithm: str) -> Sign:
    """What signs with the key of `jwk(algorithm)`."""
    match algorithm[:2]:
        case "HS":
            return hmac_signer(SECRET.encode(), algorithm)
        case "RS":
            return rsa_signer(algorithm)
        case "ES":
            return ec_signer(algorithm)
        case _:
            return ed_signer()


def jwk(algorithm: str, **more: Any) -> dict[str, Any]:
    """The public key (or the secret one) that goes with `signer(algorithm)`."""
    match algorithm[:2]:
        case "HS":
            return {"kty": "oct", "k": b64(SECRET.encode())} | more
        case "RS":
            return rsa_jwk() | more
        case "ES":
            numbers = ec_key(algorithm).public_key().public_numbers()
            size = (ec_key(algorithm).key_size + 7) // 8
            x, y = (b64(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
            return {"kty": "EC", "crv": CURVE_NAMES[algorithm], "x": x, "y": y} | more
        case _:
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(ed_key().public_key().public_bytes_raw())} | more


def rsa_jwk(name: str = "a", **more: Any) -> dict[str, Any]:
    numbers = rsa_key(name).public_key().public_numbers()
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big"))} | more


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(algorithm: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVES[algorithm])


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def signed(header: bytes | Mapping[str, Any], payload: bytes | Any, sign: Sign | None = None) -> str:
    """A token; bytes go in as they are."""
    parts = [b64(part if isinstance(part, bytes) else compact(part)) for part in (header, payload)]
    message = ".".join(parts)
    return f"{message}.{b64((sign or hmac_signer(SECRET.encode()))(message.encode()))}"


def token(payload: bytes | Any, **header: Any) -> str:
    """A token under the plain secret of these tests."""
    return signed({"alg": "HS256", "typ": "JWT"} | header, payload)


class Clock:
    """A clock that tests turn."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def verifier(secret: str | dict[str, Any] | None = SECRET, clock: Clock | None = None, **rules: Any) -> TokenVerifier:
    """A verifier of this secret or JWK, with these rules."""
    text = compact(secret).decode() if isinstance(secret, dict) else secret
    return TokenVerifier(TokenOptions(text, rules=ClaimRules(**rules)), clock or Clock())


def claims_of(bearer: str, by: TokenVerifier | None = None) -> dict[str, Any]:
    """The claims of an accepted token."""
    claims = (by or verifier()).claims(f"Bearer {bearer}".encode())
    assert claims is not None
    return dict(claims.values)


def refusal(bearer: str | bytes, by: TokenVerifier | None = None) -> AppError:
    """How a token is refused."""
    authorization = b"Bearer " + (bearer if isinstance(bearer, bytes) else bearer.encode("utf-8", "surrogatepass"))
    try:
        claims = (by or verifier()).claims(authorization)
    except AppError as error:
        return error
    raise AssertionError(f"accepted: {claims}")


def reason(bearer: str | bytes, by: TokenVerifier | None = None) -> tuple[str, int, str, object]:
    """The same, without the parts that follow from these."""
    error = refusal(bearer, by)
    assert error.hint is None
    expected = f'Bearer error="invalid_token", error_description="{error.message}"'
    assert error.headers == ({} if error.status == 500 else {"WWW-Authenticate": expected})
    return error.code, error.status, error.message, error.details


MALFORMED = ("PGRST301", 401, "JWT cryptographic operation failed", None)
NO_KEY_FITS = ("PGRST301", 401, "No suitable key or wrong key type", "No suitable key was found to decode the JWT")
WRONG_SIGNATURE = ("PGRST301", 401, "No suitable key or wrong key type", "None of the keys was able to decode the JWT")
UNSECURED = (
    "PGRST301",
    401,
    "Wrong or unsupported encoding algorithm",
    "JWT is unsecured but expected 'alg' was not 'none'",
)
UNREADABLE_CLAIMS = ("PGRST303", 401, "Parsing claims failed", None)


def parts(number: int) -> tuple[str, int, str, object]:
    return "PGRST301", 401, f"Expected 3 parts in JWT; got {number}", None


def claims_refused(message: str) -> tuple[str, int, str, object]:
    return "PGRST303", 401, message, None
