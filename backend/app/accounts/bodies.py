"""Bodies of requests: both spellings of each field are taken, unknown fields are ignored, texts are trimmed."""

import re
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

LONGEST_EMAIL = 255
#: What somebody may say of themselves, all in all.
LARGEST_METADATA_BYTES = 16 * 1024
#: What modules make profiles of, and how long each may be.
_KNOWN_TEXTS = {"full_name": 100, "avatar_url": 2048, "username": 50, "github_username": 100}
#: A NUL as JSON writes it, behind an even number of backslashes.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]+\Z")

_HALVES = re.compile("[\ud800-\udfff]")


def _email(value: str) -> str:
    # Whether an address exists is found out by writing to it.
    if len(value) > LONGEST_EMAIL or not _EMAIL.match(value):
        raise ValueError("Adresse email invalide")
    return value


def _no_nul(value: str) -> str:
    # NUL, and halves of characters that JSON can spell and nothing can store.
    if "\0" in value or (not value.isascii() and _HALVES.search(value)):
        raise ValueError("Caractère interdit")
    return value


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """What PostgreSQL can keep, and no more than a little."""
    try:
        text = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("Valeur impossible à enregistrer") from None
    if len(text) > LARGEST_METADATA_BYTES:
        raise ValueError(f"Plus de {LARGEST_METADATA_BYTES} octets")
    if _NUL.search(text):
        raise ValueError("Caractère interdit")
    return value


def _told(value: dict[str, Any]) -> dict[str, Any]:
    """What the modules read of it must be what they can use."""
    for name, longest in _KNOWN_TEXTS.items():
        known = value.get(name)
        if known is not None and not (isinstance(known, str) and len(known) <= longest):
            raise ValueError(f"{name} : texte trop long ou d'un autre type")
    return value


#: Values of any kind, by their names: what only the service says of somebody, and what they say of themselves.
Stored = Annotated[dict[str, Any], AfterValidator(_storable)]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable), AfterValidator(_told)]
Text = Annotated[str, AfterValidator(_no_nul)]
Email = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_email)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_no_nul)]
Username = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=50), AfterValidator(_no_nul)
]
FullName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100), AfterValidator(_no_nul)
]
Link = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2048), AfterValidator(_no_nul)]
#: Passwords are taken as they are; rules for new ones have words of their own.
Password = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_no_nul)]
Token = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4096), AfterValidator(_no_nul)]


class Body(BaseModel):
    """A body whose fields may be written in camelCase or in snake_case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class ToldBody(Body):
    """What somebody may say of themselves when they sign up; forms send empty texts for what was left out."""

    full_name: Annotated[FullName | None, BeforeValidator(_blank_is_none)] = None
    avatar_url: Annotated[Link | None, BeforeValidator(_blank_is_none)] = None


class SignUpBody(Body):
    """Of signing up."""

    email: Email
    password: Password
    username: Username | None = None
    full_name: FullName | None = None
    metadata: ToldBody | None = None


class SignInBody(Body):
    """Of signing in."""

    email: Text = Field(max_length=1024)
    password: Password


class RefreshBody(Body):
    """Of exchanging or handing back a refresh token."""

    refresh_token: Token | None = None
