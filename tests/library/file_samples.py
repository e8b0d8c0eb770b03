"""Files that are what they look like, and forms that carry them."""

import base64
import secrets
import zlib
from collections.abc import Mapping
from typing import Any

import httpx

from tests.accounts.conftest import Member


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


#: One red dot.
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", bytes.fromhex("00000001000000010802000000"))
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _chunk(b"IEND", b"")
)
PDF = b"%PDF-1.4\n\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ZIP = b"PK\5\6" + bytes(18)
GIF = b"GIF89a" + bytes.fromhex("01000100800000ff0000ffffff21f90400000000002c00000000010001000002024401003b")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
TEXT = "Déjà vu\n".encode()
EXECUTABLE = b"MZ\x90\0\3\0\0\0" + bytes(64)


def data_url(content: bytes, kind: str) -> str:
    """A file as forms of the frontend write it into a row."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def sent(
    client: httpx.AsyncClient,
    who: Member | None,
    content: bytes = PNG,
    kind: str = "image/png",
    name: str = "point.png",
    **fields: str,
) -> httpx.Response:
    """The answer to an upload."""
    files = {"file": (name, content, kind)}
    return await client.post("/api/files/upload", files=files, data=fields, headers=who.headers if who else {})


async def uploaded(client: httpx.AsyncClient, who: Member, *args: Any, **fields: Any) -> Mapping[str, Any]:
    """A file that has been uploaded."""
    answer = await sent(client, who, *args, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["file"]


def form(*parts: tuple[str, bytes], boundary: str | None = None) -> tuple[bytes, dict[str, str]]:
    """A form of parts, each with its headers written out; and the header that announces it."""
    boundary = boundary or secrets.token_hex(8)
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def path_of(file: Mapping[str, Any]) -> str:
    """Where a file is asked for."""
    return f"/api/files/{file['fileName']}"
