"""`/auth/v1`: what Supabase's client asks of its authentication server. Administration is in `supabase_admin.py`."""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import RedirectResponse

from app.accounts.context import accounts_of
from app.accounts.errors import EMAIL_TAKEN, INVALID_LINK, INVALID_REFRESH_TOKEN, REFRESH_TOKEN_REQUIRED, USER_NOT_FOUND
from app.accounts.oauth.errors import INVALID_SIGN_IN_CODE
from app.accounts.recovery import forgot
from app.accounts.refusals import BY_PASSWORD, NEW_PASSWORD, OPENING, OWN_PASSWORD, PROVIDERS, SETTING_OUT, SIGNING_UP
from app.accounts.shapes.supabase import AuthHealth, AuthSession, AuthUser, SignInSettings
from app.accounts.sign_in import open_session, sign_out
from app.accounts.sign_up import NewAccount, sign_up
from app.accounts.supabase.asking import Changing, Granted, Leaving, SignedInUser, Stranger, Writing
from app.accounts.supabase.bodies import MailBody, SignUpBody, TokenBody, UpdateBody, VerifyBody
from app.accounts.supabase.errors import (
    ANONYMOUS_PROVIDER_DISABLED,
    OTP_DISABLED,
    PHONE_PROVIDER_DISABLED,
    REAUTHENTICATION_NEEDED,
    UNSUPPORTED_GRANT_TYPE,
    SupabaseRoute,
    described,
)
from app.accounts.supabase.journeys import SECONDS, Back, Leave, come_back, cookie_name, leave
from app.accounts.supabase.links import Shown, follow, onward_for, prove
from app.accounts.supabase.sessions import granted, session_shape
from app.accounts.supabase.updates import update_user
from app.accounts.supabase.users import user_of
from app.accounts.tenancy import SESSION_REQUIRED, must_be_a_session
from app.accounts.verification import EMAIL_UNCHANGED, send_to
from app.answers import Json, Nothing
from app.auth.guard import SESSION_ENDED
from app.errors import VALIDATION_ERROR, refuse
from app.routers import Router
from app.version import VERSION

PREFIX = "/auth/v1"
router = Router(prefix=PREFIX, tags=["supabase"], route_class=SupabaseRoute)
Asking = Annotated[str, Query(max_length=4096)]
_NOT_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@router.post(
    "/signup",
    summary="Make an account and sign in",
    response_model=AuthSession | AuthUser,
    responses=described(PHONE_PROVIDER_DISABLED, ANONYMOUS_PROVIDER_DISABLED, *SIGNING_UP),
)
async def post_signup(request: Request, asked: Stranger, body: SignUpBody, redirect_to: Asking = "") -> Json:
    """A session; the user alone where addresses must be verified first."""
    accounts = accounts_of(request)
    if body.phone:
        raise refuse(PHONE_PROVIDER_DISABLED)
    if body.email is None:
        raise refuse(ANONYMOUS_PROVIDER_DISABLED)
    if body.password is None:
        raise refuse(VALIDATION_ERROR, hint="`password` is needed.")
    told = {name: value for name, value in (body.data or {}).items() if value is not None}
    username = told.pop("username", None)
    onward = onward_for(accounts, redirect_to, body.code_challenge, body.code_challenge_method)
    user_id = await sign_up(accounts, asked, NewAccount(body.email, body.password, username, told), onward)
    if accounts.settings.auth.verified_email:
        return Json(await user_of(accounts, user_id))
    opened = await open_session(accounts, asked, {"id": user_id, "email": body.email})
    return Json(await session_shape(accounts, opened))


@router.post(
    "/token",
    summary="A session for a password, a refresh token or a code",
    response_model=AuthSession,
    responses=described(
        UNSUPPORTED_GRANT_TYPE,
        PHONE_PROVIDER_DISABLED,
        REFRESH_TOKEN_REQUIRED,
        INVALID_REFRESH_TOKEN,
        INVALID_SIGN_IN_CODE,
        *BY_PASSWORD,
    ),
)
async def post_token(
    request: Request, asked: Granted, body: TokenBody, grant_type: Annotated[str, Query(max_length=64)] = ""
) -> Json:
    """A session."""
    accounts = accounts_of(request)
    return Json(await session_shape(accounts, await granted(accounts, asked, grant_type, body)))


@router.get("/user", summary="Who the caller is", response_model=AuthUser, responses=described(USER_NOT_FOUND))
async def get_user(request: Request, asked: SignedInUser) -> Json:
    """The user of the token, as they are now."""
    return Json(await user_of(accounts_of(request), asked.caller.user_id))


@router.put(
    "/user",
    summary="Change one's password, address or metadata",
    response_model=AuthUser,
    responses=described(
        PHONE_PROVIDER_DISABLED, REAUTHENTICATION_NEEDED, EMAIL_UNCHANGED, SESSION_ENDED, *NEW_PASSWORD, *OWN_PASSWORD
    ),
)
async def put_user(request: Request, asked: Changing, body: UpdateBody, redirect_to: Asking = "") -> Json:
    """The user as they are now. Password and address take the password of now, or a link that was mailed."""
    accounts = accounts_of(request)
    await update_user(accounts, asked, body, redirect_to)
    return Json(await user_of(accounts, asked.caller.user_id))


@router.post("/logout", status_code=204, summary="End sessions of the caller", responses=described(SESSION_REQUIRED))
async def post_logout(
    request: Request, asked: SignedInUser, scope: Literal["global", "local", "others"] = "global"
) -> None:
    """All, that of the caller, or all but that one."""
    must_be_a_session(asked)
    await sign_out(accounts_of(request), asked, None, scope=scope)


