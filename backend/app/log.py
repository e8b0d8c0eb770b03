"""Logs: one JSON object a line on standard error, made of a named event and its fields.

Never a value, a token or a body of a request: fields are ids, names, counts and times.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, Literal

Level = Literal["debug", "info", "warning", "error"]
_logger = logging.getLogger("relais")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; libraries' own records come out in the same shape."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage() if record.name == "relais" else "library",
        }
        if record.name != "relais":
            fields |= {"logger": record.name, "message": record.getMessage()}
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)


def set_up_logging(level: Level) -> None:
    """Send everything, libraries included, through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    _logger.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq.worker"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def event(
    name: str,
    /,
    fields: Mapping[str, object] | None = None,
    *,
    level: Level = "info",
    error: BaseException | None = None,
) -> None:
    """Write an event: a constant name, and fields."""
    number = logging.getLevelNamesMapping()[level.upper()]
    if _logger.isEnabledFor(number):
        _logger.log(number, name, exc_info=error, extra={"fields": fields or {}})
