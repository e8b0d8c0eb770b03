"""Proof that whoever exchanges a code is whoever asked for it (RFC 7636): the challenge, and the verifier behind it."""

import base64
import hashlib
import hmac
import re

from app.errors import VALIDATION_ERROR, refuse

#: What a challenge of the method `S256` looks like; the other method, `plain`, proves too little.
PATTERN = r"[A-Za-z0-9_-]{43}"
_CHALLENGE = re.compile(rf"{PATTERN}\Z")


def must_be_a_challenge(challenge: str, method: str) -> None:
    """Refuse what no verifier could be shown for."""
    if method.lower() != "s256" or not _CHALLENGE.match(challenge):
        raise refuse(VALIDATION_ERROR, hint="`code_challenge` must be of the method `s256`.")


def challenge_of(verifier: str) -> str:
    """The challenge that a verifier is behind."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def fits(challenge: str, verifier: str) -> bool:
    """Whether a verifier is the one of a challenge; where there was none, any is."""
    if not challenge:
        return True
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode("utf-8", "surrogatepass"))
