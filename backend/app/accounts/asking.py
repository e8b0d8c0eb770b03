"""Who asks an explicit route, and from where: the dependencies that routes declare."""

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi_limiter.depends import RateLimiter
from starlette.types import Scope

from app.accounts.acting import AS_INVALID, AS_READS_ONLY, AS_REFUSED, AS_UNKNOWN, Acting, reading_as
from app.accounts.acting import HEADER as READING_AS
from app.accounts.errors import AUTH_TOKEN_INVALID, AUTH_TOKEN_MISSING
from app.adapters.postgres import DATABASE_UNAVAILABLE, POOL_TIMEOUT
from app.auth.caller import Caller, CallerResolver
from app.auth.guard import API_TOKEN_EXPIRED, API_TOKEN_INVALID, INSUFFICIENT_SCOPE, SESSION_ENDED, Guard
from app.auth.limits import RATE_LIMIT_EXCEEDED, Headers, Kind
from app.auth.sessions import Device
from app.auth.tenants import UNKNOWN_TENANT
from app.auth.tokens import CLAIMS_REFUSED, TOKEN_REFUSED, bearer_token
from app.errors import REQUEST_TIMEOUT, AppError, ErrorSpec, refuse
from app.middleware.trace import address_of, trace_of

if TYPE_CHECKING:
    from pyrate_limiter import Limiter as Bucket

#: What a route makes of a token that comes along: it must be good; it is not looked at; or one that was good will do.
Reading = Literal["good", "unread", "stale"]
#: What becomes of a key that a write comes with, so that it is done once. *Joined*: the key, all that is written and
#: the answer are one transaction. *Form*: the same, begun by the route itself when it has read what it was sent.
#: *Apart*: the key is kept before anything is done and the answer afterwards, for what is done is not all in the
#: database. *Unsaid*: the same, and the answer is not written down, for it may hold what only its reader is to know.
Once = Literal["joined", "form", "apart", "unsaid"]
#: Where a request keeps who was let in, by the dependency that let them in: nobody is counted twice.
ADMITTED = "relais.admitted"
#: The attribute in which a dependency of routes says what it refuses, for the description of the API.
REFUSES: Final = "relais_refuses"
#: What only reads.
_READING: Final = ("GET", "HEAD")
_LONGEST_AGENT = 500
_REFUSED_TOKENS = frozenset({TOKEN_REFUSED.code, CLAIMS_REFUSED.code})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as services care where it comes from."""

    caller: Caller
    address: str
    agent: str
    request_id: str
    #: The host and the tenant that the request names.
    host: str
    tenant: str

    @property
    def device(self) -> Device:
        """For the list of sessions."""
        return Device(self.address or None, self.agent or None)


class asking(RateLimiter):  # reads as a word where it is used: `Depends(asking("auth"))`
    """A dependency: whoever asks, counted as one who asks for this kind of thing; anybody, or users alone.

    It is fastapi-limiter's, in its place in routes. Whom it counts and where is the guard's affair, which asks for the
    session in the same round trip: the bucket of the library knows one process, and its default key believes whatever
    address a client names.
    """

    def __init__(
        self,
        kind: Kind | None = None,
        *,
        user: bool = False,
        bearer: Reading = "good",
        lends: bool = False,
        once: Once = "unsaid",
    ) -> None:
        super().__init__(cast("Bucket", None))
        self.kind: Kind | None = kind
        self.user = user
        self.bearer: Reading = bearer
        #: Administrators may ask in somebody else's place. What is about an account itself is not lent.
        self.lends = lends
        self.once: Once = once

    async def __call__(self, request: Request) -> Asked:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Admit the caller or refuse."""
        known: dict[asking, Asked] = request.scope.get(ADMITTED, {})
        if self not in known:
            known[self] = await self._admitted(request)
        return known[self]

    def refuses(self, method: str) -> list[ErrorSpec]:
        """What a request of this method may be refused with: here, or by the servers that all who ask here need."""
        found = [RATE_LIMIT_EXCEEDED, DATABASE_UNAVAILABLE, POOL_TIMEOUT, REQUEST_TIMEOUT]
        if not self.user:
            found.append(UNKNOWN_TENANT)
        if self.bearer != "unread" and method not in _READING:
            found.append(INSUFFICIENT_SCOPE)
        if self.bearer == "good":
            found += [AUTH_TOKEN_MISSING] if self.user else []
            found += [AUTH_TOKEN_INVALID, SESSION_ENDED, API_TOKEN_INVALID, API_TOKEN_EXPIRED]
        found.append(AS_REFUSED)
        if self.lends:
            found += [AS_INVALID, AS_UNKNOWN] if method in _READING else [AS_READS_ONLY]
        return found

    async def _admitted(self, request: Request) -> Asked:
        state = request.app.state.relais
        wanted = request.headers.get(READING_AS)
        if wanted is not None and not self.lends:
            raise refuse(AS_REFUSED, "This is not done in somebody else's place.")
        guard: Guard = state.guard
        callers: CallerResolver = state.callers
        authorization = request.headers.get("authorization") if self.bearer != "unread" else None
        token = authorization.encode("utf-8", "surrogateescape") if authorization else None
        if self.user and bearer_token(token) is None:
            raise refuse(AUTH_TOKEN_MISSING, headers={"WWW-Authenticate": "Bearer"})
        trace, address = trace_of(request.scope), address_in(request.scope)
        kind: Kind = self.kind or ("reads" if request.method in _READING else "writes")
        try:
            caller, trace.told = await guard.admit(callers, token, address, kind, reads=request.method in _READING)
        except AppError as error:
            if self.bearer == "stale" and error.status == 401:
                caller, trace.told = await _stale(guard, callers, token, address, kind)
            elif error.code in _REFUSED_TOKENS:
                raise refuse(AUTH_TOKEN_INVALID, error.message, headers=error.headers) from error
            else:
                raise
        if self.user and not caller.user_id:
            raise refuse(AUTH_TOKEN_INVALID, "The token names no user.")
        trace.caller = "user" if caller.user_id else "anonymous"
        header = state.tenants.header
        trace.told = [*trace.told, *state.tenants.varying]
        host, tenant = request.headers.get("host", ""), request.headers.get(header, "") if header else ""
        asked = Asked(
            await state.tenants.placed(caller, host, tenant),
            address,
            request.headers.get("user-agent", "")[:_LONGEST_AGENT],
            trace.request_id,
            host,
            tenant,
        )
        if wanted is None:
            return asked
        acting: Acting = state.acting
        return replace(asked, caller=await reading_as(acting, asked, trace, wanted, request.method, request.url.path))


