"""The audit log: who did what that matters later."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from app.adapters.postgres import Connection

if TYPE_CHECKING:
    from app.accounts.asking import Asked

_WRITE = """
    insert into relais.audit_log (tenant_id, actor_id, action, target, details, address, request_id)
    values (nullif($1, '')::uuid, nullif($2, '')::uuid, $3, $4, $5::text::jsonb, nullif($6, '')::inet, $7)
"""


async def note(
    connection: Connection,
    asked: "Asked",
    action: str,
    *,
    tenant_id: str = "",
    actor_id: str = "",
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry, in the transaction of what it tells of."""
    text = orjson.dumps(details or {}).decode()
    values = (tenant_id, actor_id, action, target, text, asked.address, asked.request_id)
    await connection.execute(_WRITE, *values)
