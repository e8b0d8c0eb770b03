"""Whoever runs the whole installation: administrators of its first tenant. Those of others see and do nothing of it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from app.accounts.asking import Once
from app.accounts.errors import INSUFFICIENT_ROLE
from app.adapters.postgres import SERVICE
from app.auth.limits import Kind
from app.errors import refuse
from app.modules.library.callers import Caller, calling
from app.modules.library.tables.kinds import AppRole

_IS_FIRST = "select exists (select from relais.tenants where id = nullif($1, '')::uuid and is_default)"


def operating(
    kind: Kind = "admin", *, rank: AppRole = AppRole.ADMIN, once: Once = "joined"
) -> Callable[..., Awaitable[Caller]]:
    """A dependency: somebody of at least this rank in the first tenant."""

    async def admitted(caller: Annotated[Caller, Depends(calling(kind, rank=rank, once=once))]) -> Caller:
        [row] = await caller.database.fetch(SERVICE, _IS_FIRST, caller.asked.caller.tenant_id)
        if not row[0]:
            error = refuse(INSUFFICIENT_ROLE, hint="Only the first tenant of an installation runs it.")
            error.extra = {"required": rank.value}
            raise error
        return caller

    return admitted


Operator = Annotated[Caller, Depends(operating())]
