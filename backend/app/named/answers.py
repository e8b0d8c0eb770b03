"""Answers of explicit routes: JSON made once, and what the API's description says of errors and pages."""

from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.errors import ErrorSpec
from app.named.lists import Meta

Rows = TypeVar("Rows")
MEDIA_TYPE = "application/json; charset=utf-8"


class Json(Response):
    """An answer whose content is ready to be told: nothing checks it again."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """Its bytes."""
        return orjson.dumps(content)


class Told(BaseModel):
    """An error as explicit routes tell it."""

    code: str
    error: str = Field(description="The message again, where the frontend looks for it.")
    message: str
    details: Any = None
    hint: str | None = None


class Message(BaseModel):
    """That something was done, in words for the user."""

    message: str


Responses = dict[int | str, dict[str, Any]]


def errors(*specs: ErrorSpec) -> Responses:
    """What the description of a route says of its errors, each status with its codes."""
    found: dict[int, list[ErrorSpec]] = {}
    for spec in specs:
        found.setdefault(spec.status, []).append(spec)
    return {status: _described(of_status) for status, of_status in sorted(found.items())}


def _described(specs: list[ErrorSpec]) -> dict[str, Any]:
    examples = {
        spec.code: {
            "value": {
                "code": spec.code,
                "details": None,
                "error": spec.message,
                "hint": None,
                "message": spec.message,
            }
        }
        for spec in specs
    }
    said = ", ".join(f"`{spec.code}`: {spec.message}" for spec in specs)
    return {"model": Told, "description": said, "content": {"application/json": {"examples": examples}}}


class PageOf(BaseModel, Generic[Rows]):
    """Rows of a list, and where they are in it."""

    data: list[Rows]
    meta: Meta
