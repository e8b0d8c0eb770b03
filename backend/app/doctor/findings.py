"""What a look at one thing gives: how it is, and what to do about it. Findings never hold secrets."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from app.errors import AppError

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    what: str
    seen: str
    remedy: str = ""


def ok(what: str, seen: str) -> Finding:
    """It is as it should be."""
    return Finding(Severity.OK, what, seen)


def advice(what: str, seen: str, remedy: str) -> Finding:
    """It works, and could be better."""
    return Finding(Severity.ADVICE, what, seen, remedy)


def wrong(what: str, seen: str, remedy: str) -> Finding:
    """Something does not work, or guards nothing."""
    return Finding(Severity.WRONG, what, seen, remedy)


def unreachable(what: str, error: AppError, variable: str) -> Finding:
    """A server that did not answer, or not to us."""
    seen = " ".join(str(part) for part in (error.message, error.details) if part)
    return wrong(what, seen, f"Check {variable}, and that the server runs and lets us in.")


def is_local(url: str) -> bool:
    """Whether an address leads nowhere but to the machine that reads it."""
    return (urlsplit(url).hostname or "") in LOCAL_HOSTS
