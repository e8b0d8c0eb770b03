"""The one place where an exception becomes an answer, whoever raised it: us, the framework, or a mistake.

A mistake is logged once, with the request's id, and answered without its cause.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log
from app.errors import (
    BODY_TOO_LARGE,
    HTTP_ERROR,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    METHOD_NOT_ALLOWED,
    ROUTE_NOT_FOUND,
    VALIDATION_ERROR,
    AppError,
    ErrorSpec,
    refuse,
)
from app.middleware.trace import trace_of

UNEXPECTED = "unexpected_error"
#: What becomes of an error before it is told.
Telling = Callable[[AppError], AppError]
_BY_STATUS: Mapping[int, ErrorSpec] = {
    400: MALFORMED_REQUEST,
    404: ROUTE_NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: BODY_TOO_LARGE,
}


#: By the types of the library that validates.
_WORDS: Mapping[str, str] = {
    "missing": "Champ requis",
    "string_too_short": "Au moins {min_length} caractères",
    "string_too_long": "Au plus {max_length} caractères",
    "string_type": "Un texte est attendu",
    "string_unicode": "Caractère interdit",
    "int_type": "Un nombre entier est attendu",
    "int_parsing": "Un nombre entier est attendu",
    "int_from_float": "Un nombre entier est attendu",
    "bool_type": "Oui ou non est attendu",
    "bool_parsing": "Oui ou non est attendu",
    "list_type": "Une liste est attendue",
    "dict_type": "Un objet est attendu",
    "model_type": "Un objet est attendu",
    "model_attributes_type": "Un objet est attendu",
    "greater_than_equal": "Au moins {ge}",
    "less_than_equal": "Au plus {le}",
    "uuid_type": "Identifiant invalide",
    "uuid_parsing": "Identifiant invalide",
    "enum": "Valeur non autorisée",
    "literal_error": "Valeur non autorisée",
    "too_long": "Au plus {max_length} éléments",
    "too_short": "Au moins {min_length} éléments",
}


class ErrorAnswersMiddleware:
    """Answers every exception that reaches it in the one shape."""

    def __init__(self, app: ASGIApp, *, of_gateway: bool = False, in_words: Telling | None = None) -> None:
        self.app = app
        self.of_gateway = of_gateway
        self.in_words = in_words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if started:
                # Half an answer is out; the connection must break so that nobody takes it for a whole one.
                _log_unexpected(scope, error)
                raise
            refused = _refused(scope, error)
            if self.in_words is not None:
                refused = self.in_words(refused)
            answer = refused.plain_response() if self.of_gateway else refused.response()
            await answer(scope, receive, send)


def framework_error(request: Request, error: Exception) -> Response:
    """Handler for what FastAPI and Starlette raise themselves."""
    refused = translated(error)
    if refused.code == ROUTE_NOT_FOUND.code:
        refused.extra = {"path": request.url.path}
    return refused.response()


def _refused(scope: Scope, error: Exception) -> AppError:
    if isinstance(error, AppError):
        return error
    _log_unexpected(scope, error)
    return refuse(INTERNAL_ERROR, f"request {trace_of(scope).request_id}")


def _log_unexpected(scope: Scope, error: Exception) -> None:
    log.event(UNEXPECTED, {"request_id": trace_of(scope).request_id}, level="error", error=error)


def translated(error: Exception) -> AppError:
    """What FastAPI or Starlette raised, as an error of ours."""
    if isinstance(error.__cause__, AppError):
        # Raised while the body was read, and wrapped by the framework on the way.
        return error.__cause__
    if isinstance(error, RequestValidationError):
        unread = next((item for item in error.errors() if item["type"] == "json_invalid"), None)
        if unread is not None:
            return refuse(MALFORMED_REQUEST, str(unread.get("ctx", {}).get("error", unread["msg"])))
        return refuse(VALIDATION_ERROR, _issues(error.errors()))
    assert isinstance(error, HTTPException)
    spec = _BY_STATUS.get(error.status_code, HTTP_ERROR)
    # What the framework says of a known status ("Not Found") repeats our message; anything else is worth telling.
    details = error.detail if spec in (MALFORMED_REQUEST, HTTP_ERROR) else None
    return AppError(spec.code, error.status_code, spec.message, details, headers=error.headers or {})


def _issues(errors: Sequence[Any]) -> list[dict[str, str]]:
    return [{"path": ".".join(str(part) for part in item["loc"][1:]), "message": _in_words(item)} for item in errors]


def _in_words(item: Mapping[str, Any]) -> str:
    """What is wrong with a value, for the people who typed it."""
    words = _WORDS.get(item["type"])
    if words is not None:
        return words.format(**item.get("ctx", {}))
    if item["type"] == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    return "Valeur invalide"