def asking_of(dependant: Dependant) -> asking | None:
    """How a route asks who asks; None: it does not."""
    if isinstance(dependant.call, asking):
        return dependant.call
    return next((found for inner in dependant.dependencies if (found := asking_of(inner)) is not None), None)


def refused_by(dependant: Dependant, method: str) -> Iterator[ErrorSpec]:
    """What the dependencies of a route refuse, before the route itself is asked."""
    if isinstance(dependant.call, asking):
        yield from dependant.call.refuses(method)
    else:
        yield from getattr(dependant.call, REFUSES, ())
    for inner in dependant.dependencies:
        yield from refused_by(inner, method)


async def _stale(
    guard: Guard, callers: CallerResolver, token: bytes | None, address: str, kind: Kind
) -> tuple[Caller, Headers]:
    """Whoever once had a token, counted as a stranger; a stranger if the token was never one of ours."""
    stranger = callers.resolve(None)
    headers = await guard.count(stranger, address, kind)
    with suppress(AppError):
        return callers.resolve(token, stale=True), headers
    return stranger, headers


def address_in(scope: Scope) -> str:
    """Where a request comes from, if that is an address."""
    # Whatever a proxy says must be one before PostgreSQL is given it; the zone of a local one is none.
    try:
        return str(ipaddress.ip_address(address_of(scope).partition("%")[0]))
    except ValueError:
        return ""


Anybody = Annotated[Asked, Depends(asking())]
User = Annotated[Asked, Depends(asking(user=True))]
