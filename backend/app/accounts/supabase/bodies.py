"""Bodies of `/auth/v1`. Fields are named in snake_case, unknown ones are ignored, empty ones are none."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.accounts import bodies
from app.accounts.bodies import Email, Password, Stored, Text, Token, ToldBody, Username


class _Named(BaseModel):
    username: Username | None = None


def _read(value: dict[str, Any]) -> dict[str, Any]:
    """What is made a profile of at once must be what other ways of signing up take."""
    ToldBody.model_validate({name: value[name] for name in ("full_name", "avatar_url") if name in value})
    _Named.model_validate(value)
    return value


def _blank_is_none(value: Any) -> Any:
    return None if value in ("", b"") else value


Metadata = Annotated[bodies.Metadata, AfterValidator(_read)]
OptionalEmail = Annotated[Email | None, BeforeValidator(_blank_is_none)]
OptionalText = Annotated[str | None, StringConstraints(max_length=1024), BeforeValidator(_blank_is_none)]


class Body(BaseModel):
    """A body of the client's."""

    model_config = ConfigDict(extra="ignore")


class _Sending(Body):
    """Of what sends a link: a client that will exchange a code for the session sends its challenge along."""

    code_challenge: OptionalText = None
    code_challenge_method: OptionalText = None


class SignUpBody(_Sending):
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


class MailBody(_Sending):
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
