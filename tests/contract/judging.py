"""What is wrong with an answer, by the contract."""

from collections.abc import Iterator, Mapping

from tests.contract.asking import Asked
from tests.contract.endpoints import Endpoint
from tests.contract.examples import EXAMPLES, Example
from tests.contract.shape import problems
from tests.contract.world import SECRET

ERROR = {"code": "string", "error": "string", "message": "string", "details": "json", "hint": "string|null"}
#: The documented external API has a form of its own, the table endpoints that of the gateway.
ERRORS_OF = {
    "v1-docs": {"error": {"message": "string", "code": "string"}},
    "table-api": {"code": "string", "message": "string"},
}
#: Whom an endpoint turns away although they have signed in, by what it demands.
TURNED_AWAY = {
    "none": (),
    "user": (),
    "owner": ("other",),
    "moderator": ("owner", "other"),
    "admin": ("owner", "other", "moderator"),
    "super_admin": ("owner", "other", "moderator", "admin"),
}
_PATHS = ("unknown", "malformed", "over-long", "hostile")
_BODIES = ("wrong type", "too long", "left out", "no JSON")


def faults(answer: Asked, emails: Mapping[str, str]) -> Iterator[str]:
    """All of them."""
    case, endpoint = answer.case, answer.case.endpoint
    also = EXAMPLES.get(endpoint.id, Example()).also
    if answer.status >= 500 and answer.status not in also:
        yield f"{case}: {answer.status} {answer.content[:200]!r}"
        return
    wanted = _wanted(answer, also)
    if wanted is not None and answer.status not in wanted:
        yield f"{case}: {answer.status}, not one of {sorted(wanted)}: {answer.content[:200]!r}"
    if answer.status >= 400:
        yield from (f"{case}: {told}" for told in problems(answer.json, ERRORS_OF.get(endpoint.group, ERROR)))
    elif case.kind == "valid" and answer.status == endpoint.status:
        yield from (f"{case}: {told}" for told in _unlike(answer))
    yield from _leaks(answer, emails)


def _wanted(answer: Asked, also: tuple[int, ...]) -> set[int] | None:
    """The statuses that would do; None: any that is no 5xx."""
    case, endpoint = answer.case, answer.case.endpoint
    listed = {status for status, _ in endpoint.errors}
    if case.kind == "valid":
        return _of_valid(case.who, endpoint) | (set(also) if _is_let_in(case.who, endpoint) else set())
    if case.kind == "hidden":
        return {401, 404} if case.who == "anonymous" else {404, 403} & (listed | {404})
    if case.kind in _PATHS:
        return {404} | (listed & {400, 403}) | set(also) if 404 in listed else None
    if case.kind in _BODIES:
        return {400} | set(also) | (listed & {401, 404, 413})
    return None


def _of_valid(who: str, endpoint: Endpoint) -> set[int]:
    listed = {status for status, _ in endpoint.errors}
    done = {endpoint.status} | ({200, 201} if endpoint.status in (200, 201) else set[int]())
    if endpoint.auth == "none":
        return done
    if who == "anonymous":
        return {401}
    if who in TURNED_AWAY[endpoint.auth]:
        return {403, 404}
    if endpoint.auth in ("user", "owner") and who != "owner":
        # Rows of this world are the owner's: who else may do it is the endpoint's own affair.
        return done | (listed | {403, 404}) - {401, 429}
    return done


def _is_let_in(who: str, endpoint: Endpoint) -> bool:
    return endpoint.auth == "none" or (who != "anonymous" and who not in TURNED_AWAY[endpoint.auth])


def _unlike(answer: Asked) -> Iterator[str]:
    endpoint = answer.case.endpoint
    if endpoint.kind == "empty":
        if answer.content:
            yield "nothing expected"
        return
    if endpoint.kind in ("redirect", "binary", "text", "html"):
        return
    told = answer.json
    if endpoint.kind == "row" and isinstance(told, list):
        # A row is told alone or as the one row of a list: the shipped client takes the first of either.
        told = told[0] if told else None
    for shape in (endpoint.shape, endpoint.additions):
        if shape is not None:
            yield from problems(told, shape)


def _leaks(answer: Asked, emails: Mapping[str, str]) -> Iterator[str]:
    if answer.case.who not in ("anonymous", "other"):
        return
    if SECRET.encode() in answer.content:
        yield f"{answer.case}: tells a private row"
    for name, email in emails.items():
        if name != answer.case.who and email.encode() in answer.content:
            yield f"{answer.case}: tells the address of {name}"
