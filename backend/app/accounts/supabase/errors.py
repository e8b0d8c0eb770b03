"""Refusals in the shape that Supabase's client reads: `{code, error_code, msg, message}`, under GoTrue's codes.

The services refuse as they always do; here their codes are translated. Those without a translation keep their own, in
small letters. Messages stay ours: applications show them to their users.
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.accounts.shapes.supabase import GoTrueError
from app.answers import Responses
from app.errors import MALFORMED_REQUEST, MEDIA_TYPE, VALIDATION_ERROR, AppError, ErrorSpec, refuse
from app.routers import Handler, Route

VERSION_HEADER = "x-supabase-api-version"
#: Since it `code` is a word; before it, it is the status, and the word is `error_code`.
VERSION = "2024-01-01"

UNSUPPORTED_GRANT_TYPE = ErrorSpec("UNSUPPORTED_GRANT_TYPE", 400, "Type d'autorisation non pris en charge")
PHONE_PROVIDER_DISABLED = ErrorSpec("PHONE_PROVIDER_DISABLED", 400, "La connexion par téléphone n'est pas proposée")
ANONYMOUS_PROVIDER_DISABLED = ErrorSpec("ANONYMOUS_PROVIDER_DISABLED", 422, "La connexion anonyme n'est pas proposée")
OTP_DISABLED = ErrorSpec("OTP_DISABLED", 422, "La connexion par lien ou code envoyé par email n'est pas proposée")
REAUTHENTICATION_NEEDED = ErrorSpec("REAUTHENTICATION_NEEDED", 400, "Le mot de passe actuel est requis")
NOT_ADMIN = ErrorSpec("NOT_ADMIN", 403, "Accès réservé aux administrateurs")
EMAIL_EXISTS = ErrorSpec("EMAIL_EXISTS", 422, "Un compte existe déjà avec cette adresse email")

_TRANSLATED: dict[str, tuple[int, str]] = {
    "AUTH_TOKEN_MISSING": (401, "no_authorization"),
    "AUTH_TOKEN_INVALID": (403, "bad_jwt"),
    "API_TOKEN_INVALID": (403, "bad_jwt"),
    "API_TOKEN_EXPIRED": (403, "bad_jwt"),
    # The client drops its session when it reads this word, and only then.
    "SESSION_ENDED": (403, "session_not_found"),
    "INSUFFICIENT_ROLE": (403, "not_admin"),
    "INSUFFICIENT_SCOPE": (403, "not_admin"),
    "INVALID_CREDENTIALS": (400, "invalid_credentials"),
    "EMAIL_NOT_VERIFIED": (400, "email_not_confirmed"),
    "EMAIL_TAKEN": (422, "user_already_exists"),
    "USERNAME_TAKEN": (422, "validation_failed"),
    "WEAK_PASSWORD": (422, "weak_password"),
    "SIGN_UP_CLOSED": (422, "signup_disabled"),
    "TENANT_CLOSED": (422, "signup_disabled"),
    "SECOND_FACTOR_REQUIRED": (403, "insufficient_aal"),
    "INVALID_SIGN_IN_CODE": (404, "flow_state_not_found"),
    "UNPROVEN_ACCOUNT": (409, "email_exists"),
    "PROVIDER_EMAIL_MISSING": (400, "provider_email_needs_verification"),
    "OAUTH_STATE_INVALID": (400, "bad_oauth_state"),
    "MEMBER_NOT_FOUND": (404, "user_not_found"),
    "PASSWORD_NOT_CONFIRMED": (400, "invalid_credentials"),
    "EMAIL_UNCHANGED": (422, "validation_failed"),
    "REFRESH_TOKEN_REQUIRED": (400, "validation_failed"),
    "INVALID_REFRESH_TOKEN": (400, "refresh_token_not_found"),
    "INVALID_LINK": (403, "otp_expired"),
    "RATE_LIMIT_EXCEEDED": (429, "over_request_rate_limit"),
    "INVALID_PROVIDER": (400, "oauth_provider_not_supported"),
    "OAUTH_NOT_CONFIGURED": (400, "provider_disabled"),
    "VALIDATION_ERROR": (400, "validation_failed"),
    "MALFORMED_REQUEST": (400, "bad_json"),
    "BODY_TOO_LARGE": (413, "validation_failed"),
    "METHOD_NOT_ALLOWED": (405, "validation_failed"),
    "ROUTE_NOT_FOUND": (404, "not_found"),
}


class SupabaseRoute(Route):
    """A route whose refusals are told in GoTrue's shape."""

    def get_route_handler(self) -> Handler:
        """The route's handler, with its refusals translated."""
        handler = super().get_route_handler()

        async def translated(request: Request) -> Response:
            try:
                answer = await handler(request)
            except (AppError, RequestValidationError, HTTPException) as error:
                answer = refusal(error, version=request.headers.get(VERSION_HEADER, ""))
            answer.headers[VERSION_HEADER] = VERSION
            return answer

        return translated


def refusal(error: Exception, *, version: str = VERSION) -> Response:
    """What a client of this version of GoTrue's interface is answered."""
    refused = plain(error)
    status, word = translated_code(refused)
    body: dict[str, Any] = {
        "code": word if version >= VERSION else status,
        "error_code": word,
        "msg": refused.message,
        "message": refused.message,
        **refused.extra,
    }
    if word == "weak_password":
        body["weak_password"] = {"message": refused.message, "reasons": refused.details or []}
    # What is told may quote what was sent, half a surrogate included.
    text = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(text, status, dict(refused.headers), MEDIA_TYPE)


def plain(error: Exception) -> AppError:
    """What the framework raised, as one of ours."""
    if isinstance(error, AppError):
        return error
    if isinstance(error.__cause__, AppError):
        # Raised while the body was read, and wrapped by the framework on the way.
        return error.__cause__
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    assert isinstance(error, HTTPException)
    spec = MALFORMED_REQUEST if error.status_code == 400 else VALIDATION_ERROR
    return AppError(spec.code, error.status_code, spec.message, headers=error.headers or {})


def described(*specs: ErrorSpec) -> Responses:
    """What the description of a route says of its errors. Several may share a word: the first speaks for them."""
    found: dict[int, dict[str, str]] = {}
    for spec in specs:
        status, word = translated_code(refuse(spec))
        found.setdefault(status, {}).setdefault(word, spec.message)
    return {status: _described(words) for status, words in sorted(found.items())}


def example(word: str, message: str) -> dict[str, Any]:
    """An error as it is told, of this word."""
    return {"code": word, "error_code": word, "msg": message, "message": message}


def _described(words: Mapping[str, str]) -> dict[str, Any]:
    examples = {word: {"value": example(word, message)} for word, message in words.items()}
    said = ", ".join(f"`{word}`: {message}" for word, message in words.items())
    return {"model": GoTrueError, "description": said, "content": {"application/json": {"examples": examples}}}


def translated_code(error: AppError) -> tuple[int, str]:
    """Status and word."""
    return _TRANSLATED.get(error.code, (error.status, error.code.lower()))


def _invalid(error: RequestValidationError) -> AppError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return AppError(MALFORMED_REQUEST.code, 400, MALFORMED_REQUEST.message)
    field = ".".join(str(part) for part in first["loc"][1:])
    return AppError(VALIDATION_ERROR.code, 400, f"{VALIDATION_ERROR.message} : {field or 'corps'} ({first['msg']})")
