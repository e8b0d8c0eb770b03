"""The keys that tokens are verified with, made once from the secret of the settings.

The only file that calls python-jose. A key fixes the algorithms that it may be used with; a token merely picks one of
them, so a public key never serves as an HMAC secret. What a token says about its key is read in `tokens.py`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jose import jwk
from jose.exceptions import JOSEError

from app.auth.base64url import decode_base64url
from app.auth.json_values import Json, read_json

#: Whether a signature (the second) is that of a message (the first).
Verifier = Callable[[bytes, bytes], bool]

MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2048
_HMAC = ("HS256", "HS384", "HS512")
_RSA = ("RS256", "RS384", "RS512")
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_EDDSA = "EdDSA"
ALGORITHMS = frozenset((*_HMAC, *_RSA, *_CURVES.values(), _EDDSA))


class UnusableSecret(ValueError):
    """The secret cannot be used; the message is for the person who set it and does not repeat it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, with a way to verify for each algorithm that it may be used with."""

    verifiers: Mapping[str, Verifier] = field(repr=False)
    kid: str | None = None

    def fits(self, algorithm: str, kid: str | None) -> bool:
        """Whether a token with this header may be verified with this key."""
        return algorithm in self.verifiers and (kid is None or kid == self.kid)


def read_keys(secret: str, *, is_base64: bool = False) -> tuple[Key, ...]:
    """The keys of a secret: a JWK set, a JWK, or any other text, which is one key for HS256; `@path` names a file."""
    data = secret_bytes(secret)
    if is_base64:
        data = _of_base64(data)
    if is_jwk(data):
        return _of_jwks(data)
    return (shared_key(data),)


def shared_key(secret: bytes, kid: str | None = None) -> Key:
    """The key for HS256 that a secret is."""
    if len(secret) < MIN_SECRET_BYTES:
        raise UnusableSecret("The JWT secret must be at least 32 characters long.")
    try:
        return Key({"HS256": _jose_verifier(secret, "HS256")}, kid)
    except JOSEError:
        raise UnusableSecret(
            "The JWT secret is a key or certificate in PEM or SSH form; write a public key as a JWK instead."
        ) from None


def secret_bytes(secret: str) -> bytes:
    """What a secret is now: a file that it names may be written anew."""
    return _of_file(secret[1:]) if secret.startswith("@") else secret.encode()


def _of_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes().removesuffix(b"\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableSecret(f"The file of the JWT secret, {path}, cannot be read: {reason}.") from None


def _of_base64(data: bytes) -> bytes:
    standard = data.strip().translate(bytes.maketrans(b"-_.", b"+/=")).rstrip(b"=")
    try:
        return base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        raise UnusableSecret("The JWT secret is not valid base64, as the settings say it is.") from None


def is_jwk(data: bytes) -> bool:
    """Whether a JWK is meant, even a broken one: a public key must not become an HMAC secret through a typing error."""
    return data.lstrip().startswith(b"{") and (b'"kty"' in data or b'"keys"' in data)


def _of_jwks(data: bytes) -> tuple[Key, ...]:
    try:
        document = read_json(data)
    except ValueError:
        raise UnusableSecret("The JWT secret looks like a JWK but is not valid JSON.") from None
    members = document["keys"] if isinstance(document, dict) and "keys" in document else [document]
    if not isinstance(members, list):
        raise UnusableSecret("The JWT secret is a JWK set whose `keys` is not an array.")
    keys = [_of_jwk(member, number) for number, member in enumerate(members, 1)]
    usable = tuple(key for key in keys if key is not None)
    if not usable:
        raise UnusableSecret(
            "The JWT secret has no key that verifies signatures: `kty` must be oct, RSA, EC (P-256, P-384, P-521) or"
            " OKP (Ed25519), `use` not enc, and `alg`, if any, must fit."
        )
    return usable


def _of_jwk(member: Json, number: int) -> Key | None:
    """A key, or None if it is for something else: sets hold keys for encryption and kinds that we do not know."""
    if not isinstance(member, dict):
        raise UnusableSecret(f"Key {number} of the JWT secret is not a JSON object.")
    kid, alg = member.get("kid"), member.get("alg")
    if not isinstance(kid, str | None) or not isinstance(alg, str | None):
        raise UnusableSecret(f"Key {number} of the JWT secret has a `kid` or an `alg` that is not a string.")
    algorithms = tuple(name for name in _algorithms(member) if alg in (None, name))
    if not algorithms or member.get("use") == "enc":
        return None
    try:
        return Key({name: _verifier(member, name) for name in algorithms}, kid)
    except (JOSEError, ValueError) as error:
        raise UnusableSecret(f"Key {number} of the JWT secret is not usable: {str(error).rstrip('.')}.") from None


def _algorithms(member: Mapping[str, Json]) -> tuple[str, ...]:
    match member.get("kty"), member.get("crv"):
        case "oct", _:
            return _HMAC
        case "RSA", _:
            return _RSA
        case "EC", str(curve) if curve in _CURVES:
            return (_CURVES[curve],)
        case "OKP", "Ed25519":
            return (_EDDSA,)
        case _:
            return ()


def _verifier(member: Mapping[str, Json], algorithm: str) -> Verifier:
    """What verifies with one algorithm. Of a private key only the public part is used."""
    if algorithm in _HMAC:
        secret = _bytes_of(member, "k")
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"`k` must be at least {MIN_SECRET_BYTES} bytes")
        return _jose_verifier(secret, algorithm)
    if algorithm in _RSA:
        _bytes_of(member, "e")
        if int.from_bytes(_bytes_of(member, "n"), "big").bit_length() < MIN_RSA_BITS:
            raise ValueError(f"`n` must be at least {MIN_RSA_BITS} bits")
        return _jose_verifier({name: member[name] for name in ("kty", "n", "e")}, algorithm)
    if algorithm == _EDDSA:
        return _ed25519_verifier(_bytes_of(member, "x"))
    for coordinate in ("x", "y"):
        _bytes_of(member, coordinate)
    return _jose_verifier({name: member[name] for name in ("kty", "crv", "x", "y")}, algorithm)


def _bytes_of(member: Mapping[str, Json], name: str) -> bytes:
    value = member.get(name)
    data = b""
    if isinstance(value, str):
        try:
            data = decode_base64url(value.encode())
        except ValueError:
            data = b""
    if not data:
        raise ValueError(f"`{name}` is missing or not base64url")
    return data


def _jose_verifier(key: bytes | dict[str, Json], algorithm: str) -> Verifier:
    # python-jose has no stubs; what it makes for a key has this method.
    made = jwk.construct(key, algorithm)
    return cast(Verifier, made.verify)


def _ed25519_verifier(public: bytes) -> Verifier:
    """EdDSA, which python-jose has not."""
    key = Ed25519PublicKey.from_public_bytes(public)

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify
