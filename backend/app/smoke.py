"""The questions that a deployed API must answer rightly, asked over HTTP from outside."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
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
    body: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    question: str
    ok: bool
    seen: str
    milliseconds: float


def _is_error(code: str) -> Callable[[Any], bool]:
    shape = {"code", "details", "hint", "message"}
    return lambda body: shape <= set(body) and body["code"] == code


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
    Question("keys are published", "/.well-known/jwks.json", 200, lambda body: isinstance(body["keys"], list)),
    Question("nobody has no session", "/api/auth/session", 401, _is_error("AUTH_TOKEN_MISSING")),
)
OF_A_USER = Question("the token's user", "/api/auth/session", 200, lambda body: bool(body["user"]["id"]))


def ask(url: str, token: str = "", email: str = "", password: str = "") -> Iterator[Answer]:
    """Put every question, one after the other; those of a user with their token, or with a session of their own."""
    if not _is_address(url):
        raise SettingsError(f"{url} is no address of an API; it must begin with http:// or https://.")
    address = url.rstrip("/")
    for question in QUESTIONS:
        yield _asked(address, question)[0]
    if token:
        yield _asked(address, OF_A_USER, token)[0]
    if email:
        yield from _life_of_a_session(address, {"email": email, "password": password})


def _life_of_a_session(address: str, credentials: Mapping[str, str]) -> Iterator[Answer]:
    """Sign in, look around, refresh, sign out, and be out."""
    wrong = {**credentials, "password": "not the password"}
    refused = _is_error("INVALID_CREDENTIALS")
    yield _asked(address, Question("a wrong password", "/api/auth/signin", 401, refused, "POST", wrong))[0]
    entry = Question(
        "signing in", "/api/auth/signin", 200, lambda body: bool(body["access_token"]), "POST", credentials
    )
    answer, told = _asked(address, entry)
    yield Answer(answer.question, answer.ok, "tokens" if answer.ok else answer.seen, answer.milliseconds)
    if not answer.ok:
        return
    yield _asked(address, OF_A_USER, told["access_token"])[0]
    shown = Question("the gateway knows the user", "/rest/v1/", 200, lambda body: body["swagger"] == "2.0")
    yield _asked(address, shown, told["access_token"])[0]
    body = {"refreshToken": told["refresh_token"]}
    renewal = Question("refreshing", "/api/auth/refresh", 200, lambda body: bool(body["refresh_token"]), "POST", body)
    answer, told = _asked(address, renewal)
    yield Answer(answer.question, answer.ok, "tokens" if answer.ok else answer.seen, answer.milliseconds)
    if answer.ok:
        leave = Question("signing out", "/api/auth/signout", 200, lambda body: "message" in body, "POST", {})
        yield _asked(address, leave, told["access_token"])[0]
        out = Question("the session has ended", "/api/auth/session", 401, _is_error("SESSION_ENDED"))
        yield _asked(address, out, told["access_token"])[0]


def _asked(address: str, question: Question, token: str = "") -> tuple[Answer, Any]:
    begun, body = time.perf_counter(), None
    try:
        status, body = _fetch(address + question.path, question, token)
        ok, seen = (
            status == question.status and question.holds(body),
            f"{status} {json.dumps(body, ensure_ascii=False)[:100]}",
        )
    except (URLError, OSError) as error:
        ok, seen = False, f"no answer: {getattr(error, 'reason', error)}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        ok, seen = False, f"not the expected shape: {type(error).__name__}"
    return Answer(question.text, ok, seen, (time.perf_counter() - begun) * 1000), body


def _is_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _fetch(url: str, question: Question, token: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None
    if question.body is not None:
        data, headers["Content-Type"] = json.dumps(question.body).encode(), "application/json"
    request = Request(url, data, headers, method=question.method)  # noqa: S310 - the scheme is checked above
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())
