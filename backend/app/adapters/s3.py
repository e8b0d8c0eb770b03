"""Files in a service that speaks S3, over plain HTTP requests that are signed here. Buckets are named in the path."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from app.adapters.sigv4 import NOTHING, Credentials, encoded_path, encoded_query, signed_headers
from app.adapters.storage import CHUNK_BYTES, STORAGE_UNAVAILABLE, Lying, Missing, Span, Whole, checked
from app.errors import AppError, refuse

_NOT_FOUND, _SERVER_ERROR = 404, 500
_LONGEST_LIST = 16 * 1024 * 1024
_ENTRY = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_MEMBER = re.compile(r"<(Key|Size|LastModified)>([^<]*)</\1>")
_NEXT = re.compile(r"<NextContinuationToken>([^<]*)</NextContinuationToken>")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where files lie."""

    endpoint: str
    name: str
    #: Put before every key; empty, or with a slash at its end.
    prefix: str
    seconds: float


class S3Storage:
    """A bucket. What it refuses or does not answer in time is `STORAGE_UNAVAILABLE`."""

    def __init__(self, bucket: Bucket, credentials: Credentials, incoming: Path) -> None:
        self.incoming = incoming
        self._bucket = bucket
        self._credentials = credentials
        self._host = urlsplit(bucket.endpoint).netloc
        self._client = httpx.AsyncClient(
            timeout=bucket.seconds, follow_redirects=False, headers={"Accept-Encoding": "identity"}
        )

    async def put(self, key: str, whole: Whole) -> None:
        """Send the file; the signature holds its digest, so that what arrives is what was sent."""
        headers = {"content-length": str(whole.size), "content-type": whole.kind}
        async with self._asked("PUT", self._path(key), headers=headers, digest=whole.digest, body=_read(whole.path)):
            whole.path.unlink(missing_ok=True)

    @asynccontextmanager
    async def opened(self, key: str, span: Span) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Read a part of a file, as it comes."""
        headers = {"range": f"bytes={span.start}-{span.stop - 1}"} if span.size else {}
        async with self._asked("GET", self._path(key), headers=headers) as answer:
            if int(answer.headers.get("content-length", -1)) != span.size:
                raise Missing("the file has another size than its row says")
            yield answer.aiter_raw(CHUNK_BYTES)

    async def remove(self, key: str) -> None:
        """Nothing lies there any more."""
        try:
            async with self._asked("DELETE", self._path(key)):
                return
        except Missing:
            return

    async def size(self, key: str) -> int | None:
        """How many bytes lie there; None: nothing does."""
        try:
            async with self._asked("HEAD", self._path(key)) as answer:
                return int(answer.headers.get("content-length", 0))
        except Missing:
            return None

    async def listed(self) -> AsyncIterator[Lying]:
        """Everything that lies there, page by page."""
        token, prefix = "", self._bucket.prefix
        while True:
            query = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
            try:
                async with self._asked("GET", f"/{self._bucket.name}", query=query) as answer:
                    text = (await _bounded(answer)).decode()
            except Missing as error:
                raise _away("no such bucket") from error
            for entry in _ENTRY.findall(text):
                told = {name: unescape(value) for name, value in _MEMBER.findall(entry)}
                since = datetime.fromisoformat(told["LastModified"]).timestamp()
                yield Lying(told["Key"].removeprefix(prefix), int(told["Size"]), since)
            following = _NEXT.search(text)
            if following is None:
                return
            token = unescape(following[1])

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    def _path(self, key: str) -> str:
        return f"/{self._bucket.name}/{self._bucket.prefix}{checked(key)}"

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        digest: str = NOTHING,
        body: AsyncIterator[bytes] | None = None,
    ) -> AsyncGenerator[httpx.Response]:
        """The answer to a signed request, its body still to come."""
        path, asked = encoded_path(path), encoded_query(query or {})
        sent = signed_headers(
            self._credentials,
            method,
            path,
            query=asked,
            headers={"host": self._host, **(headers or {})},
            digest=digest,
            now=datetime.now(UTC),
        )
        url = httpx.URL(f"{self._bucket.endpoint.rstrip('/')}{path}" + (f"?{asked}" if asked else ""))
        try:
            request = self._client.build_request(method, url, headers=sent, content=body)
            answer = await self._client.send(request, stream=True)
            try:
                _must_be_good(answer)
                yield answer
            finally:
                await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _away(type(error).__name__) from error


def _must_be_good(answer: httpx.Response) -> None:
    if answer.status_code == _NOT_FOUND:
        raise Missing(answer.url.path)
    if not answer.is_success:
        raise _away(f"status {answer.status_code}")


def _away(seen: str) -> AppError:
    return refuse(STORAGE_UNAVAILABLE, seen, headers={"Retry-After": "5"})


async def _read(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


async def _bounded(answer: httpx.Response) -> bytes:
    found = bytearray()
    async for chunk in answer.aiter_bytes():
        found += chunk
        if len(found) > _LONGEST_LIST:
            raise _away("a list that is too long")
    return bytes(found)
