"""What is wrong with an answer, by the contract."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.alias_generators import to_snake

from tests.contract.asking import BODIES, Asked
from tests.contract.endpoints import Endpoint
from tests.contract.examples import EXAMPLES, Example
from tests.contract.shape import problems
from tests.contract.uploads import UPLOADS
from tests.contract.world import SECRET

#: How the API is called in this world.
HERE = "http://relais.test"
#: What a file may be called: nothing of a path, nothing that a browser or a shell reads.
_STORED = re.compile(r"[0-9A-Za-z_-]+\.[0-9a-z]+")
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
_BODIES = (*BODIES, "no JSON")
_PARAMETERS = ("wrong parameter", "long parameter")
#: What theirs answered where it had no code: a proper one is better, with the same text.
_NO_CODE = (None, "INTERNAL_ERROR")
#: Codes that any endpoint may answer, whatever else the contract names for the status.
_ANYWHERE = {
    400: frozenset({"VALIDATION_ERROR", "MALFORMED_REQUEST"}),
    401: frozenset({"AUTH_TOKEN_MISSING", "AUTH_TOKEN_INVALID"}),
}


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
    if case.kind == "upload" and answer.status == 400 and answer.json["code"] != UPLOADS[case.detail].refusal:
        yield f"{case}: {answer.json}, not {UPLOADS[case.detail].refusal}"
    if answer.status >= 400:
        yield from (f"{case}: {told}" for told in problems(answer.json, ERRORS_OF.get(endpoint.group, ERROR)))
        yield from (f"{case}: {told}" for told in _otherwise_worded(answer))
    elif case.kind in ("valid", "upload") and answer.status == endpoint.status:
        yield from (f"{case}: {told}" for told in _unlike(answer))
    yield from _leaks(answer, emails)


def _wanted(answer: Asked, also: tuple[int, ...]) -> set[int] | None:
    """The statuses that would do; None: any that is no 5xx."""
    case, endpoint = answer.case, answer.case.endpoint
    listed = endpoint.refused_with
    if case.kind == "valid":
        return _of_valid(case.who, endpoint) | (set(also) if _is_let_in(case.who, endpoint) else set())
    if case.kind == "upload":
        return {401 if case.who == "anonymous" else UPLOADS[case.detail].status}
    if case.kind == "hidden":
        return {401, 404} if case.who == "anonymous" else {404, 403} & (listed | {404})
    if case.kind == "shared":
        return {endpoint.status}
    if case.kind in _PARAMETERS:
        return {endpoint.status, 400} | set(also)
    if case.kind in _PATHS:
        return {404} | (listed & {400, 403}) | set(also) if 404 in listed else None
    if case.kind in _BODIES:
        return {400} | set(also) | (listed & {401, 404, 413})
    return None


def _of_valid(who: str, endpoint: Endpoint) -> set[int]:
    listed = endpoint.refused_with
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
    wanted = EXAMPLES.get(endpoint.id, Example()).content
    if wanted is not None and answer.content != wanted:
        yield "other bytes expected"
    if endpoint.kind in ("redirect", "binary", "text", "html"):
        return
    told = _from_here(answer.json)
    if endpoint.kind == "row" and isinstance(told, list):
        # A row is told alone or as the one row of a list: the shipped client takes the first of either.
        told = told[0] if told else None
    if endpoint.takes_file and not _is_harmless(told["file"]):
        yield f"a hostile name: {told['file']}"
    for shape in (endpoint.shape, endpoint.additions):
        if shape is not None:
            yield from problems(told, shape)
    if endpoint.both_casings:
        yield from _in_one_casing(told)


def _is_harmless(file: Mapping[str, Any]) -> bool:
    return _STORED.fullmatch(file["fileName"]) is not None and file["originalName"].isprintable()


def _from_here(told: Any) -> Any:
    """An answer with the addresses of its files as the contract has them, without the host: ours are whole."""
    if isinstance(told, dict):
        return {key: _from_here(value) for key, value in told.items()}
    return told.removeprefix(HERE) if isinstance(told, str) and told.startswith(f"{HERE}/api/files/") else told


def _otherwise_worded(answer: Asked) -> Iterator[str]:
    """Codes and texts of refusals, where the contract gives them."""
    wanted = [item for item in answer.case.endpoint.errors if item.status == answer.status]
    told = answer.json
    if not wanted or not isinstance(told, dict):
        return
    if isinstance(told.get("error"), dict):
        told = told["error"]
    code, text = told.get("code"), told.get("message")
    if code in EXAMPLES.get(answer.case.endpoint.id, Example()).codes:
        return
    of_code = [item for item in wanted if item.code == code] or [item for item in wanted if item.code in _NO_CODE]
    if code in _ANYWHERE.get(answer.status, frozenset()) and not any(item.code == code for item in of_code):
        return
    if not any(_says(item.text, text) for item in of_code):
        known = sorted(f"{item.code} {item.text!r}" for item in wanted)
        yield f"{answer.status} {code} {text!r}, none of {known}"


def _says(pattern: str, text: Any) -> bool:
    """Whether a text is the contract's, whatever stands in its places."""
    parts = (re.escape(part) for part in re.split(r"\{[^}]*\}", pattern))
    return isinstance(text, str) and re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def _in_one_casing(told: Any) -> Iterator[str]:
    """Names of rows that are told in camelCase alone."""
    for row in _rows(told):
        for name, value in row.items():
            twin = to_snake(name.lstrip("_"))
            if twin != name and not name.startswith("_") and row.get(twin, ...) != value:
                yield f"{name} without {twin}"


def _rows(told: Any) -> Iterator[dict[str, Any]]:
    if isinstance(told, list):
        for item in told:
            yield from _rows(item)
    elif isinstance(told, dict):
        if "id" in told:
            yield told
        else:
            for item in told.values():
                yield from _rows(item)


def _leaks(answer: Asked, emails: Mapping[str, str]) -> Iterator[str]:
    if answer.case.who not in ("anonymous", "other"):
        return
    if SECRET.encode() in answer.content:
        yield f"{answer.case}: tells a private row"
    for name, email in emails.items():
        if name != answer.case.who and email.encode() in answer.content:
            yield f"{answer.case}: tells the address of {name}"
