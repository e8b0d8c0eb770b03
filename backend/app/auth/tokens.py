"""Tokens: from the value of an `Authorization` header to claims that were signed and are acceptable now.

Everything wrong with a token is an `AppError` in the dialect's words; a bad token never passes for none at all.
Which keys there are is told in `keys.py`, what claims must say in `claims.py`, who the caller is in `caller.py`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from app.auth.base64url import decode_base64url
from app.auth.claims import ClaimRules, Claims, first_problem, judged
from app.auth.json_values import Json, read_json
from app.auth.keys import ALGORITHMS, Key, read_keys
from app.auth.token_cache import TokenCache
from app.errors import AppError, ErrorSpec, refuse

NO_SECRET = ErrorSpec("PGRST300", 500, "Server lacks JWT secret")
#: Its message and details say which of its reasons it is; this one is of most malformed tokens.
TOKEN_REFUSED = ErrorSpec("PGRST301", 401, "JWT cryptographic operation failed")
#: Likewise.
CLAIMS_REFUSED = ErrorSpec("PGRST303", 401, "Parsing claims failed")

_NO_KEY = "No suitable key or wrong key type"
#: What HTTP lets stand around a value.
_BLANKS = b" \t"


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """How tokens are verified."""

    secret: str | None = field(default=None, repr=False)
    secret_is_base64: bool = False
    #: Further keys: those that our own tokens are signed with.
    own_keys: tuple[Key, ...] = field(default=(), repr=False)
    rules: ClaimRules = field(default_factory=ClaimRules)
    cache_entries: int = 1000
    cache_bytes: int = 4 * 1024 * 1024
    max_token_bytes: int = 16 * 1024


class TokenVerifier:
    """Verifies tokens and remembers those whose signature was right; their times are looked at every time."""

    def __init__(self, options: TokenOptions, now: Callable[[], float] = time.time) -> None:
        secret = options.secret
        found = () if secret is None else read_keys(secret, is_base64=options.secret_is_base64)
        self._own = options.own_keys
        # Our own come first: a secret that is given twice is ours.
        self._keys = (*self._own, *found) or None
        self._rules = options.rules
        self._max_token_bytes = options.max_token_bytes
        self._cache = TokenCache(options.cache_entries, options.cache_bytes)
        self._now = now

    def claims(self, authorization: bytes | str | None, *, stale: bool = False) -> Claims | None:
        """The claims of a header's token; None without header or with another scheme than `Bearer`.

        While a token is remembered, the answer is the same object. With `stale` its times are not looked at.
        """
        token = bearer_token(authorization)
        if token is None:
            return None
        claims = self._cache.get(token)
        if claims is None:
            claims = self._verified(token)
        now = self._now()
        if not stale and not claims.starts <= now < claims.ends:
            raise _claims_refused(first_problem(claims.values, self._rules, now) or CLAIMS_REFUSED.message)
        return claims

    def _verified(self, token: bytes) -> Claims:
        if not token:
            raise _token_refused("Empty JWT is sent in Authorization header")
        if self._keys is None:
            raise refuse(NO_SECRET)
        if len(token) > self._max_token_bytes:
            raise _token_refused(TOKEN_REFUSED.message)
        payload, key = _signed_payload(token, self._keys)
        try:
            values = read_json(payload)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise _claims_refused(CLAIMS_REFUSED.message)
        claims = judged(MappingProxyType(values), self._rules, ours=any(key is own for own in self._own))
        self._cache.put(token, claims)
        return claims


def bearer_token(authorization: bytes | str | None) -> bytes | None:
    """The token of a header's value, perhaps empty; None if there is none."""
    if authorization is None:
        return None
    if isinstance(authorization, str):
        authorization = authorization.encode("utf-8", "surrogatepass")
    if authorization[:7] == b"Bearer ":
        return authorization[7:].strip(_BLANKS)
    scheme, *rest = authorization.split(None, 1) or (b"",)
    if scheme.lower() != b"bearer":
        return None
    return rest[0].strip(_BLANKS) if rest else b""


def _signed_payload(token: bytes, keys: tuple[Key, ...]) -> tuple[bytes, Key]:
    """The middle part of a token, and the key that has said that the signature is its own."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise _token_refused(f"Expected 3 parts in JWT; got {len(parts)}")
    try:
        header, payload, signature = map(decode_base64url, parts)
        algorithm, kid = _read_header(header)
    except ValueError:
        raise _token_refused(TOKEN_REFUSED.message) from None
    if algorithm == "none":
        details = "JWT is unsecured but expected 'alg' was not 'none'"
        raise _token_refused("Wrong or unsupported encoding algorithm", details)
    fitting = [key for key in keys if key.fits(algorithm, kid)]
    if not fitting:
        raise _token_refused(_NO_KEY, "No suitable key was found to decode the JWT")
    message = token[: token.rindex(b".")]
    for key in fitting:
        if key.verifiers[algorithm](message, signature):
            return payload, key
    raise _token_refused(_NO_KEY, "None of the keys was able to decode the JWT")


def _read_header(data: bytes) -> tuple[str, str | None]:
    """Algorithm and key id, or `ValueError`."""
    header: Json = read_json(data)
    if not isinstance(header, dict):
        raise ValueError("the header is not an object")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not (algorithm in ALGORITHMS or algorithm == "none"):
        raise ValueError("no known algorithm")
    if not isinstance(kid, str | None):
        raise ValueError("the key id is not a string")
    if "crit" in header:
        # Extensions that the reader must understand (RFC 7515, 4.1.11); we know none.
        raise ValueError("an unknown extension is critical")
    return algorithm, kid


def _token_refused(message: str, details: str | None = None) -> AppError:
    return AppError(TOKEN_REFUSED.code, TOKEN_REFUSED.status, message, details, None, _challenge(message))


def _claims_refused(message: str) -> AppError:
    return AppError(CLAIMS_REFUSED.code, CLAIMS_REFUSED.status, message, None, None, _challenge(message))


def _challenge(message: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{message}"'}
