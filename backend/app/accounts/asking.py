"""Who asks an explicit route, and from where: the dependencies that routes declare."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.accounts.errors import AUTH_TOKEN_INVALID, AUTH_TOKEN_MISSING
from app.auth.caller import Caller, CallerResolver
from app.auth.guard import Guard
from app.auth.limits import Kind
from app.auth.sessions import Device
from app.auth.tokens import CLAIMS_REFUSED, TOKEN_REFUSED, bearer_token
from app.errors import AppError, refuse
from app.middleware.trace import address_of, trace_of

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


class asking:  # reads as a word where it is used: `Depends(asking("auth"))`
    """A dependency: whoever asks, counted as one who asks for this kind of thing; anybody, or users alone."""

    def __init__(self, kind: Kind | None = None, *, user: bool = False) -> None:
        self.kind = kind
        self.user = user

    async def __call__(self, request: Request) -> Asked:
        """Admit the caller or refuse."""
        state = request.app.state.relais
        guard: Guard = state.guard
        callers: CallerResolver = state.callers
        authorization = request.headers.get("authorization")
        token = authorization.encode("utf-8", "surrogateescape") if authorization else None
        if self.user and bearer_token(token) is None:
            raise refuse(AUTH_TOKEN_MISSING, headers={"WWW-Authenticate": "Bearer"})
        trace, address = trace_of(request.scope), _address(request)
        kind: Kind = self.kind or ("reads" if request.method in ("GET", "HEAD") else "writes")
        try:
            caller, trace.told = await guard.admit(callers, token, address, kind)
        except AppError as error:
            if error.code in _REFUSED_TOKENS:
                raise refuse(AUTH_TOKEN_INVALID, error.message, headers=error.headers) from error
            raise
        if self.user and not caller.user_id:
            raise refuse(AUTH_TOKEN_INVALID, "The token names no user.")
        trace.caller = "user" if caller.user_id else "anonymous"
        header = state.settings.auth.tenant_header
        return Asked(
            caller,
            address,
            request.headers.get("user-agent", "")[:_LONGEST_AGENT],
            trace.request_id,
            request.headers.get("host", ""),
            request.headers.get(header, "") if header else "",
        )


def _address(request: Request) -> str:
    # Whatever a proxy says must be an address before PostgreSQL is given it.
    try:
        return str(ipaddress.ip_address(address_of(request.scope)))
    except ValueError:
        return ""


Anybody = Annotated[Asked, Depends(asking())]
User = Annotated[Asked, Depends(asking(user=True))]
