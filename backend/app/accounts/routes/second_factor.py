"""`/api/auth/mfa`: second factors of the caller, and the second step of signing in."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, StringConstraints

from app.accounts import recovery_codes
from app.accounts.answers import opened_answer, token_fields
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import Body, Password, Token
from app.accounts.context import accounts_of
from app.accounts.errors import SECOND_FACTOR_REQUIRED, USER_NOT_FOUND
from app.accounts.people import instant
from app.accounts.proofs import own_session
from app.accounts.refusals import CODE, CODE_OR_PASSWORD, OPENING, OWN_SESSION, RECENT
from app.accounts.second_factor import (
    FACTOR_NOT_FOUND,
    NO_SECOND_FACTOR,
    PROOF_REQUIRED,
    TOO_MANY_FACTORS,
    Proof,
    enrol,
    listed,
    remove,
    renew_recovery_codes,
    verify,
)
from app.accounts.second_step import INVALID_MFA_TOKEN, challenge
from app.accounts.shapes.sessions import (
    Factors,
    FactorShown,
    FactorToConfirm,
    LastFactorRemoved,
    RecoveryCodes,
    SecondStepPassed,
)
from app.adapters.postgres import SERVICE
from app.answers import Json, Success, errors
from app.routers import Router

router = Router(prefix="/api/auth/mfa", tags=["second factor"])
# A client may send a token of a session that has ended: it is about to get another one.
Stranger = Annotated[Asked, Depends(asking("auth", bearer="unread"))]
Owner = Annotated[Asked, Depends(asking("auth", user=True))]
Code = Annotated[str, StringConstraints(max_length=64)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[^\x00]*$")]


class EnrolBody(Body):
    """Of adding a factor."""

    name: Label = ""
    password: Password | None = None


class VerifyBody(Body):
    """Of confirming a factor."""

    id: UUID
    code: Code
    sign_out_others: bool = False


class ProofBody(Body):
    """What somebody shows before a factor goes."""

    code: Code | None = None
    recovery_code: Code | None = None
    password: Password | None = None

    def proof(self) -> Proof:
        """The same for the service."""
        return Proof(self.code, self.recovery_code, self.password)


class ChallengeBody(Body):
    """Of the second step of signing in."""

    mfa_token: Token = Field(min_length=1)
    code: Code | None = None
    recovery_code: Code | None = None


@router.get("", summary="Second factors of the caller", response_model=Factors, responses=errors(*OWN_SESSION))
async def get_factors(request: Request, asked: User) -> Json:
    """The factors, and how many recovery codes are left."""
    accounts = accounts_of(request)
    session = await own_session(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        rows = await listed(connection, session.user_id)
        left = await recovery_codes.left(connection, session.user_id)
    factors = [
        {
            "id": row["id"],
            "name": row["name"],
            "type": "totp",
            "status": "verified" if row["confirmed_at"] else "unverified",
            "confirmedAt": instant(row["confirmed_at"]),
            "createdAt": instant(row["created_at"]),
        }
        for row in rows
    ]
    return Json({"factors": factors, "recoveryCodesLeft": left, "assurance": f"aal{session.assurance}"})


@router.post(
    "/enroll",
    status_code=201,
    summary="Add a second factor, to be confirmed",
    response_model=FactorToConfirm,
    responses=errors(SECOND_FACTOR_REQUIRED, TOO_MANY_FACTORS, *RECENT),
)
async def post_enroll(request: Request, asked: Owner, body: EnrolBody | None = None) -> Json:
    """A secret for an authenticator, shown once. Long after signing in the password is asked for, too."""
    told = body or EnrolBody()
    made = await enrol(accounts_of(request), asked, told.name, told.password)
    return Json(
        {
            "id": made.id,
            "type": "totp",
            "secret": made.secret,
            "uri": made.uri,
            "message": "Saisissez un code de votre application pour confirmer",
        },
        201,
    )


@router.post(
    "/verify",
    summary="Confirm a second factor, or show a code of one",
    response_model=FactorShown,
    responses=errors(FACTOR_NOT_FOUND, USER_NOT_FOUND, *OWN_SESSION, *CODE),
)
async def post_verify(request: Request, asked: Owner, body: VerifyBody) -> Json:
    """New tokens of the session, now with the second factor; recovery codes with the first factor, shown once."""
    accounts = accounts_of(request)
    done = await verify(accounts, asked, str(body.id), body.code, alone=body.sign_out_others)
    answer = await opened_answer(accounts, done.opened, "Second facteur vérifié")
    return Json({**answer, "recoveryCodes": list(done.recovery_codes)} if done.recovery_codes else answer)


@router.post(
    "/challenge",
    summary="The second step of signing in",
    response_model=SecondStepPassed,
    responses=errors(PROOF_REQUIRED, INVALID_MFA_TOKEN, *CODE, *OPENING),
)
async def post_challenge(request: Request, asked: Stranger, body: ChallengeBody) -> Json:
    """A new session with the second factor, for the token of the first step and a code."""
    accounts = accounts_of(request)
    passed = await challenge(accounts, asked, body.mfa_token, code=body.code, recovery_code=body.recovery_code)
    answer = await opened_answer(accounts, passed.opened, "Connexion réussie")
    left = passed.recovery_codes_left
    return Json(answer if left is None else {**answer, "recoveryCodesLeft": left})


@router.post(
    "/recovery-codes",
    summary="New recovery codes in the place of the old ones",
    response_model=RecoveryCodes,
    responses=errors(PROOF_REQUIRED, NO_SECOND_FACTOR, *CODE_OR_PASSWORD),
)
async def post_recovery_codes(request: Request, asked: Owner, body: ProofBody | None = None) -> Json:
    """Ten codes, shown once."""
    codes = await renew_recovery_codes(accounts_of(request), asked, (body or ProofBody()).proof())
    return Json({"recoveryCodes": codes, "message": "Nouveaux codes de récupération créés"})


@router.delete(
    "/{factor_id}",
    summary="Take a second factor away",
    response_model=LastFactorRemoved | Success,
    responses=errors(PROOF_REQUIRED, FACTOR_NOT_FOUND, *CODE_OR_PASSWORD, *OPENING),
)
async def delete_factor(request: Request, asked: Owner, factor_id: str, body: ProofBody | None = None) -> Json:
    """With the last one all sessions end; the answer has the tokens of a new one."""
    opened = await remove(accounts_of(request), asked, factor_id, (body or ProofBody()).proof())
    answer = {"message": "Second facteur supprimé", "success": True}
    return Json({**answer, **token_fields(opened.tokens)} if opened is not None else answer)
