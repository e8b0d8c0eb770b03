"""Sessions: the tokens that clients hold, what stands between them and a password, where somebody is signed in."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.accounts.shapes.people import Person
from app.answers import Answer, Message, Success


class TokenPair(Answer):
    """A pair of tokens. The access token is good for `expiresIn` seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class WithTokens(BaseModel):
    """A pair of tokens, nested and flat."""

    tokens: TokenPair
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int
    expires_at: int = Field(description="In seconds since 1970.")


class Refreshed(Message, WithTokens):
    """Tokens in the place of the ones before."""


class SignedIn(Message, WithTokens):
    """Tokens, and who they are for."""

    user: Person


class AddressToVerify(Message):
    """Somebody who made an account, and must prove their address before they sign in."""

    user: Person
    session: None
    tokens: None
    verificationRequired: Literal[True]
    verification_required: Literal[True]


class FactorBrief(BaseModel):
    """A second factor that somebody can show a code of."""

    id: UUID
    name: str
    type: Literal["totp"]


class SecondStep(Answer):
    """A sign-in that waits for its second step, for `expiresIn` seconds."""

    both_casings: ClassVar[bool] = True

    message: str
    mfa_required: Literal[True]
    mfa_token: str
    expires_in: int
    factors: list[FactorBrief]


class Factor(FactorBrief):
    """A second factor of the caller."""

    status: Literal["verified", "unverified"]
    confirmedAt: datetime | None
    createdAt: datetime


class Factors(BaseModel):
    """Second factors, the recovery codes that are left, and whether this session was opened with one."""

    factors: list[Factor]
    recoveryCodesLeft: int
    assurance: Literal["aal1", "aal2"]


class FactorToConfirm(Message):
    """A second factor that counts once a code of it was shown. The secret is told here alone."""

    id: UUID
    type: Literal["totp"]
    secret: str
    uri: str


class FactorShown(SignedIn):
    """Tokens of a session with the second factor."""

    recoveryCodes: list[str] = Field(default_factory=list, description="With the first factor; otherwise left out.")


class SecondStepPassed(SignedIn):
    """Tokens of a session with the second factor."""

    recoveryCodesLeft: int | None = Field(default=None, description="If one was used; otherwise left out.")


class RecoveryCodes(Message):
    """Recovery codes, told here alone."""

    recoveryCodes: list[str]


class LastFactorRemoved(Success, WithTokens):
    """That the last second factor is gone, and tokens of a new session: the others have ended."""


class OpenSession(Answer):
    """Where somebody is signed in."""

    both_casings: ClassVar[bool] = True

    id: UUID
    current: bool
    tenant_id: UUID
    device: str
    agent: str | None
    address: str | None
    method: str
    assurance: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class OpenSessions(BaseModel):
    """Where somebody is signed in, everywhere."""

    sessions: list[OpenSession]


class SessionsEnded(Message):
    """How many sessions were ended."""

    ended: int
