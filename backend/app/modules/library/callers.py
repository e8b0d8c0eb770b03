"""Whoever asks a route of the library: as PostgreSQL is told of them, and whether their rank is high enough now."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from app.accounts.asking import Asked, asking
from app.accounts.errors import INSUFFICIENT_ROLE
from app.adapters.postgres import Connection, Database, Mode, Stamp
from app.auth.limits import Kind
from app.errors import refuse
from app.modules.library.tables.kinds import AppRole

_HAS_RANK = "select library_internal.has_rank($1::text::library.app_role)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks; what they are shown, row security decides."""

    asked: Asked
    database: Database
    stamp: Stamp

    @property
    def user_id(self) -> str:
        """Who it is."""
        return self.asked.caller.user_id

    def connection(self, mode: Mode = "read") -> AbstractAsyncContextManager[Connection]:
        """A connection that speaks for them."""
        return self.database.connection(self.stamp, mode)

    async def has_rank(self, rank: AppRole) -> bool:
        """Whether they have at least this rank now, and their token reaches as far."""
        async with self.connection() as connection:
            return bool(await connection.fetchval(_HAS_RANK, rank.value))


def calling(kind: Kind | None = None, *, rank: AppRole | None = None) -> Callable[..., Awaitable[Caller]]:
    """A dependency: a user, of at least this rank if one is given."""

    async def admitted(request: Request, asked: Annotated[Asked, Depends(asking(kind, user=True))]) -> Caller:
        state, caller = request.app.state.relais, asked.caller
        stamp = Stamp(caller.role, caller.claims, caller.user_id, caller.tenant_id or _default_tenant(state))
        found = Caller(asked, state.database, stamp)
        if rank is not None and not await found.has_rank(rank):
            error = refuse(INSUFFICIENT_ROLE)
            error.extra = {"required": rank.value}
            raise error
        return found

    return admitted


def _default_tenant(state: Any) -> str:
    engine = state.engines.get()
    return "" if engine is None else engine.catalog.default_tenant


User = Annotated[Caller, Depends(calling())]
Admin = Annotated[Caller, Depends(calling(rank=AppRole.ADMIN))]
SuperAdmin = Annotated[Caller, Depends(calling(rank=AppRole.SUPER_ADMIN))]
SuperAdminWriting = Annotated[Caller, Depends(calling("admin", rank=AppRole.SUPER_ADMIN))]
