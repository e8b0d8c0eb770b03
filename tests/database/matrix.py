"""Who may do what with which row: the whole of the access rules, as a table.

A `Row` is a row of `world.py` and, for each operation, the callers for whom it takes effect. Everybody else is refused
when they insert; they see, change and delete nothing, and without an error, when they do the rest: clients delete other
people's rows in passing and must not fail. `CLOSED` operations are refused outright, because no grant gives them.
The service role may do everything, and is not named.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from .world import CALLERS, MEMBERS

Operation = Literal["select", "insert", "update", "delete"]
OPERATIONS: tuple[Operation, ...] = ("select", "insert", "update", "delete")


class Outcome(Enum):
    """What comes of an operation."""

    DONE = auto()
    NOTHING = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody but the service role holds a grant; `service` says whether even that one does."""

    service: bool = True


CLOSED, SEALED = Closed(), Closed(service=False)
Allowed = frozenset[str] | Closed


def only(*names: str) -> frozenset[str]:
    """These callers, whose names must exist."""
    assert set(names) <= set(CALLERS), names
    return frozenset(names)


OWNER = only("owner")
SUPER = only("super_admin")
ADMINS = only("admin", "super_admin")
MODERATORS = only("moderator", "admin", "super_admin")
GUEST = only("guest")
#: Members who may write: guests and outsiders only read.
TENANT_MEMBERS = only(*MEMBERS) - GUEST
#: Rows of their own, each in their own tenant.
SIGNED_IN = TENANT_MEMBERS | only("foreigner")
#: Everybody who asks this tenant, signed in or not, a member or not.
EVERYBODY = TENANT_MEMBERS | GUEST | only("anonymous", "outsider")
#: The rule of visibility: a private resource shared with a user, with another to write, with a group, and no longer.
READERS = OWNER | only("shared", "writer", "member") | MODERATORS


@dataclass(frozen=True, slots=True)
class Row:
    """A row, how to write to its table, and who may. `{me}` in SQL is the caller; `<name>` an id of the world."""

    table: str
    where: str
    insert_sql: str
    set_sql: str
    select: Allowed
    insert: Allowed
    update: Allowed
    delete: Allowed
    scenario: str = ""
    #: Makes room for the insert, before the caller comes.
    before: str = ""
    #: Whether callers who have not signed in hold a grant to select.
    public: bool = True

    @property
    def label(self) -> str:
        """How tests call it."""
        return f"{self.table}:{self.scenario}" if self.scenario else self.table

    def expected(self, operation: Operation, caller: str) -> Outcome:
        """What comes of this caller's trying."""
        allowed: Allowed = getattr(self, operation)
        if isinstance(allowed, Closed):
            return Outcome.DONE if caller == "service" and allowed.service else Outcome.REFUSED
        if caller == "service" or caller in allowed:
            return Outcome.DONE
        if operation == "insert" or (caller == "anonymous" and not (operation == "select" and self.public)):
            return Outcome.REFUSED
        return Outcome.NOTHING
