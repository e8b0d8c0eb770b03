"""Signatures of requests: those that AWS prints in its documents are what comes out here."""

from datetime import UTC, datetime

import pytest
from app.adapters.sigv4 import NOTHING, Credentials, encoded_path, encoded_query, signed_headers

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
HOST = {"host": "examplebucket.s3.amazonaws.com"}
FRIDAY = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "query", "headers", "signature"),
    [
        ("/test.txt", {}, {"range": "bytes=0-9"}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("/", {"lifecycle": ""}, {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/", {"prefix": "J", "max-keys": "2"}, {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_examples_of_the_documents(
    path: str, query: dict[str, str], headers: dict[str, str], signature: str
) -> None:
    made = signed_headers(
        KEYS,
        "GET",
        encoded_path(path),
        query=encoded_query(query),
        headers={**HOST, **headers},
        digest=NOTHING,
        now=FRIDAY,
    )
    assert made["authorization"].endswith(f"Signature={signature}")


def test_the_secret_is_shown_by_nothing() -> None:
    assert KEYS.secret_key not in repr(KEYS)
