"""`/auth/…`: pages for browsers that have followed the link of a message. See `accounts/pages`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from app.accounts.asking import Asked, asking
from app.accounts.bodies import Body, FullName, Password, Token
from app.accounts.context import accounts_of
from app.accounts.errors import INVALID_LINK
from app.accounts.pages.asking import Given, page_again, page_before, pressed
from app.accounts.pages.drawing import drawn
from app.accounts.pages.words import words_for
from app.errors import VALIDATION_ERROR, AppError, refuse
from app.jobs.letters import PATHS

router = APIRouter(include_in_schema=False)
Looking = Annotated[Asked, Depends(asking(bearer="unread"))]
Pressing = Annotated[Asked, Depends(asking("auth", bearer="unread"))]
_MOST_FIELDS, _LARGEST_FORM_BYTES = 8, 16 * 1024
_NOT_KEPT: Final = {"Cache-Control": "no-store"}


class FormBody(Body):
    """Of a form of ours."""

    token: Token
    password: Password | None = None
    full_name: FullName | None = None


def _looks(letter: str) -> Callable[..., Awaitable[Response]]:
    async def get_page(request: Request, _: Looking, token: str = "") -> Response:
        accounts, words = accounts_of(request), words_for(request.headers.get("accept-language", ""))
        try:
            page = await page_before(accounts, letter, token[:4096], words)
        except AppError as error:
            page = await page_again(accounts, letter, Given(""), words, error)
        return drawn(page, words)

    return get_page


def _presses(letter: str) -> Callable[..., Awaitable[Response]]:
    async def post_page(request: Request, asked: Pressing) -> Response:
        accounts, words = accounts_of(request), words_for(request.headers.get("accept-language", ""))
        given = Given("")
        try:
            fields = await _fields(request)
            given = Given(fields.get("token", ""))
            given = _given(fields)
            found = await pressed(accounts, asked, letter, given, words)
        except AppError as error:
            return drawn(await page_again(accounts, letter, given, words, error), words)
        return RedirectResponse(found, 303, _NOT_KEPT) if isinstance(found, str) else drawn(found, words)

    return post_page


async def _fields(request: Request) -> dict[str, str]:
    body = await request.body()
    try:
        if len(body) > _LARGEST_FORM_BYTES:
            raise ValueError
        return dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise refuse(INVALID_LINK) from None


def _given(fields: dict[str, str]) -> Given:
    """What was typed; a field that was left out is none."""
    try:
        body = FormBody.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors()[0]["loc"][0]
        raise refuse(INVALID_LINK if wrong == "token" else VALIDATION_ERROR) from None
    return Given(body.token, body.password, body.full_name)


for _letter, _path in PATHS.items():
    router.get(_path)(_looks(_letter))
    router.post(_path)(_presses(_letter))
