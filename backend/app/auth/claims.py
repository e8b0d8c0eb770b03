"""What the claims of a verified token must say for it to be accepted now.

Signatures are checked in `tokens.py`, and what claims grant is decided in `caller.py`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.auth.json_values import Json

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_NEVER = (math.inf, -math.inf)


class UnusableAudience(ValueError):
    """The audience of the settings cannot be used; the message is for the person who set it."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What is asked of every token."""

    audience: str | None = None
    issuer: str | None = None
    leeway_seconds: int = 30

    def __post_init__(self) -> None:
        if self.audience and ":" in self.audience and not _ABSOLUTE_URI.fullmatch(self.audience):
            raise UnusableAudience("The JWT audience contains a colon, so it must be a URI.")


# Compared by identity, so that what others derive from claims can be kept for as long as the claims are.
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Claims:
    """The claims of a token whose signature is right, and the time in which they are acceptable, end excluded."""

    values: Mapping[str, Json]
    starts: float
    ends: float
    #: Signed by us: what it says of sessions is ours to know.
    ours: bool = False


def judged(values: Mapping[str, Json], rules: ClaimRules, *, ours: bool = False) -> Claims:
    """Claims with their time, worked out once so that a request only compares; never acceptable ones have none."""
    times = {name: _seconds(values.get(name)) for name in ("exp", "nbf", "iat")}
    wrong_type = any(values.get(name) is not None for name, time in times.items() if time is None)
    if wrong_type or _audience_problem(values.get("aud"), rules.audience) or _issuer_problem(values, rules.issuer):
        return Claims(values, *_NEVER, ours)
    starts = [time - rules.leeway_seconds for name, time in times.items() if time is not None and name != "exp"]
    expires = times["exp"]
    # Whole seconds are compared, so the last one counts to its end.
    ends = math.inf if expires is None else expires + rules.leeway_seconds + 1
    return Claims(values, max(starts, default=-math.inf), ends, ours)


def first_problem(values: Mapping[str, Json], rules: ClaimRules, now: float) -> str | None:
    """Why claims are not acceptable, in the order of the dialect; None if they are."""
    return (
        _time_problem(values, "exp", math.floor(now) - rules.leeway_seconds)
        or _time_problem(values, "nbf", math.floor(now) + rules.leeway_seconds)
        or _time_problem(values, "iat", math.floor(now) + rules.leeway_seconds)
        or _audience_problem(values.get("aud"), rules.audience)
        or _issuer_problem(values, rules.issuer)
    )


def _time_problem(values: Mapping[str, Json], name: str, limit: int) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is None:
        return f"The JWT '{name}' claim must be a number"
    match name:
        case "exp":
            return "JWT expired" if seconds < limit else None
        case "nbf":
            return "JWT not yet valid" if seconds > limit else None
        case _:
            return "JWT issued at future" if seconds > limit else None


def _seconds(value: Json) -> int | None:
    """A time as a whole number; None if it is no number. A fractional one counts as 0, as in the dialect."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else 0


def _audience_problem(value: Json, audience: str | None) -> str | None:
    if value is None:
        return None
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(item, str) for item in named):
        return "The JWT 'aud' claim must be a string or an array of strings"
    # An empty array names nobody in particular; an empty string is a name.
    return "JWT not in audience" if audience is not None and named and audience not in named else None


def _issuer_problem(values: Mapping[str, Json], issuer: str | None) -> str | None:
    if issuer is None:
        return None
    value = values.get("iss")
    if not isinstance(value, str | None):
        return "The JWT 'iss' claim must be a string"
    return None if value == issuer else "JWT not from issuer"
