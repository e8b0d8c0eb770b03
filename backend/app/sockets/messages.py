"""What clients send, whatever it is."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from app.errors import ErrorSpec

BAD_MESSAGE = ErrorSpec("REALTIME_BAD_MESSAGE", 400, "Message invalide")
TOO_FAST = ErrorSpec("REALTIME_TOO_FAST", 429, "Trop de messages, veuillez ralentir")
#: The answer to what comes too fast.
SLOWER = {"error": {"message": TOO_FAST.message, "code": TOO_FAST.code}}


def object_of(given: Any) -> Mapping[str, Any]:
    """What is an object in JSON; nothing in particular otherwise."""
    return cast("Mapping[str, Any]", given) if isinstance(given, dict) else {}


def named(args: Sequence[Any]) -> Mapping[str, Any]:
    """What a client says of a channel: its name, or an object with it."""
    return {"channel": args[0]} if args and isinstance(args[0], str) else object_of(args[0] if args else None)
