"""Asks everything of the contract that the application has a route for: one API, one world, many requests at once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.accounts.conftest import NOBODYS, signed_up
from tests.contract.endpoints import Endpoint, Field
from tests.contract.examples import EXAMPLES, Example, Request, made
from tests.contract.uploads import UPLOADS
from tests.contract.world import CALLERS, HIDDEN, SHARED, World

AT_ONCE = 8
#: What can be wrong with a field of a body.
BODIES = ("wrong type", "too long", "left out")
#: Who is in any case allowed to ask an endpoint, by what it demands.
ALLOWED = {
    "none": "owner",
    "user": "owner",
    "owner": "owner",
    "moderator": "moderator",
    "admin": "admin",
    "super_admin": "super_admin",
}
#: A value that a parameter of a type cannot have.
WRONG = {"int": "1e9", "uuid": "pas-un-id", "url": "javascript:alert(1)"}
LONG = "9" * 3000
UNKNOWN = {"unknown": NOBODYS, "malformed": "pas-un-id", "over-long": "x" * 3000, "hostile": "%00'%22;--"}


@dataclass(frozen=True, slots=True)
class Case:
    """Something that is asked."""

    endpoint: Endpoint
    #: valid, hidden, unknown, malformed, over-long, …
    kind: str
    who: str
    #: What is wrong with it, or who made what it is about.
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.endpoint.id}, {self.kind} {self.detail} by {self.who}".replace("  ", " ")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was answered."""

    case: Case
    status: int
    content: bytes
    json: Any
    kind: str


async def asked(world: World, offered: tuple[Endpoint, ...]) -> list[Asked]:
    """All answers."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Asked:
        async with gate:
            return await _ask(world, case)

    return await asyncio.gather(*(one(case) for endpoint in offered for case in cases(endpoint)))


def cases(endpoint: Endpoint) -> Iterator[Case]:
    """What is asked of an endpoint."""
    example = EXAMPLES.get(endpoint.id, Example())
    allowed = ALLOWED[endpoint.auth]
    yield from (Case(endpoint, "valid", who, of) for of in ("", *example.others) for who in CALLERS)
    if endpoint.takes_file:
        yield from (Case(endpoint, "upload", who, form) for form in UPLOADS for who in CALLERS)
    if example.hidden is not None:
        yield from (Case(endpoint, "hidden", who, of) for of in hidden_as(example) for who in ("anonymous", "other"))
        if endpoint.method == "GET" and endpoint.auth == "none":
            yield from (Case(endpoint, "shared", "other", of) for of in shared_as(example))
    if endpoint.places:
        yield from (Case(endpoint, kind, allowed) for kind in UNKNOWN)
    if isinstance(example.body, dict):
        yield from _spoilt_bodies(endpoint, allowed)
    if endpoint.method != "GET" and endpoint.fields:
        yield Case(endpoint, "no JSON", allowed)
    for name, _ in endpoint.parameters:
        yield from (Case(endpoint, kind, allowed, name) for kind in ("wrong parameter", "long parameter"))
    yield Case(endpoint, "hostile query", allowed)


def _spoilt_bodies(endpoint: Endpoint, who: str) -> Iterator[Case]:
    for item in endpoint.fields:
        if item.type == "json" or item.name.startswith("<"):
            continue
        yield Case(endpoint, "wrong type", who, item.name)
        if item.most is not None and item.type.startswith("string") and not item.type.startswith("string["):
            yield Case(endpoint, "too long", who, item.name)
        if item.required:
            yield Case(endpoint, "left out", who, item.name)


def hidden_as(example: Example) -> tuple[str, ...]:
    """The rows that only their readers may see, by their makers: a private resource stands for all that strangers may
    not read, those that were shared with them until yesterday and those of a group that they left included."""
    return HIDDEN if "{private}" in (example.hidden or {}).values() else ("",)


def shared_as(example: Example) -> tuple[str, ...]:
    """Resources that are not public, and that the stranger may read nevertheless."""
    return SHARED if "{private}" in (example.hidden or {}).values() else ()


async def _ask(world: World, case: Case) -> Asked:
    example = EXAMPLES.get(case.endpoint.id, Example())
    request = await made(world, example, case.who, hidden=case.kind in ("hidden", "shared"), instead=_instead(case))
    path, body, query = dict(request.path), request.body, dict(request.query)
    if case.kind in UNKNOWN:
        path = dict.fromkeys(path, UNKNOWN[case.kind])
    elif case.kind in ("wrong parameter", "long parameter"):
        query[case.detail] = _of_parameter(case)
    elif case.kind in BODIES:
        body = _spoilt(case, request)
    elif case.kind == "hostile query":
        query |= {
            "page": "-1",
            "limit": "1e9",
            "sortBy": "1;--",
            "search": "'%&|!(\x00",
            "select": "*",
            "id__in": "x,(",
        }
    headers = (await signed_up(world.client)).headers if example.leaves else world.headers(case.who)
    told = _body(case, body)
    told["headers"] = headers | told.get("headers", {})
    answer = await world.client.request(case.endpoint.method, case.endpoint.filled(path), params=query, **told)
    return Asked(case, answer.status_code, answer.content, _json(answer), answer.headers.get("content-type", ""))


def _body(case: Case, body: Any) -> dict[str, Any]:
    """How the client is told it."""
    if case.kind == "no JSON":
        return {"content": b"{nope", "headers": {"Content-Type": "application/json"}}
    if case.endpoint.takes_file:
        content, headers = UPLOADS[case.detail or "plain"].sent()
        return {"content": content, "headers": headers}
    return {} if body is None else {"json": body}


def _instead(case: Case) -> str:
    return case.detail if case.kind in ("valid", "hidden", "shared") else ""


def _of_parameter(case: Case) -> str:
    type_ = dict(case.endpoint.parameters)[case.detail]
    if case.kind == "long parameter":
        return LONG
    return WRONG.get(type_, "pas-une-valeur" if type_.startswith("enum") else "'%&|!(\x00")


def _spoilt(case: Case, request: Request) -> dict[str, Any]:
    spec = next(item for item in case.endpoint.fields if item.name == case.detail)
    body: dict[str, Any] = dict(request.body)
    if case.kind == "left out":
        body.pop(spec.name, None)
    elif case.kind == "too long":
        body[spec.name] = "x" * ((spec.most or 0) + 1)
    else:
        body[spec.name] = _of_wrong_type(spec)
    return body


def _of_wrong_type(item: Field) -> Any:
    return [[1]] if item.type.startswith(("object", "map")) else {"mauvais": ["type"]}


def _json(answer: httpx.Response) -> Any:
    if not answer.content or "json" not in answer.headers.get("content-type", ""):
        return None
    return answer.json()
