"""The one way to say no: a declared `ErrorSpec`, raised as `AppError`, sent in one shape.

    {"code": …, "details": …, "hint": …, "message": …}

Explicit routes repeat the message as `error`, which the existing frontend reads.

Codes are an interface. PostgREST's own are used where its dialect defines one, SQLSTATEs for what PostgreSQL refuses,
and readable words in capitals for the rest. Messages are French where the web application shows them to its users.
Specs live beside whoever raises them; those of HTTP itself live here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/json; charset=utf-8"
_specs: dict[str, "ErrorSpec"] = {}


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """A declared error. A code that is declared twice stops the start."""

    code: str
    status: int
    message: str
    #: Another wording of one that is declared.
    is_wording: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if self.is_wording:
            return
        if self.code in _specs:
            raise RuntimeError(f"The error code {self.code} is declared twice")
        _specs[self.code] = self

    def worded(self, message: str) -> "ErrorSpec":
        """The same error, in the words that another route has for it."""
        return ErrorSpec(self.code, self.status, message, is_wording=True)


def declared_errors() -> tuple[ErrorSpec, ...]:
    """Every declared error, for the reference and its test."""
    return tuple(sorted(_specs.values(), key=lambda spec: spec.code))


@dataclass(slots=True)
class AppError(Exception):
    """The only exception that is raised on purpose for a client to see.

    `details` says what was seen, `hint` what to do about it.
    """

    code: str
    status: int
    message: str
    details: Any = None
    hint: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    #: Further members of the body on explicit routes.
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        Exception.__init__(self, self.code, self.message)

    def response(self) -> Response:
        """This error as explicit routes answer it: the frontend reads the message as `error`, too."""
        shape = {**self._shape(), "error": self.message, **self.extra}
        return Response(_json(shape), self.status, dict(self.headers), MEDIA_TYPE)

    def plain_response(self) -> Response:
        """This error as the gateway answers it."""
        return Response(self.body(), self.status, dict(self.headers), MEDIA_TYPE)

    def body(self) -> bytes:
        """The one shape."""
        return _json(self._shape())

    def _shape(self) -> dict[str, Any]:
        return {"code": self.code, "details": self.details, "hint": self.hint, "message": self.message}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def refuse(
    spec: ErrorSpec, details: Any = None, *, hint: str | None = None, headers: Mapping[str, str] | None = None
) -> AppError:
    """An `AppError` of a declared kind, to be raised."""
    return AppError(spec.code, spec.status, spec.message, details, hint, headers or {})


ROUTE_NOT_FOUND = ErrorSpec("ROUTE_NOT_FOUND", 404, "Route non trouvée")
METHOD_NOT_ALLOWED = ErrorSpec("METHOD_NOT_ALLOWED", 405, "Méthode non autorisée")
VALIDATION_ERROR = ErrorSpec("VALIDATION_ERROR", 400, "Erreur de validation")
MALFORMED_REQUEST = ErrorSpec("MALFORMED_REQUEST", 400, "Requête illisible")
BODY_TOO_LARGE = ErrorSpec("BODY_TOO_LARGE", 413, "Requête trop volumineuse")
REQUEST_TIMEOUT = ErrorSpec("REQUEST_TIMEOUT", 503, "La requête a pris trop de temps")
INTERNAL_ERROR = ErrorSpec("INTERNAL_ERROR", 500, "Erreur serveur interne")
HTTP_ERROR = ErrorSpec("HTTP_ERROR", 400, "Requête refusée")
