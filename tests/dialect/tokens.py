"""Bearer tokens: good ones of every role, and bad ones of every kind. The secret guards nothing."""

import base64
import hashlib
import hmac
import json
from random import Random

SECRET = "a-secret-that-only-these-tests-have"
LONG_AGO = 1_000_000_000
FAR_AHEAD = 4_000_000_000


def token(claims: object, *, secret: str = SECRET, header: object = None) -> str:
    """A token in compact form, signed with HS256 whatever its header says."""
    head = header if header is not None else {"alg": "HS256", "typ": "JWT"}
    signed = f"{_part(head)}.{_part(claims)}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(signature)}"


def good_authorization(rng: Random) -> str:
    """A header that is accepted."""
    role = rng.choice(["dialect_author", "dialect_author", "dialect_admin", "dialect_anon", None])
    claims: dict[str, object] = {"sub": rng.choice(["ann", "bo"]), "exp": FAR_AHEAD}
    if role is not None:
        claims["role"] = role
    if rng.random() < 0.3:
        claims |= {"nested": {"ünï": [1, None, "x"]}, "iat": LONG_AGO}
    return f"{rng.choice(['Bearer', 'bearer', 'BEARER'])} {token(claims)}"


def bad_authorization(rng: Random) -> str:
    """A header that is not, or that counts as none."""
    fine = token({"role": "dialect_author"})
    return rng.choice(
        [
            "Bearer",
            "Basic YTpi",
            "Bearer nonsense",
            "Bearer a.b.c",
            "Bearer a.b",
            f"Bearer {fine}x",
            f"Bearer {fine[:-4]}AAAA",
            f"Bearer {fine}.more",
            f"Bearer {token({'role': 'dialect_author', 'exp': LONG_AGO})}",
            f"Bearer {token({'role': 'dialect_author', 'nbf': FAR_AHEAD})}",
            f"Bearer {token({'role': 'dialect_author', 'iat': FAR_AHEAD})}",
            f"Bearer {token({'role': 'dialect_author', 'exp': 'soon'})}",
            f"Bearer {token({'role': 'dialect_author', 'aud': 7})}",
            f"Bearer {token({'role': 'dialect_author', 'aud': 'anyone'})}",
            f"Bearer {token({'role': 'dialect_author', 'aud': ['a', 'b']})}",
            f"Bearer {token({'role': 'dialect_author', 'aud': []})}",
            f"Bearer {token({'role': 'dialect_nobody'})}",
            f"Bearer {token({'role': 'postgres'})}",
            f"Bearer {token({'role': ''})}",
            f"Bearer {token({'role': 5})}",
            f"Bearer {token({'role': None})}",
            f"Bearer {token([1, 2])}",
            f"Bearer {token('text')}",
            f"Bearer {token({'role': 'dialect_author'}, secret='another-secret-of-the-same-length!!')}",
            f"Bearer {token({'role': 'dialect_author'}, header={'alg': 'none'})}",
            f"Bearer {token({'role': 'dialect_author'}, header={'alg': 'HS512'})}",
            f"Bearer {token({'role': 'dialect_author'}, header={'alg': 'HS256', 'kid': 'k'})}",
            f"Bearer {token({'role': 'dialect_author'}, header={'alg': 'XX'})}",
        ]
    )


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
