"""Which tenant a request is for: the one of its host, or of its header, or the default one."""

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import NOT_A_MEMBER
from app.adapters.postgres import SERVICE, Connection
from app.errors import ErrorSpec, refuse

UNKNOWN_TENANT = ErrorSpec("UNKNOWN_TENANT", 404, "Espace inconnu")
_BY_SLUG = "select id::text from relais.tenants where slug = $1"
_DEFAULT = "select relais.default_tenant_id()::text"
#: Where a user is at home, the tenant that is asked for first.
_HOME = """
    select m.tenant_id::text from relais.memberships as m
    join relais.tenants as t on t.id = m.tenant_id
    where m.user_id = $1::text::uuid
    order by m.tenant_id = nullif($2, '')::uuid desc nulls last, t.is_default desc, m.created_at
    limit 1
"""


async def tenant_of(accounts: Accounts, asked: Asked) -> str:
    """The tenant that somebody without a token means."""
    slug = asked.tenant or accounts.settings.auth.hosts().get(asked.host.partition(":")[0].lower(), "")
    async with accounts.database.connection(SERVICE) as connection:
        found = await connection.fetchval(_BY_SLUG, slug) if slug else await connection.fetchval(_DEFAULT)
    if found is None:
        raise refuse(UNKNOWN_TENANT, hint=f"There is no tenant called {slug!r}.")
    return str(found)


async def home_of(connection: Connection, user_id: str, wanted: str = "") -> str:
    """The tenant that a user's new session is in: the wanted one if they are a member."""
    found = await connection.fetchval(_HOME, user_id, wanted)
    if found is None:
        raise refuse(NOT_A_MEMBER)
    return str(found)
