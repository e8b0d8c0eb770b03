"""What only a socket can send, to a server as it is run: lengths that lie, lines that are none, hang-ups."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

HOST = b"Host: gateway.test\r\n"
TABLE = b" /rest/v1/nosuch HTTP/1.1\r\n" + HOST
REFUSED = {
    "more than was announced": b"POST" + TABLE + b"Content-Length: 2\r\n\r\n{}{}",
    "a negative length": b"POST" + TABLE + b"Content-Length: -2\r\n\r\n{}",
    "a length that is none": b"POST" + TABLE + b"Content-Length: x\r\n\r\n{}",
    "two lengths": b"POST" + TABLE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": b"POST" + TABLE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are none": b"POST" + TABLE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a control character in a header": b"GET" + TABLE + b"X-Y: a\x01b\r\n\r\n",
    "NUL in a header": b"GET" + TABLE + b"X-Y: a\0b\r\n\r\n",
    "a method that is none": b"G@T" + TABLE + b"\r\n",
    "a path that is not encoded": b"GET /rest/v1/\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "a query that is not encoded": b"GET /rest/v1/x?\xc3\xa9=eq.1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a URL of a megabyte": b"GET /rest/v1/x?" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "noise": bytes(range(256)) * 4,
}


def sent(address: str, data: bytes, *, hangs_up: bool = False) -> bytes:
    """What the server says until it hangs up."""
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        try:
            connection.sendall(data)
            if hangs_up:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            # It has said no and gone before all was sent.
            return b""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_http_is_refused_and_the_connection_closed(served: str, name: str) -> None:
    answer = sent(served, REFUSED[name])
    assert answer.startswith(b"HTTP/1.1 400 ") or (not answer and len(REFUSED[name]) > 100_000)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert httpx.get(f"{served}/ready").status_code == 200


def test_a_body_whose_end_never_comes_is_not_answered(served: str) -> None:
    assert sent(served, b"POST" + TABLE + b"Content-Length: 5\r\n\r\n{}", hangs_up=True) == b""
    assert httpx.get(f"{served}/ready").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (b"X-Y: " + b"a" * 1_000_000 + b"\r\n", 400, "REQUEST_TOO_COMPLEX"),
        (b"Prefer: a\r\n" * 20_000, 400, "REQUEST_TOO_COMPLEX"),
        (b"Content-Length: 99999999999\r\n", 413, "BODY_TOO_LARGE"),
        (b"X-Y: " + b"a" * 60_000 + b"\r\n", 404, "PGRST205"),
    ],
    ids=["a long header", "many headers", "a long body", "a header that will do"],
)
def test_what_is_too_much_is_refused_in_the_one_shape(served: str, headers: bytes, status: int, code: str) -> None:
    answer = sent(served, b"GET" + TABLE + b"Connection: close\r\n" + headers + b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert json.loads(body)["code"] == code
