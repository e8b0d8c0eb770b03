"""What a page asks, and what happens when its button is pressed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.accounts import invitations, secrets_held
from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK, SECOND_FACTOR_REQUIRED
from app.accounts.oauth.redirects import page_of
from app.accounts.onward import onward_of
from app.accounts.pages.drawing import Form, Page
from app.accounts.pages.words import Words
from app.accounts.recovery import reset
from app.accounts.sign_in import end_sessions
from app.accounts.supabase.links import Shown, landing_of, target_of
from app.accounts.verification import confirm_email, verify
from app.adapters.postgres import SERVICE
from app.auth.tables import TokenPurpose
from app.errors import AppError, refuse
from app.jobs.places import site_of

INVITATION: Final = "accept_invitation"
#: By the letter that leads here: what its link is, and what Supabase's client calls it.
_LINKS: Final[Mapping[str, tuple[TokenPurpose, str]]] = {
    "verify_email": (TokenPurpose.VERIFY_EMAIL, "signup"),
    "reset_password": (TokenPurpose.RESET_PASSWORD, "recovery"),
    "claim_account": (TokenPurpose.CLAIM_ACCOUNT, "recovery"),
    "change_email": (TokenPurpose.CHANGE_EMAIL, "email_change"),
}
_WITH_PASSWORD: Final = frozenset({"reset_password", "claim_account"})


@dataclass(frozen=True, slots=True)
class Given:
    """What came back of a form."""

    token: str
    password: str | None = None
    full_name: str | None = None


async def page_before(accounts: Accounts, letter: str, token: str, words: Words) -> Page:
    """The page of a link, which is looked at and not used; a refusal if it is no good."""
    if letter == INVITATION:
        return _invitation(await invitations.preview(accounts, token), token, words)
    purpose, _ = _LINKS[letter]
    async with accounts.database.connection(SERVICE, "write") as connection:
        held = await secrets_held.look_at(connection, purpose, token)
    if held is None:
        raise refuse(INVALID_LINK)
    text, onward = words.pages[letter], onward_of(held.details)
    says = tuple(line.format(email=held.email) for line in text.says)
    if onward.is_asked:
        button = words.onward if letter in _WITH_PASSWORD else text.button
        return Page(text.title, says, form=Form(token, button, onward=target_of(accounts, onward.redirect_to)))
    password_for = held.email if letter in _WITH_PASSWORD else ""
    return Page(text.title, says, form=Form(token, text.button, password_for))


async def pressed(accounts: Accounts, asked: Asked, letter: str, given: Given, words: Words) -> Page | str:
    """What is shown when a form has come back, or the address of an application that the browser goes on to."""
    if letter == INVITATION:
        return await _accepted(accounts, asked, given, words)
    purpose, kind = _LINKS[letter]
    async with accounts.database.connection(SERVICE, "write") as connection:
        held = await secrets_held.look_at(connection, purpose, given.token)
    if held is None:
        raise refuse(INVALID_LINK)
    if onward_of(held.details).is_asked and given.password is None:
        try:
            return await landing_of(accounts, asked, Shown(kind, given.token))
        except AppError as error:
            if error.code != SECOND_FACTOR_REQUIRED.code:
                raise
            return _with_password(letter, held.email, given.token, words, error)
    if letter in _WITH_PASSWORD:
        await reset(accounts, asked, given.token, given.password or "")
    elif purpose is TokenPurpose.VERIFY_EMAIL:
        await verify(accounts, asked, given.token)
    else:
        await confirm_email(accounts, asked, given.token)
    return done(accounts, words, words.pages[letter].done)


async def page_again(accounts: Accounts, letter: str, given: Given, words: Words, error: AppError) -> Page:
    """The page once more, with what was wrong; or that alone, if the link is no good."""
    problem = words.refusal(error.code, error.message)
    try:
        page = await page_before(accounts, letter, given.token, words)
    except AppError:
        return Page(words.failed, problem=problem, on=_on(accounts, words), status=error.status)
    return Page(page.title, page.says, problem, page.form, status=error.status)


def done(accounts: Accounts, words: Words, title: str) -> Page:
    """That it has been done."""
    return Page(title, on=_on(accounts, words))


def _on(accounts: Accounts, words: Words) -> tuple[str, str]:
    return words.on.format(app=site_of(accounts.settings).app), page_of(accounts.settings, "")


def _with_password(letter: str, email: str, token: str, words: Words, error: AppError) -> Page:
    """Whoever has a second factor gets no session by mail; a new password they may have."""
    text = words.pages[letter]
    says = tuple(line.format(email=email) for line in text.says)
    return Page(text.title, says, words.refusal(error.code, error.message), Form(token, text.button, email))


def _invitation(invitation: Mapping[str, Any], token: str, words: Words) -> Page:
    text, values = words.pages[INVITATION], {"email": invitation["email"], "tenant": invitation["tenant_name"]}
    is_new = not invitation["has_account"]
    form = Form(token, text.button, invitation["email"] if is_new else "", with_name=is_new)
    return Page(text.title.format(**values), tuple(line.format(**values) for line in text.says), form=form)


async def _accepted(accounts: Accounts, asked: Asked, given: Given, words: Words) -> Page:
    invitation = await invitations.preview(accounts, given.token)
    if invitation["has_account"]:
        await invitations.accept_by_mail(accounts, asked, given.token)
    else:
        acceptance = invitations.Acceptance(given.token, given.password or "", given.full_name)
        _, opened = await invitations.accept(accounts, asked, acceptance)
        if opened is not None:
            # The frontend is elsewhere: nobody takes this session along.
            async with accounts.database.transaction(SERVICE) as connection:
                ended = await end_sessions(accounts, connection, opened.who.user_id, only=opened.who.session_id)
            await accounts.guard.ended(ended)
    return done(accounts, words, words.pages[INVITATION].done.format(tenant=invitation["tenant_name"]))
