"""`/api/auth/user`: the caller's own account. Profiles, as modules show them to others, are changed there."""

import re
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from pydantic import AfterValidator, StringConstraints

from app.accounts.answers import person_of
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import Body, FullName, Metadata, Password, Text
from app.accounts.changes import delete_account, describe
from app.accounts.context import Accounts, accounts_of
from app.accounts.errors import USER_NOT_FOUND
from app.accounts.members import LAST_OWNER
from app.accounts.people import shown
from app.accounts.refusals import OWN_PASSWORD
from app.accounts.shapes.people import AccountChanged, OwnAccount
from app.answers import Json, Message, errors
from app.routers import Router

router = Router(prefix="/api/auth/user", tags=["auth"])
StrictUser = Annotated[Asked, Depends(asking("auth", user=True))]


def _web_address(value: str) -> str:
    if not re.match(r"https?://[^\s\x00-\x1f\x7f]+\Z", value):
        raise ValueError("Adresse web invalide")
    return value


WebAddress = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=2048), AfterValidator(_web_address)]


class UserBody(Body):
    """Of saying something of oneself. What is not named stays; what is null goes."""

    full_name: FullName | None = None
    avatar_url: WebAddress | None = None
    locale: Literal["fr", "en"] | None = None
    metadata: Metadata | None = None


class DeleteBody(Body):
    """Of removing an account."""

    password: Password


@router.get("", summary="The caller's own account", response_model=OwnAccount, responses=errors(USER_NOT_FOUND))
async def get_user(request: Request, asked: User) -> Json:
    """The user of the token, as they are now."""
    return Json(await _answer(accounts_of(request), asked))


@router.put("", summary="Say something of oneself", response_model=AccountChanged, responses=errors(USER_NOT_FOUND))
async def put_user(request: Request, asked: User, body: UserBody) -> Json:
    """Changes the account's own metadata, told as `metadata`; a profile that a module keeps stays as it is."""
    accounts = accounts_of(request)
    told: dict[str, Any] = dict(body.metadata or {})
    for name in {"full_name", "avatar_url"} & body.model_fields_set:
        told[name] = getattr(body, name)
    forgotten = [name for name, value in told.items() if value is None]
    await describe(
        accounts,
        asked,
        {name: value for name, value in told.items() if value is not None},
        forgotten,
        body.locale,
    )
    return Json({"message": "Compte mis à jour", **await _answer(accounts, asked)})


@router.delete(
    "", summary="Remove the caller's account", response_model=Message, responses=errors(LAST_OWNER, *OWN_PASSWORD)
)
async def delete_user(request: Request, asked: StrictUser, body: DeleteBody) -> Json:
    """With all that is theirs. Whoever alone owns a tenant must hand it on first."""
    await delete_account(accounts_of(request), asked, body.password)
    return Json({"message": "Compte supprimé"})


async def _answer(accounts: Accounts, asked: Asked) -> dict[str, Any]:
    who = await person_of(accounts, asked.caller.user_id, asked.caller.tenant_id)
    return {
        "user": {
            **shown(who),
            "locale": who.locale,
            "hasPassword": who.has_password,
            "providers": list(who.providers),
        },
        "metadata": who.user_metadata,
    }
