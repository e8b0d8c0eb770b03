"""REST APIs of other services, asked in somebody's name: JSON over HTTP, for the adapters of each service.

Where requests go comes from settings alone; what a user has a say in are parts of a path and a query, and they are
quoted. Nothing that comes back is trusted to be small, quick or well-formed: whatever goes wrong is a `RestError`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import quote, urlencode

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from app.adapters.providers import tls

#: Not reached, or broken, in time; asked and said no; asked too often; answered what nobody can make sense of.
RestFailure = Literal["unreachable", "refused", "limited", "garbage"]
Model = TypeVar("Model", bound=BaseModel)
MOST_BYTES = 8 * 1024 * 1024
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Relais"}
_UNAUTHORIZED, _SERVER_ERROR = 401, 500
#: Asked again, after so many seconds, if asking twice changes nothing.
_PAUSES = (0.2, 0.6)
_REPEATABLE = frozenset({"GET", "DELETE"})
_LONGEST_MESSAGE = 300
_LONGEST_WAIT = 3600


class RestError(Exception):
    """A service did not do what it was asked."""

    def __init__(
        self, failure: RestFailure, status: int = 0, *, message: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(failure, status)
        self.failure: RestFailure = failure
        #: What it answered with; 0 if it did not.
        self.status = status
        #: In its own words.
        self.message = message
        self.retry_after = retry_after

    @property
    def is_known(self) -> bool:
        """Whether what was asked for is known not to have been done."""
        return self.failure in ("refused", "limited")


class Lends(Protocol):
    """Lends tokens."""

    async def token(self) -> str: ...
    async def renewed(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered when it did as it was asked."""

    status: int
    headers: Mapping[str, str]
    #: None without a body.
    told: Any


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent to a service."""

    data: bytes = field(repr=False)
    kind: str = "application/json"

    @classmethod
    def of(cls, value: Any) -> "Content":
        """A value as JSON."""
        return cls(orjson.dumps(value))


@dataclass(frozen=True, slots=True)
class Manners:
    """How a service speaks."""

    headers: Mapping[str, str]
    #: What an error says in words, given the JSON of its body.
    message: Callable[[Any], str]
    #: Whether a refusal means that we ask too often: status, headers, body.
    is_limit: Callable[[int, Mapping[str, str], Any], bool]


class RestClient:
    """Speaks to one service."""

    def __init__(self, url: str, manners: Manners, seconds: float) -> None:
        self._url = url.rstrip("/")
        self._manners = manners
        self._seconds = seconds

    @asynccontextmanager
    async def conversation(self, lends: Lends) -> AsyncGenerator["RestConversation"]:
        """Requests that take no longer than we wait, all together."""
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                yield RestConversation(client, self._url, self._manners, lends)
        except TimeoutError as error:
            raise RestError("unreachable") from error

    def _client(self) -> httpx.AsyncClient:
        headers = {**_HEADERS, **self._manners.headers}
        return httpx.AsyncClient(verify=tls(), timeout=self._seconds, headers=headers, follow_redirects=False)


class RestConversation:
    """A few requests to one service in one user's name."""

    def __init__(self, client: httpx.AsyncClient, url: str, manners: Manners, lends: Lends) -> None:
        self._client = client
        self._url = url
        self._manners = manners
        self._lends = lends
        self._token = ""
        self._has_renewed = False

    async def ask(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        content: Content | None = None,
    ) -> Answer:
        """What the service answers; a refusal is a `RestError`."""
        url = f"{self._url}/{path_of(path)}" + (f"?{urlencode(query)}" if query else "")
        if not self._token:
            self._token = await self._lends.token()
        try:
            return await self._repeated(method, url, content)
        except RestError as error:
            if error.status != _UNAUTHORIZED or self._has_renewed:
                raise
        # Nothing has been done for somebody who was not let in: whatever it was, it may be asked again.
        self._has_renewed = True
        self._token = await self._lends.renewed()
        return await self._repeated(method, url, content)

    async def _repeated(self, method: str, url: str, content: Content | None) -> Answer:
        for pause in _PAUSES if method in _REPEATABLE else ():
            try:
                return await self._asked(method, url, content)
            except _Unreached as error:
                if error.retry_after is not None:
                    # It says itself when to ask again, and that is longer than anybody waits here.
                    raise
            await asyncio.sleep(pause)
        return await self._asked(method, url, content)

    async def _asked(self, method: str, url: str, content: Content | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}"}
        if content is not None:
            headers["Content-Type"] = content.kind
        data = content.data if content is not None else None
        try:
            async with self._client.stream(method, url, content=data, headers=headers) as response:
                status, told_headers = response.status_code, response.headers
                body = await _body(response)
        except (httpx.HTTPError, OSError) as error:
            raise _Unreached from error
        except httpx.InvalidURL as error:
            raise RestError("garbage") from error
        if 200 <= status < 300:
            return Answer(status, told_headers, _json(body))
        raise self._refusal(status, told_headers, body)

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RestError:
        try:
            told = _json(body)
        except RestError:
            told = None
        message = _shown(self._manners.message(told), self._token)
        if self._manners.is_limit(status, headers, told):
            return RestError("limited", status, message=message, retry_after=_wait(headers))
        if status >= _SERVER_ERROR:
            return _Unreached(status, message, _wait(headers) if "retry-after" in headers else None)
        return RestError("refused", status, message=message)


class _Unreached(RestError):
    """Perhaps the next time."""

    def __init__(self, status: int = 0, message: str = "", retry_after: int | None = None) -> None:
        super().__init__("unreachable", status, message=message, retry_after=retry_after)


def path_of(parts: Sequence[str]) -> str:
    """A path of these parts, each of which is one part whatever is in it."""
    if any(part in ("", ".", "..") for part in parts):
        # What users say is checked before; this is what a service called something of its own.
        raise RestError("garbage")
    return "/".join(quote(part, safe="") for part in parts)


def understood(model: type[Model], told: Any) -> Model:
    """An answer that is of the shape that it should have."""
    try:
        return model.model_validate(told)
    except ValidationError as error:
        # Its text quotes the answer.
        raise RestError("garbage") from error


async def _body(response: httpx.Response) -> bytes:
    # We asked for no compression; a few bytes of it could stand for any number.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise RestError("garbage", response.status_code)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise RestError("garbage", response.status_code)
    return bytes(body)


def _json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except ValueError as error:
        raise RestError("garbage") from error


def _shown(message: str, token: str) -> str:
    """Words of a service, fit to be shown: it may have repeated what it was sent."""
    hidden = message.replace(token, "…")[:_LONGEST_MESSAGE]
    return "".join(letter if letter.isprintable() else " " for letter in hidden).strip()


def _wait(headers: Mapping[str, str]) -> int:
    """How many seconds a service wants us to wait."""
    told = headers.get("retry-after", "")
    if told.isascii() and told.isdecimal():
        return min(max(int(told[:9]), 1), _LONGEST_WAIT)
    until = headers.get("x-ratelimit-reset", "")
    if until.isascii() and until.isdecimal():
        return min(max(int(until[:12]) - int(time.time()), 1), _LONGEST_WAIT)
    return 60
