"""An API of the library, people of every rank, and somebody in another tenant."""

from tests.accounts.conftest import Member, app, cheap, client
from tests.library.conftest import People, new_resource, people

__all__ = ["Member", "People", "app", "cheap", "client", "new_resource", "people", "reading_as"]


def reading_as(member: Member, user_id: str) -> dict[str, str]:
    """What an administrator sends to read as somebody else."""
    return {**member.headers, "Relais-As": user_id}
