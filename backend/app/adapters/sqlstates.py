"""What an error of PostgreSQL means over HTTP: a table of SQLSTATE prefixes, read from top to bottom."""

import asyncpg

from app.errors import AppError

#: The first prefix that fits decides. Codes that need more than their prefix are in `_status_by_text`.
STATUS_BY_PREFIX: tuple[tuple[str, int], ...] = (
    ("08", 503),
    ("09", 500),
    ("0L", 403),
    ("0P", 403),
    ("23503", 409),
    ("23505", 409),
    ("25006", 405),
    ("25", 500),
    ("28", 403),
    ("2D", 500),
    ("38", 500),
    ("39", 500),
    ("3B", 500),
    ("40", 500),
    ("53400", 500),
    ("53", 503),
    ("54", 500),
    ("55", 500),
    ("57P01", 503),
    ("57", 500),
    ("58", 500),
    ("F0", 500),
    ("HV", 500),
    ("P0001", 400),
    ("P0", 500),
    ("XX", 500),
    ("42P01", 404),
    ("42P17", 500),
)
OTHERWISE = 400


def database_error(error: asyncpg.PostgresError, *, anonymous: bool) -> AppError:
    """An error of PostgreSQL in the one shape, its words unchanged."""
    code: str = error.sqlstate or "XX000"
    message = error.message or ""
    status = _status(code, message, anonymous=anonymous)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return AppError(code, status, message, error.detail, error.hint, headers)


def _status(code: str, message: str, *, anonymous: bool) -> int:
    decided = _status_by_text(code, message)
    if decided is not None:
        return decided
    if code == "42501":
        return 401 if anonymous else 403
    return next((status for prefix, status in STATUS_BY_PREFIX if code.startswith(prefix)), OTHERWISE)


def _status_by_text(code: str, message: str) -> int | None:
    if code.startswith("PT"):
        return int(code[2:]) if code[2:].isdigit() else 500
    if code == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if code == "22023":
        return 401 if message.startswith("role ") and message.endswith(" does not exist") else 400
    if code == "42883":
        return 406 if message.startswith("function xmlagg(") else 404
    return None
