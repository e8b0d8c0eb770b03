"""Reads that an administrator has answered as they would be to somebody else: `Relais-As`."""

from dataclasses import dataclass

from starlette.types import Scope

from app.accounts.acting import HEADER, Acting, reading_as
from app.accounts.asking import Asked, address_in
from app.auth.caller import Caller
from app.gateway.parse import PREFIX, Head
from app.middleware.trace import trace_of

AS = HEADER.encode()
_LONGEST_AGENT = 500
#: The gateway answers any page's script; what it may read besides has to be said.
_EXPOSED = (b"access-control-expose-headers", b"Relais-As")


@dataclass(frozen=True, slots=True)
class Behalf:
    """Puts one caller in the place of another."""

    acting: Acting

    async def __call__(self, scope: Scope, head: Head, caller: Caller) -> Caller:
        """Whom a request reads as; its sender has been let in, and counted."""
        trace = trace_of(scope)
        trace.told = [*trace.told, _EXPOSED]
        agent = head.headers.get(b"user-agent", b"").decode("latin-1")[:_LONGEST_AGENT]
        asked = Asked(caller, address_in(scope), agent, trace.request_id, "", "")
        wanted = head.headers[AS].decode("latin-1").strip()
        return await reading_as(self.acting, asked, trace, wanted, head.method, f"{PREFIX}{head.path}")
