"""Tokens that have been verified, so that the next request with one of them costs a look-up."""

from collections import OrderedDict

from app.auth.claims import Claims


class TokenCache:
    """Claims by token. The least recently used give way when entries or bytes of tokens are too many.

    Claims in memory take a small multiple of their token. Keys are whole tokens: what a look-up compares is what was
    verified, and Python's hash of bytes is keyed per process.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._claims: OrderedDict[bytes, Claims] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, token: bytes) -> Claims | None:
        """What was put for a token, if it is still here."""
        claims = self._claims.get(token)
        if claims is not None:
            self._claims.move_to_end(token)
        return claims

    def put(self, token: bytes, claims: Claims) -> None:
        """Keep the claims of a token that is not here yet."""
        self._claims[token] = claims
        self._bytes += len(token)
        while self._claims and (len(self._claims) > self._max_entries or self._bytes > self._max_bytes):
            evicted, _ = self._claims.popitem(last=False)
            self._bytes -= len(evicted)
