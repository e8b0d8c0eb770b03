"""The outbox: messages are written in the transaction that causes them, and sent by the worker.

What lets its holder do something (a link) is sealed: whoever reads the table cannot use it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from app.adapters.postgres import Connection

_PUT = """
    insert into relais.email_outbox (tenant_id, recipient, template, locale, data, sealed)
    values (nullif($1, '')::uuid, $2, $3, $4, $5::text::jsonb, $6)
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
    """Have a message sent when the transaction is committed."""
    sealed = seal(orjson.dumps(secret)) if secret else None
    values = (tenant_id, recipient, template, locale, orjson.dumps(data or {}).decode(), sealed)
    await connection.execute(_PUT, *values)
