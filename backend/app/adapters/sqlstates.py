"""What an error of PostgreSQL means over HTTP: a table of SQLSTATE prefixes, read from top to bottom."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson

from app.errors import AppError, ErrorSpec, refuse

BAD_RAISE = ErrorSpec("PGRST121", 500, "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error")
_MESSAGE_KEYS = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
)
_DETAIL_KEYS = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."

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
_OF_THE_DRIVER = "\nNOTE: pgbouncer with pool_mode"
#: What SQL may ask for: servers cannot send what is beyond, and after what is below clients wait for another answer.
STATUSES = range(200, 600)


def database_error(error: asyncpg.PostgresError, *, anonymous: bool) -> AppError:
    """An error of PostgreSQL in the one shape, its words unchanged."""
    code: str = error.sqlstate or "XX000"
    message = error.message or ""
    if code == "PGRST":
        return _raised(message, error.detail)
    status = _status(code, message, anonymous=anonymous)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return AppError(code, status, message, error.detail, _hint(error), headers)


def _hint(error: asyncpg.PostgresError) -> str | None:
    """PostgreSQL's: to that of some codes the driver adds a word of its own."""
    return error.hint and (error.hint.partition(_OF_THE_DRIVER)[0] or None)


def _status(code: str, message: str, *, anonymous: bool) -> int:
    decided = _status_by_text(code, message)
    if decided is not None:
        return decided
    if code == "42501":
        return 401 if anonymous else 403
    return next((status for prefix, status in STATUS_BY_PREFIX if code.startswith(prefix)), OTHERWISE)


def _status_by_text(code: str, message: str) -> int | None:
    if code.startswith("PT"):
        wanted = int(code[2:]) if code[2:].isdigit() else 500
        return wanted if wanted in STATUSES else 500
    if code == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if code == "22023":
        return 401 if message.startswith("role ") and message.endswith(" does not exist") else 400
    if code == "42883":
        return 406 if message.startswith("function xmlagg(") else 404
    return None


def _raised(message: str, detail: str | None) -> AppError:
    """An error that SQL has made whole: `RAISE SQLSTATE 'PGRST'` with its body and its status in JSON."""
    said = _object(message)
    if said is None or not _texts(said, ("code", "message"), ("details", "hint")):
        return refuse(BAD_RAISE, f"Invalid JSON value for MESSAGE: '{message}'", hint=_MESSAGE_KEYS)
    if detail is None:
        return refuse(BAD_RAISE, "DETAIL is missing in the RAISE statement", hint=_DETAIL_KEYS)
    sent = _object(detail)
    headers = sent.get("headers") if sent is not None else None
    status = sent.get("status") if sent is not None else None
    if not isinstance(headers, dict) or type(status) is not int or status not in STATUSES:
        return refuse(BAD_RAISE, f"Invalid JSON value for DETAIL: '{detail}'", hint=_DETAIL_KEYS)
    if not all(isinstance(value, str) for value in headers.values()):
        return refuse(BAD_RAISE, f"Invalid JSON value for DETAIL: '{detail}'", hint=_DETAIL_KEYS)
    return AppError(said["code"], status, said["message"], said.get("details"), said.get("hint"), headers)


def _object(text: str) -> dict[str, Any] | None:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _texts(said: Mapping[str, Any], obligatory: tuple[str, ...], optional: tuple[str, ...]) -> bool:
    return all(isinstance(said.get(name), str) for name in obligatory) and all(
        said.get(name) is None or isinstance(said[name], str) for name in optional
    )
