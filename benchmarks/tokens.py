"""Tokens as a client sends them: HS256, one for each user, good for longer than any measurement."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping

#: What every benchmark's user has signed in as.
ROLE = "authenticated"
#: The year 2100.
EXPIRES = 4_102_444_800


def claims(user_id: str, tenant_id: str) -> dict[str, str | int]:
    """What the token of a user says."""
    return {"sub": user_id, "tenant_id": tenant_id, "role": ROLE, "exp": EXPIRES}


def signed(payload: Mapping[str, str | int], secret: str) -> str:
    """A token with these claims."""
    message = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(payload)}"
    signature = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return f"{message}.{_text(signature)}"


def _part(values: Mapping[str, str | int]) -> str:
    return _text(json.dumps(values, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
