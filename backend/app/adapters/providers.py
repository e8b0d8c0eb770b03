"""Other services that say who somebody is, over HTTP: OAuth 2 as Authlib speaks it.

Nothing that they answer is trusted to be small, quick or well-formed: whatever goes wrong is a `ProviderError`. What an
answer means is not known here, but to `accounts/oauth`.
"""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import httpx
from authlib import deprecate

with warnings.catch_warnings():
    # Authlib would rather have httpx2 than httpx, and says so whenever it is imported.
    warnings.simplefilter("ignore", deprecate.AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

#: Not reached in time; asked and said no; answered what nobody can make sense of.
Failure = Literal["unreachable", "refused", "garbage"]
MOST_BYTES = 1024 * 1024
_LONGEST_TOKEN = 16 * 1024
_LONGEST_LIFE = 10 * 365 * 86400
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Relais"}
_SERVER_ERROR = 500
#: What the libraries stumble over in the answers of strangers.
_GARBAGE = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError, httpx.InvalidURL)


class ProviderError(Exception):
    """A provider did not do what it was asked."""

    def __init__(self, failure: Failure, seen: str) -> None:
        super().__init__(failure, seen)
        self.failure: Failure = failure
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Application:
    """What we are registered as with a provider."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Journey:
    """One way of a browser to a provider and back."""

    state: str = field(repr=False)
    #: What only we can show when the code is exchanged (PKCE), and what must be in an ID token.
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    #: Where it comes back to.
    callback: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider lets us do on somebody's behalf."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime | None
    scope: tuple[str, ...]
    id_token: str | None = field(default=None, repr=False)


class Conversation:
    """A few requests to one provider."""

    def __init__(self, client: AsyncOAuth2Client) -> None:
        self._client = client

    async def exchange(self, url: str, journey: Journey, code: str) -> Grant:
        """Tokens for the code that a browser brought back."""
        token = await self._client.fetch_token(
            url,
            grant_type="authorization_code",
            code=code,
            redirect_uri=journey.callback,
            code_verifier=journey.verifier,
        )
        return _grant(token)

    async def refresh(self, url: str, refresh_token: str) -> Grant:
        """Newer tokens for a refresh token."""
        return _grant(await self._client.refresh_token(url, refresh_token=refresh_token))

    async def get(self, url: str, access_token: str = "") -> tuple[int, Any]:
        """The status and the JSON at an address; of an error, its status alone."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        answer = await self._client.request("GET", url, withhold_token=True, headers=headers)
        if answer.status_code >= _SERVER_ERROR:
            raise ProviderError("unreachable", f"status {answer.status_code}")
        return answer.status_code, answer.json() if answer.is_success else None


class ProviderClient:
    """Speaks to one provider as one application."""

    def __init__(self, application: Application, seconds: float) -> None:
        self._application = application
        self._seconds = seconds

    def address(self, endpoint: str, journey: Journey, scope: str, **further: str) -> str:
        """Where to send a browser."""
        url, _ = self._client().create_authorization_url(
            endpoint,
            state=journey.state,
            code_verifier=journey.verifier,
            redirect_uri=journey.callback,
            scope=scope,
            **further,
        )
        return url

    @asynccontextmanager
    async def conversation(self) -> AsyncGenerator[Conversation]:
        """Requests that take no longer than we wait, all together. Whatever goes wrong is a `ProviderError`."""
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                yield Conversation(client)
        except OAuthError as error:
            raise ProviderError("refused", str(error.error)[:100]) from error
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            failure: Failure = "unreachable" if status >= _SERVER_ERROR else "refused"
            raise ProviderError(failure, f"status {status}") from error
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise ProviderError("unreachable", type(error).__name__) from error
        except _GARBAGE as error:
            raise ProviderError("garbage", type(error).__name__) from error

    def _client(self) -> Any:
        ours = self._application
        return AsyncOAuth2Client(
            ours.client_id,
            ours.client_secret or None,
            token_endpoint_auth_method="client_secret_post" if ours.client_secret else "none",
            code_challenge_method="S256",
            event_hooks={"response": [_bound]},
            follow_redirects=False,
            headers=_HEADERS,
            timeout=self._seconds,
            verify=tls(),
        )


@cache
def tls() -> ssl.SSLContext:
    """What certificates are checked against."""
    # Reading the certificates of the world takes longer than a request.
    return httpx.create_ssl_context()


class _Bounded(httpx.AsyncByteStream):
    """A body that breaks off when it gets too long."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise ProviderError("garbage", "too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx.Response) -> None:
    # We asked for no compression; a few bytes of it could stand for any number.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderError("garbage", "compressed")
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _Bounded(response.stream)


def _grant(token: Mapping[str, Any]) -> Grant:
    access_token = _secret(token.get("access_token"))
    if access_token is None or str(token.get("token_type", "bearer")).lower() != "bearer":
        raise ProviderError("garbage", "no access token")
    seconds, scope = token.get("expires_in"), token.get("scope")
    expires_at = None
    if seconds is not None:
        expires_at = datetime.fromtimestamp(datetime.now(UTC).timestamp() + min(float(seconds), _LONGEST_LIFE), UTC)
    words = scope.replace(",", " ").split() if isinstance(scope, str) else []
    refresh_token, id_token = _secret(token.get("refresh_token")), _secret(token.get("id_token"))
    return Grant(access_token, refresh_token, expires_at, tuple(words), id_token)


def _secret(value: object) -> str | None:
    """A token that fits into a header."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TOKEN:
        return None
    return value if value.isascii() and value.isprintable() else None


def record(value: Any) -> Mapping[str, Any] | None:
    """A JSON object, or nothing."""
    return value if isinstance(value, dict) else None


def records(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a JSON array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
