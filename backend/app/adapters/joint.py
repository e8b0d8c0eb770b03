"""One transaction that everything joins which a task does with the database, whoever does it and for whom.

Whoever takes a connection or begins a transaction meanwhile is given a savepoint of it, set to their caller: what they
do stands or falls by itself, as it would otherwise, and in the end all of it is kept or nothing. Tasks that are started
meanwhile do not belong to it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from app import log
from app.errors import AppError

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
NOT_FOLLOWED = "afterwards_failed"
_RANKS: dict[Isolation | None, int] = {None: 0, "read_committed": 1, "repeatable_read": 2, "serializable": 3}
#: The rest of a savepoint does not write; with its end whatever was before is back.
READ_ONLY = "set transaction read only"
#: Whatever was set before, for whomever, holds no more.
ANEW = "reset all"
#: Deferred constraints have their say.
SETTLE = "set constraints all immediate"
#: The same, and nothing of it is kept: they have it again at the end.
_TRY = f"savepoint settling; {SETTLE}; rollback to savepoint settling; release savepoint settling"


def is_stricter(one: Isolation | None, other: Isolation | None) -> bool:
    """Whether a transaction of the other isolation would not do."""
    return _RANKS[one] > max(_RANKS[other], _RANKS["read_committed"])


def strictest(*levels: Isolation | None) -> Isolation | None:
    """The strictest of isolation levels; None: PostgreSQL's usual one."""
    return max(levels, key=lambda level: _RANKS[level])


class Stricter(Exception):
    """Somebody wants stricter isolation than a transaction began with."""

    def __init__(self, isolation: Isolation | None) -> None:
        super().__init__()
        self.isolation: Isolation | None = isolation


@dataclass(slots=True)
class Joint:
    """The transaction of a task."""

    #: A connection of the pool that writes.
    connection: Any
    isolation: Isolation | None
    #: Whoever speaks at the moment; None between one and the next.
    stamp: Any = None
    #: Tenants for whom somebody wrote what others may keep answers of.
    tenants: set[str] = field(default_factory=set[str])
    #: What is done when it is committed.
    afterwards: list[Callable[[], Awaitable[object]]] = field(default_factory=list["Callable[[], Awaitable[object]]"])

    async def settle(self) -> None:
        """Have deferred constraints complain to whoever speaks now, as they would at the end of their transaction."""
        await self.connection.execute(_TRY)

    async def follow(self) -> None:
        """Do what waited for the commit. That is not undone any more, whatever becomes of this."""
        for action in self.afterwards:
            try:
                await action()
            except (AppError, OSError) as error:
                log.event(NOT_FOLLOWED, {"reason": str(error)}, level="warning")
