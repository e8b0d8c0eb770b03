"""The keys that our own tokens are signed with, and what is derived from the secret besides.

The first key signs. All of them verify, so that tokens of yesterday's key live as long as they were meant to. Keys of
pairs are published (`/.well-known/jwks.json`); secrets never are.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jose import jws
from jose.exceptions import JOSEError

from app.auth.base64url import decode_base64url
from app.auth.json_values import Json, json_text, read_json
from app.auth.keys import Key, UnusableSecret, is_jwk, read_keys, secret_bytes, shared_key
from app.settings import AuthSettings

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "k", "oth")
_SIGNING = {"RSA": "RS256", "EC": "ES256"}
_KID_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs."""

    algorithm: str
    kid: str
    material: bytes | dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of an installation, made once from its settings."""

    signing: SigningKey
    verifying: tuple[Key, ...]
    #: As JWKs.
    public: tuple[dict[str, Json], ...]
    #: Roots that other keys are derived from, that of now first.
    roots: tuple[bytes, ...] = field(repr=False)
    #: Roots of what is kept for years: the encryption key, if there is one, outlives secrets.
    keeping: tuple[bytes, ...] = field(repr=False)
    _sealing: MultiFernet = field(repr=False)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token."""
        key = self.signing
        return jws.sign(json_text(dict(claims)).encode(), key.material, {"kid": key.kid}, key.algorithm)

    def code_of(self, purpose: str, message: bytes, *, kept: bool = False) -> bytes:
        """A code that only this installation can have made; `kept`: one that is to be known for years."""
        return hmac.digest(_derived((self.keeping if kept else self.roots)[0], purpose), message, "sha256")

    def made(self, purpose: str, message: bytes, code: bytes, *, kept: bool = False) -> bool:
        """Whether a code is one that this installation made, with the key of now or an earlier one."""
        size, roots = len(code), self.keeping if kept else self.roots
        codes = (hmac.digest(_derived(root, purpose), message, "sha256")[:size] for root in roots)
        return any([hmac.compare_digest(own, code) for own in codes])

    def seal(self, value: bytes) -> bytes:
        """Encrypt what is kept for later."""
        return self._sealing.encrypt(value)

    def unseal(self, value: bytes) -> bytes:
        """What was sealed, or `ValueError`."""
        try:
            return self._sealing.decrypt(value)
        except InvalidToken:
            raise ValueError("sealed with another key") from None


def keyring(settings: AuthSettings) -> Keyring:
    """The keys of the settings, or `UnusableSecret`."""
    assert settings.secret is not None, "resolve the secret first"
    secrets = [settings.secret.get_secret_value(), *settings.earlier_secrets()]
    roots = tuple(map(_root, secrets))
    sealing = [secret_bytes(settings.encryption_key.get_secret_value())] if settings.encryption_key else []
    shared = [shared_key(root, _kid_of(root)) for root in roots]
    pairs = _pairs(settings.signing_keys.get_secret_value()) if settings.signing_keys else ()
    signing = _signer(pairs[0]) if pairs else SigningKey("HS256", _kid_of(roots[0]), roots[0])
    made = Keyring(
        signing=signing,
        verifying=(*_verifiers(pairs), *shared),
        public=tuple(_public(pair) for pair in pairs),
        roots=roots,
        keeping=(*sealing, *roots),
        _sealing=MultiFernet([_fernet(root) for root in (*sealing, *roots)]),
    )
    _must_fit(made)
    return made


def _root(secret: str) -> bytes:
    data = secret_bytes(secret)
    if is_jwk(data):
        # What others may see must not sign; a JWK of our own goes into the other setting.
        raise UnusableSecret("RELAIS_AUTH_SECRET is a JWK; RELAIS_AUTH_SIGNING_KEYS takes those.")
    return data


def api_key(settings: AuthSettings, audience: str, *, service: bool, days: int) -> str:
    """A token of no user, for clients that send one with every request: of everybody, or of one's own servers."""
    now = int(time.time())
    claims = {"role": "service" if service else "anon", "iat": now, "exp": now + days * 86400}
    return keyring(settings).sign({**claims, "aud": audience} if audience else claims)


def _derived(root: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"relais {purpose}".encode()).derive(root)


def _fernet(root: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(root, "sealing")))


def _kid_of(root: bytes) -> str:
    return hashlib.sha256(_derived(root, "kid")).hexdigest()[:_KID_CHARACTERS]


def _pairs(text: str) -> Sequence[dict[str, Json]]:
    data = secret_bytes(text)
    try:
        document = read_json(data)
    except ValueError:
        raise UnusableSecret("RELAIS_AUTH_SIGNING_KEYS is no JSON: a JWK or a JWK set with private keys.") from None
    found = document.get("keys", [document]) if isinstance(document, dict) else document
    if not isinstance(found, list) or not found:
        raise UnusableSecret("RELAIS_AUTH_SIGNING_KEYS holds no key.")
    pairs: list[dict[str, Json]] = []
    for number, item in enumerate(found, 1):
        if not isinstance(item, dict) or not _can_sign(item):
            raise UnusableSecret(f"Key {number} of RELAIS_AUTH_SIGNING_KEYS is no private RSA or EC (P-256) key.")
        pairs.append({**item, "kid": item.get("kid") or _thumbprint(item)})
    return pairs


def _verifiers(pairs: Sequence[dict[str, Json]]) -> tuple[Key, ...]:
    try:
        return read_keys(json.dumps({"keys": [_public(pair) for pair in pairs]})) if pairs else ()
    except UnusableSecret as error:
        raise UnusableSecret(f"RELAIS_AUTH_SIGNING_KEYS: {error}") from None


def _must_fit(made: Keyring) -> None:
    """Better no start than nobody who can sign in: what is signed must be what is verified."""
    key = made.signing
    try:
        message, _, signature = made.sign({}).encode().rpartition(b".")
    except JOSEError as error:
        raise UnusableSecret(f"The first key of RELAIS_AUTH_SIGNING_KEYS cannot sign: {error}.") from None
    fitting = [other for other in made.verifying if other.kid == key.kid and key.algorithm in other.verifiers]
    if not any(other.verifiers[key.algorithm](message, decode_base64url(signature)) for other in fitting):
        raise UnusableSecret("The private part of the first key of RELAIS_AUTH_SIGNING_KEYS is not that of its public.")


def _can_sign(item: dict[str, Json]) -> bool:
    is_known = item.get("kty") == "RSA" or (item.get("kty") == "EC" and item.get("crv") == "P-256")
    return is_known and isinstance(item.get("d"), str)


def _thumbprint(pair: dict[str, Json]) -> str:
    names = ("e", "kty", "n") if pair["kty"] == "RSA" else ("crv", "kty", "x", "y")
    text = json_text({name: pair.get(name) for name in names})
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _public(pair: dict[str, Json]) -> dict[str, Json]:
    shown = {name: value for name, value in pair.items() if name not in _PRIVATE}
    return {**shown, "use": "sig", "alg": _SIGNING[str(pair["kty"])], "key_ops": ["verify"]}


def _signer(pair: dict[str, Json]) -> SigningKey:
    return SigningKey(_SIGNING[str(pair["kty"])], str(pair["kid"]), dict(pair))
