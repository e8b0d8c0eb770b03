"""The contract: the endpoints that clients know, from `endpoints.json`."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Rank = Literal["none", "user", "owner", "moderator", "admin", "super_admin"]
CONTRACT = Path(__file__).with_name("endpoints.json")
_PLACE = re.compile(r":(\w+)|\{(\w+)(?::path)?\}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body."""

    name: str
    type: str
    required: bool
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that it names. Of those without a code the text alone counts."""

    status: int
    code: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the contract says of one."""

    id: str
    group: str
    method: str
    path: str
    auth: Rank
    fields: tuple[Field, ...]
    status: int
    kind: str
    shape: Any
    additions: Any
    errors: frozenset[Refusal]
    #: Parameters of its query string, with their types.
    parameters: tuple[tuple[str, str], ...]
    #: Its rows have every name in camelCase and in snake_case.
    both_casings: bool
    #: Its body is a form with a file in it.
    takes_file: bool

    @property
    def refused_with(self) -> frozenset[int]:
        """The statuses of its errors."""
        return frozenset(item.status for item in self.errors)

    @property
    def places(self) -> tuple[str, ...]:
        """What its path has to be filled in with."""
        return tuple(found[0] or found[1] for found in _PLACE.findall(self.path))

    def filled(self, values: dict[str, str]) -> str:
        """Its path with these in it."""
        return _PLACE.sub(lambda found: values[found[1] or found[2]], self.path)


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """All of them."""
    return tuple(map(_endpoint, json.loads(CONTRACT.read_text())))


def _endpoint(told: dict[str, Any]) -> Endpoint:
    fields = tuple(
        Field(item["name"], item["type"], item["required"], item.get("min"), item.get("max"))
        for item in (told["body"] or {}).get("fields", [])
    )
    success = told["success"]
    return Endpoint(
        id=told["id"],
        group=told["group"],
        method=told["method"],
        path=told["path"],
        auth=told["auth"],
        fields=fields,
        status=success["status"],
        kind=success["kind"],
        shape=success["shape"],
        additions=success["additions"],
        errors=frozenset(Refusal(item["status"], item["code"], item["error"]) for item in told["errors"]),
        parameters=tuple(
            (item["name"], item["type"]) for item in told["query_params"] or () if not item["name"].startswith("<")
        ),
        both_casings=told["row_dual_case"],
        takes_file=(told["body"] or {}).get("content_type") == "multipart/form-data",
    )
