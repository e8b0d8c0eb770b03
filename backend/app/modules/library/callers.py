"""Whoever asks a route of the library: as PostgreSQL is told of them, and whether their rank is high enough now."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.accounts.asking import REFUSES, Asked, Once, asking
from app.accounts.errors import INSUFFICIENT_ROLE
from app.adapters.postgres import Connection, Database, Mode, Stamp
from app.auth.limits import Kind
from app.errors import AppError, refuse
from app.gateway.conduct import Conductor
from app.gateway.errors import NO_CATALOG
from app.middleware.trace import trace_of
from app.modules.library.file_keeping import Keeping, keeping_of
from app.modules.library.tables.kinds import AppRole
from app.named.ask import Ask, asker

SCHEMA = "library"
#: By row security.
_REFUSED = "42501"
_HAS_RANK = "select library_internal.has_rank($1::text::library.app_role)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks; what they are shown, row security decides."""

    asked: Asked
    #: For queries of the dialect.
    ask: Ask
    #: For their files.
    keeping: Keeping

    @property
    def user_id(self) -> str:
        """Who it is; empty for somebody who has not signed in."""
        return self.asked.caller.user_id

    @property
    def tenant_id(self) -> str:
        """Where they are."""
        return self.ask.engine.tenant_of(self.ask.caller)

    @property
    def database(self) -> Database:
        """Where statements go that are no query of the dialect."""
        return self.ask.conductor.database

    @property
    def stamp(self) -> Stamp:
        """Who it is, as PostgreSQL is told."""
        return self.ask.stamp

    def connection(self, mode: Mode = "read") -> AbstractAsyncContextManager[Connection]:
        """A connection that speaks for them."""
        return self.database.connection(self.stamp, mode)

    async def has_rank(self, rank: AppRole) -> bool:
        """Whether they have at least this rank now, and their token reaches as far."""
        async with self.connection() as connection:
            return bool(await connection.fetchval(_HAS_RANK, rank.value))


@contextmanager
def of_members() -> Generator[None]:
    """Around the making of something of one's own: what row security refuses there, it refuses to guests."""
    try:
        yield
    except AppError as error:
        if error.code != _REFUSED:
            raise
        raise _rank_needed(AppRole.USER) from error


def _rank_needed(rank: AppRole) -> AppError:
    error = refuse(INSUFFICIENT_ROLE)
    error.extra = {"required": rank.value}
    return error


def calling(
    kind: Kind | None = None,
    *,
    user: bool = True,
    rank: AppRole | None = None,
    lends: bool = True,
    once: Once = "joined",
) -> Callable[..., Awaitable[Caller]]:
    """A dependency: anybody or a user, of at least this rank if one is given.

    What it `lends` an administrator may read in somebody else's place.
    """

    async def admitted(
        request: Request, asked: Annotated[Asked, Depends(asking(kind, user=user, lends=lends, once=once))]
    ) -> Caller:
        conductor: Conductor = request.app.state.relais.conductor
        found = Caller(asked, asker(conductor, asked.caller, SCHEMA, trace_of(request.scope)), keeping_of(request))
        if rank is not None and not await found.has_rank(rank):
            raise _rank_needed(rank)
        return found

    setattr(admitted, REFUSES, (NO_CATALOG,) if rank is None else (NO_CATALOG, INSUFFICIENT_ROLE))
    return admitted


Anybody = Annotated[Caller, Depends(calling(user=False))]
User = Annotated[Caller, Depends(calling())]
Moderator = Annotated[Caller, Depends(calling(rank=AppRole.MODERATOR))]
Admin = Annotated[Caller, Depends(calling(rank=AppRole.ADMIN))]
SuperAdmin = Annotated[Caller, Depends(calling(rank=AppRole.SUPER_ADMIN))]
SuperAdminWriting = Annotated[Caller, Depends(calling("admin", rank=AppRole.SUPER_ADMIN))]
