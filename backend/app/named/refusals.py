"""What PostgreSQL refuses, told to users of explicit routes: in their words, with a code that they know.

A route that foresees a refusal says what it means (`ask.telling`); this is for all others. The gateway tells
PostgreSQL's own words: its callers wrote the query.
"""

from collections.abc import Mapping

from app.accounts.errors import AUTH_TOKEN_MISSING, INSUFFICIENT_ROLE
from app.errors import VALIDATION_ERROR, AppError, ErrorSpec, refuse

#: Codes, and how messages begin that PostgreSQL has for them; messages of our own functions are for users already.
_REFUSALS: Mapping[str, tuple[ErrorSpec, tuple[str, ...]]] = {
    "22001": (VALIDATION_ERROR, ("value too long for type",)),
    "22003": (VALIDATION_ERROR, ("",)),
    "22007": (VALIDATION_ERROR, ("",)),
    "22008": (VALIDATION_ERROR, ("",)),
    "22021": (VALIDATION_ERROR, ("",)),
    "22P02": (VALIDATION_ERROR, ("",)),
    "22P05": (VALIDATION_ERROR, ("",)),
    "23502": (VALIDATION_ERROR, ("",)),
    "23514": (VALIDATION_ERROR, ("new row for relation",)),
    "42501": (INSUFFICIENT_ROLE, ("new row violates row-level security", "permission denied")),
}
_UNAUTHORIZED = 401


def in_words(error: AppError) -> AppError:
    """The error as users are told it."""
    spec, begun = _REFUSALS.get(error.code, (None, ()))
    if spec is None or not error.message.startswith(begun):
        return error
    if error.status == _UNAUTHORIZED:
        return refuse(AUTH_TOKEN_MISSING, headers=error.headers)
    return refuse(spec)