@router.post("/recover", summary="Have a link sent that gets back into an account", response_model=Nothing)
async def post_recover(request: Request, asked: Writing, body: MailBody, redirect_to: Asking = "") -> Json:
    """Always the same answer, whether the account exists or not."""
    if body.email is None:
        raise refuse(VALIDATION_ERROR, hint="`email` is needed.")
    accounts = accounts_of(request)
    onward = onward_for(accounts, redirect_to, body.code_challenge, body.code_challenge_method)
    await forgot(accounts, asked, body.email, onward)
    return Json({})


@router.post(
    "/resend",
    summary="Have the link sent again that verifies an address",
    response_model=Nothing,
    responses=described(PHONE_PROVIDER_DISABLED, OTP_DISABLED),
)
async def post_resend(request: Request, asked: Writing, body: MailBody, redirect_to: Asking = "") -> Json:
    """Always the same answer, whether there is something to verify or not."""
    if body.phone:
        raise refuse(PHONE_PROVIDER_DISABLED)
    if body.type != "signup" or body.email is None:
        raise refuse(OTP_DISABLED, hint="Messages of the type `signup` are sent again, to an `email`.")
    accounts = accounts_of(request)
    onward = onward_for(accounts, redirect_to, body.code_challenge, body.code_challenge_method)
    await send_to(accounts, asked, body.email, onward)
    return Json({})


@router.post(
    "/otp",
    status_code=422,
    summary="Not offered: sign-ins by link or code",
    responses=described(OTP_DISABLED),
)
async def post_otp(_asked: Stranger) -> None:
    """There are no links that sign somebody in for the asking."""
    raise refuse(OTP_DISABLED)


@router.post(
    "/verify",
    summary="Show what a message brought",
    response_model=AuthSession | AuthUser,
    responses=described(INVALID_LINK, OTP_DISABLED, EMAIL_TAKEN, *OPENING),
)
async def post_verify(request: Request, asked: Stranger, body: VerifyBody) -> Json:
    """A session; the user alone where a link is no reason for one."""
    accounts = accounts_of(request)
    token = body.token_hash or body.token
    if not token:
        raise refuse(VALIDATION_ERROR, hint="`token_hash` is needed, or `token` and `email`.")
    proved = await prove(accounts, asked, Shown(body.type, token, body.email or ""))
    if proved.opened is None:
        return Json(await user_of(accounts, proved.user_id))
    return Json(await session_shape(accounts, proved.opened))


@router.get("/verify", summary="Open a link of a message", response_class=RedirectResponse, status_code=303)
async def get_verify(
    request: Request, asked: Stranger, type: Asking = "", token: Asking = "", redirect_to: Asking = ""
) -> RedirectResponse:
    """Back to the application, with a session, a code to exchange for one, or an error; at once.

    Messages of ours lead to pages that wait for somebody to press a button: programs that look at mail open links, too.
    """
    target = await follow(accounts_of(request), asked, Shown(type, token), redirect_to)
    return RedirectResponse(target, 303, _NOT_KEPT)


@router.get(
    "/authorize",
    summary="Sign in with a provider",
    response_class=RedirectResponse,
    status_code=302,
    responses=described(*SETTING_OUT, *PROVIDERS),
)
async def get_authorize(
    request: Request,
    asked: Leaving,
    provider: Asking = "",
    redirect_to: Asking = "",
    code_challenge: Asking = "",
    code_challenge_method: Asking = "",
) -> RedirectResponse:
    """To the provider, and from there back to the application."""
    accounts = accounts_of(request)
    how = Leave(provider, redirect_to, code_challenge, code_challenge_method)
    base = (accounts.settings.oauth.callback_url or str(request.base_url)).rstrip("/")
    sent = await leave(accounts, asked, how, base)
    response = RedirectResponse(sent.url, 302, _NOT_KEPT)
    for cookie in sent.cookies:
        response.set_cookie(cookie.name, cookie.value, SECONDS, secure=cookie.secure, httponly=True, samesite="lax")
    return response


@router.get("/callback", summary="Return from a provider", response_class=RedirectResponse, status_code=303)
async def get_callback(
    request: Request,
    asked: Leaving,
    redirect_to: Asking = "",
    state: Asking = "",
    code: Asking = "",
    error_code: Asking = "",
    error_description: Asking = "",
) -> RedirectResponse:
    """Back to an application whose client sent no challenge, with a session or an error."""
    accounts, back = accounts_of(request), Back(state, code, error_code, error_description)
    response = RedirectResponse(await come_back(accounts, asked, back, request.cookies, redirect_to), 303, _NOT_KEPT)
    for secure in (False, True):
        if (name := cookie_name(state, secure=secure)) in request.cookies:
            response.delete_cookie(name, secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/settings", summary="Which ways of signing in there are", response_model=SignInSettings)
async def get_settings(request: Request) -> Json:
    """As the settings of this installation have it."""
    settings = accounts_of(request).settings
    external = {"email": True, "phone": False, "anonymous_users": False}
    external |= {"github": bool(settings.oauth.github_client_id), "google": bool(settings.oauth.google_client_id)}
    return Json(
        {
            "external": external,
            "disable_signup": not settings.auth.sign_up,
            "mailer_autoconfirm": not settings.auth.verified_email,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
        }
    )


@router.get("/health", summary="That this answers", response_model=AuthHealth)
async def get_health() -> Json:
    """What the client may look for."""
    return Json({"version": VERSION, "name": "Relais", "description": "Relais, as Supabase's authentication server"})
