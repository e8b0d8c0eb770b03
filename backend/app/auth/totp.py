"""One-time codes by the clock (RFC 6238): SHA-1, six digits, steps of thirty seconds, as all authenticators make them.

Only the arithmetic lives here. Whose secret it is, how often somebody may try and which codes were used is told in
`app.accounts.second_factor`.
"""

import base64
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
#: Steps before and after the one of now whose codes count: clocks differ, and typing takes its time.
WINDOW = 1
_SECRET_BYTES = 20
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}\Z", re.ASCII)
_BLANKS = re.compile(r"[ \u00a0\u202f-]")


def new_secret() -> bytes:
    """A secret as long as what the codes are made with."""
    return secrets.token_bytes(_SECRET_BYTES)


def step_at(seconds: float) -> int:
    """The step that a time is in."""
    return int(seconds // STEP_SECONDS)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, seconds: float, *, after: int = 0) -> int | None:
    """The step near this time that a code belongs to, if it comes after the last one that was accepted."""
    plain = _BLANKS.sub("", code)
    if not _CODE.match(plain):
        return None
    now = step_at(seconds)
    steps = range(now - WINDOW, now + WINDOW + 1)
    # Each is compared, so that the time this takes says nothing.
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step), plain)]
    return next((step for step in reversed(found) if step > after), None)


def written(secret: bytes) -> str:
    """A secret as people type it into their authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, issuer: str, account: str) -> str:
    """What a QR code for an authenticator says."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    told = {"secret": written(secret), "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(told, quote_via=quote)}"
