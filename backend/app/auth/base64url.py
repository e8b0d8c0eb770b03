"""Base64 in the one form that JOSE allows: the URL alphabet, no padding, no stray bits."""

import base64
import binascii


def decode_base64url(text: bytes) -> bytes:
    """The bytes, or `ValueError`. Each value has one spelling; Python's decoder alone would skip what it dislikes."""
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text:
        raise ValueError("not in canonical base64url")
    return data
