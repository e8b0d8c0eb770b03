"""Who somebody is elsewhere, made of whatever a provider says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from app.accounts.bodies import Email
from app.adapters.providers import Grant, Journey

LONGEST_NAME = 100
LONGEST_USERNAME = 50
_LONGEST_ADDRESS = 2048
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class Identity:
    """An account at a provider."""

    id: str
    #: Theirs beyond doubt: the provider has verified it.
    email: str | None
    username: str | None
    full_name: str | None
    avatar_url: str | None
    #: What a new user here is told to be besides.
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def details(self) -> dict[str, Any]:
        """What the list of linked accounts shows."""
        return {
            "username": self.username,
            "name": self.full_name,
            "avatar_url": self.avatar_url,
            "avatarUrl": self.avatar_url,
        }


class Provider(Protocol):
    """Somewhere that people have accounts."""

    name: str
    #: As people call it.
    title: str

    async def address(self, journey: Journey, *, link: bool) -> str:
        """Where to send a browser."""
        ...

    async def identify(self, journey: Journey, code: str) -> tuple[Grant, Identity]:
        """Who came back with a code, and what we may do on their behalf."""
        ...

    async def refresh(self, refresh_token: str) -> Grant:
        """Newer tokens."""
        ...


def text_of(value: object, longest: int = LONGEST_NAME) -> str | None:
    """A line of text fit to be kept and shown, or nothing."""
    if not isinstance(value, str):
        return None
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    return line[:longest].strip() or None


def email_of(value: object) -> str | None:
    """An address, under the rules of signing up."""
    try:
        return _EMAIL.validate_python(value, strict=True)
    except ValidationError:
        return None


def picture_of(value: object) -> str | None:
    """The address of a picture."""
    if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS or not value.isascii() or not value.isprintable():
        return None
    try:
        return value if urlsplit(value).scheme == "https" else None
    except ValueError:
        return None
