"""The questions that a deployed API must answer rightly, asked over HTTP from outside."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from app.settings import SettingsError

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """A request and what must be true of its answer."""

    text: str
    path: str
    status: int
    holds: Callable[[Any], bool]
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    question: str
    ok: bool
    seen: str
    milliseconds: float


def _is_error(code: str) -> Callable[[Any], bool]:
    return lambda body: set(body) == {"code", "details", "hint", "message"} and body["code"] == code


QUESTIONS = (
    Question("the process lives", "/live", 200, lambda body: body["status"] == "ok"),
    Question("every part is ready", "/ready", 200, lambda body: all(part["ok"] for part in body["parts"].values())),
    Question("the frontend's first probe", "/api/health", 200, lambda body: body["status"] == "ok"),
    Question("the frontend's second probe", "/health", 200, lambda body: body["status"] == "ok"),
    Question("the API describes itself", "/api/docs.json", 200, lambda body: "/ready" in body["paths"]),
    Question("the gateway describes itself", "/rest/v1/", 200, lambda body: body["swagger"] == "2.0"),
    Question("an unknown table says so", "/rest/v1/smoke-none", 404, _is_error("PGRST205")),
    Question("an unknown route says so", "/smoke/none", 404, _is_error("ROUTE_NOT_FOUND")),
    Question("a wrong method says so", "/live", 405, _is_error("METHOD_NOT_ALLOWED"), method="DELETE"),
)


def ask(url: str, token: str) -> Iterator[Answer]:
    """Put every question, one after the other."""
    if not _is_address(url):
        raise SettingsError(f"{url} is no address of an API; it must begin with http:// or https://.")
    for question in QUESTIONS:
        begun = time.perf_counter()
        try:
            status, body = _fetch(url.rstrip("/") + question.path, question.method, token)
            ok, seen = status == question.status and question.holds(body), f"{status} {json.dumps(body)[:100]}"
        except (URLError, OSError) as error:
            ok, seen = False, f"no answer: {getattr(error, 'reason', error)}"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            ok, seen = False, f"not the expected shape: {type(error).__name__}"
        yield Answer(question.text, ok, seen, (time.perf_counter() - begun) * 1000)


def _is_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _fetch(url: str, method: str, token: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = Request(url, method=method, headers=headers)  # noqa: S310 - the scheme is checked above
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())
