"""Which tenant a request is for when no token says so: the one of its header, or of its host, or the default one.

A token's tenant always wins. This is asked only for callers without one, and only if a setting maps headers or hosts.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.adapters.postgres import SERVICE, Database
from app.auth.caller import Caller
from app.errors import ErrorSpec, refuse
from app.settings import AuthSettings

UNKNOWN_TENANT = ErrorSpec("UNKNOWN_TENANT", 404, "Espace inconnu")
_BY_SLUG = "select id::text from relais.tenants where slug = $1"
#: What the database accepts; nothing else is worth a look.
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_PORT = re.compile(r":[0-9]*\Z")
_FOUND_SECONDS, _MISSED_SECONDS = 60.0, 5.0
#: Of those found, and of those not found: strangers who make up names push out no tenant.
_MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class _Known:
    tenant_id: str
    until: float


class Tenants:
    """The directory of tenants, as far as requests name them. Found ones are believed for a minute."""

    def __init__(self, database: Database, settings: AuthSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._hosts = settings.hosts()
        self._found: OrderedDict[str, _Known] = OrderedDict()
        self._missed: OrderedDict[str, _Known] = OrderedDict()
        #: In small letters, as requests have it.
        self.header = settings.tenant_header.strip().lower()
        #: What tells caches that answers differ by it.
        self.varying = ((b"vary", self.header.encode("latin-1")),) if self.header else ()
        #: Whether requests can name a tenant at all.
        self.named = bool(self.header or self._hosts)

    async def wanted(self, host: str, header: str) -> str:
        """The id of the tenant that a request names, the header before the host; empty if it names none."""
        slug = (header.strip() if self.header else "") or self._hosts.get(_bare(host), "")
        return await self._id(slug) if slug else ""

    async def placed(self, caller: Caller, host: str, header: str) -> Caller:
        """The caller in the tenant that the request names, if nobody has signed in."""
        if not self.named or caller.tenant_id or not caller.anonymous:
            return caller
        wanted = await self.wanted(host, header)
        return replace(caller, tenant_id=wanted) if wanted else caller

    async def _id(self, slug: str) -> str:
        known = self._found.get(slug) or self._missed.get(slug)
        if known is None or known.until <= self._clock():
            known = await self._looked_up(slug)
        if not known.tenant_id:
            raise refuse(
                UNKNOWN_TENANT, hint="The request names a tenant, by a header or by its host, that is not there."
            )
        return known.tenant_id

    async def _looked_up(self, slug: str) -> _Known:
        self._found.pop(slug, None)
        self._missed.pop(slug, None)
        rows = await self._database.fetch(SERVICE, _BY_SLUG, slug) if _SLUG.match(slug) else ()
        tenant_id = str(rows[0][0]) if rows else ""
        known = _Known(tenant_id, self._clock() + (_FOUND_SECONDS if tenant_id else _MISSED_SECONDS))
        remembered = self._found if tenant_id else self._missed
        if len(slug) <= 63:
            remembered[slug] = known
        if len(remembered) > _MOST_KNOWN:
            remembered.popitem(last=False)
        return known


def _bare(host: str) -> str:
    """A host without its port, as settings write it."""
    return _PORT.sub("", host.strip().lower()).rstrip(".")
