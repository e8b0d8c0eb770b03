"""One transaction that everything joins which a task does with the database, whoever does it and for whom.

Whoever takes a connection or begins a transaction meanwhile is given a savepoint of it, set to their caller: what they
do stands or falls by itself, as it would otherwise, and in the end all of it is kept or nothing. Tasks that are started
meanwhile do not belong to it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
_RANKS: dict[Isolation | None, int] = {None: 0, "read_committed": 1, "repeatable_read": 2, "serializable": 3}
#: The rest of a savepoint does not write; with its end whatever was before is back.
READ_ONLY = "set transaction read only"
#: Deferred constraints have their say, and wait again.
SETTLE = "set constraints all immediate; set constraints all deferred"
#: What a function says of its answer is said once.
UNSAID = "select set_config('response.headers', '', true), set_config('response.status', '', true)"


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
    #: What is done when it is committed.
    afterwards: list[Callable[[], Awaitable[object]]] = field(default_factory=list["Callable[[], Awaitable[object]]"])
