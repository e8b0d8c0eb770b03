"""Writing mail: messages are rows of the transaction that causes them, and are sent by the worker (`drain.py`).

What lets its holder do something (a link) is sealed: whoever reads the table cannot use it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from app.adapters.postgres import Connection
from app.jobs.letters import TEMPLATES

#: Where workers hear of new mail, once it is committed. Who misses it looks every few seconds all the same.
CHANNEL = "relais_mail"
_PUT = """
    with put as (
        insert into relais.email_outbox (tenant_id, recipient, template, locale, data, sealed)
        values (nullif($1, '')::uuid, $2, $3, $4, $5::text::jsonb, $6)
        returning id
    )
    select pg_notify('relais_mail', '') from put
"""


async def put_mail(
    connection: Connection,
    seal: Callable[[bytes], bytes],
    template: str,
    recipient: str,
    *,
    locale: str = "fr",
    tenant_id: str = "",
    data: Mapping[str, Any] | None = None,
    secret: Mapping[str, Any] | None = None,
) -> None:
    """Have a message sent when the transaction is committed.

    `data` is what its sentences may say (`letters/`): name, inviter, tenant, role, change, email, address, agent.
    `secret` is what its link is made of: token and, after a check that it may be gone to, redirect_to.
    """
    if template not in TEMPLATES:
        raise ValueError(f"There is no letter called {template}")
    sealed = seal(orjson.dumps(secret)) if secret else None
    values = (tenant_id, recipient, template, locale, orjson.dumps(data or {}).decode(), sealed)
    await connection.execute(_PUT, *values)
