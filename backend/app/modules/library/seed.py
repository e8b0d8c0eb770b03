"""`relais seed` for the library: the demo's people and rows, and as many generated resources as asked.

The same rows each time: identifiers and texts depend on nothing but this package, dates on the day of the first
seeding. A second run adds what is missing and leaves the rest as users made it. The rows are written in `seeding`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from app.adapters.postgres import Connection
from app.modules.library.seeding import demo, generated, people, vocabulary
from app.modules.library.seeding.writing import Batch, put

#: Until the end of the transaction only: a job's own stamp names no tenant.
_IN_DEFAULT_TENANT = "select set_config('relais.tenant_id', relais.default_tenant_id()::text, true)"
_TODAY = "select date_trunc('day', now(), 'UTC')"
#: Membership has made the profiles. One that was never touched is introduced; a user's own words stay.
_INTRODUCE = """
    update library.profiles as profile
    set full_name = said.full_name, bio = said.bio
    from jsonb_populate_recordset(null::library.profiles, $1::text::jsonb) as said
    where profile.tenant_id = relais.tenant_id() and profile.user_id = said.user_id
      and profile.bio is null and profile.updated_at = profile.created_at
"""
#: What an account says of itself and what its profile says are the same, as with people who sign up.
_TELL = """
    update relais.users as u
    set user_metadata = jsonb_strip_nulls(jsonb_build_object('full_name', p.full_name, 'username', p.username))
    from library.profiles as p
    where p.tenant_id = relais.tenant_id() and p.user_id = u.id and u.id = any($1::uuid[]) and u.user_metadata = '{}'
"""
_SUGGESTIONS = (
    "select type::text, name, id::text from library.category_tag_suggestions where tenant_id = relais.tenant_id()"
)


async def seed(connection: Connection, users: list[str], scale: int) -> Mapping[str, int]:
    """Write the demo for these accounts, the administrator first, and say how many rows of what were new."""
    if not users:
        raise ValueError("The demo needs at least one account.")
    accounts = [UUID(user) for user in users]
    await connection.execute(_IN_DEFAULT_TENANT)
    today: datetime = await connection.fetchval(_TODAY)
    await connection.execute(_INTRODUCE, orjson.dumps(people.profiles(accounts)).decode())
    await connection.execute(_TELL, accounts)
    counts: Counter[str] = Counter()
    for batch in demo.batches(accounts, today):
        counts[batch.what] += await put(connection, batch)
    counts["votes"] += await put(connection, await _votes(connection, accounts, today))
    if scale > 0:
        counts.update(await generated.write(connection, scale, today))
    return counts


async def _votes(connection: Connection, accounts: Sequence[UUID], today: datetime) -> Batch:
    known = {(kind, name): UUID(key) for kind, name, key in await connection.fetch(_SUGGESTIONS)}
    return Batch("votes", "library.suggestion_votes", list(vocabulary.votes(known, accounts, today)))
