"""Bodies of `/auth/v1`. Fields are named in snake_case, unknown ones are ignored, empty ones are none."""

from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.accounts.bodies import Email, Password, Text, Token, ToldBody, Username

#: What somebody may say of themselves, in bytes.
MOST_METADATA = 16 * 1024


class _Named(BaseModel):
    username: Username | None = None
    github_username: Annotated[Text, Field(max_length=255)] | None = None


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """What PostgreSQL can keep, and no more than a little."""
    try:
        text = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("ne peut pas être enregistré") from None
    if b"\\u0000" in text:
        raise ValueError("Caractère interdit")
    if len(text) > MOST_METADATA:
        raise ValueError(f"plus de {MOST_METADATA} octets")
    return value


def _told(value: dict[str, Any]) -> dict[str, Any]:
    """What the modules read of it must be what they can use."""
    ToldBody.model_validate({name: value[name] for name in ("full_name", "avatar_url") if name in value})
    _Named.model_validate(value)
    return value


def _blank_is_none(value: Any) -> Any:
    return None if value in ("", b"") else value


Metadata = Annotated[dict[str, Any], AfterValidator(_storable), AfterValidator(_told)]
Stored = Annotated[dict[str, Any], AfterValidator(_storable)]
OptionalEmail = Annotated[Email | None, BeforeValidator(_blank_is_none)]
OptionalText = Annotated[str | None, StringConstraints(max_length=1024), BeforeValidator(_blank_is_none)]


class Body(BaseModel):
    """A body of the client's."""

    model_config = ConfigDict(extra="ignore")


class SignUpBody(Body):
    """Of signing up."""

    email: OptionalEmail = None
    phone: OptionalText = None
    password: Password | None = None
    data: Metadata | None = None


class TokenBody(Body):
    """Of asking for tokens, whatever is given for them."""

    email: Annotated[Text | None, Field(max_length=1024)] = None
    phone: OptionalText = None
    password: Password | None = None
    refresh_token: Token | None = None
    auth_code: Token | None = None
    code_verifier: Token | None = None


class UpdateBody(Body):
    """Of changing oneself."""

    email: OptionalEmail = None
    phone: OptionalText = None
    password: Password | None = None
    current_password: Password | None = None
    data: Metadata | None = None


class MailBody(Body):
    """Of having a message sent."""

    email: OptionalEmail = None
    phone: OptionalText = None
    type: OptionalText = None


class VerifyBody(Body):
    """Of showing what a message brought."""

    type: Annotated[str, StringConstraints(max_length=32)]
    token: Token | None = None
    token_hash: Token | None = None
    email: OptionalEmail = None
    phone: OptionalText = None


class AdminUserBody(Body):
    """Of making or changing somebody else."""

    email: OptionalEmail = None
    phone: OptionalText = None
    password: Password | None = None
    email_confirm: bool | None = None
    user_metadata: Metadata | None = None
    app_metadata: Stored | None = None
    ban_duration: OptionalText = None


class DeleteBody(Body):
    """Of removing somebody."""

    should_soft_delete: bool = False
