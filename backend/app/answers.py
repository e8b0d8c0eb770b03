"""Answers of explicit routes: JSON made once, and what the API's description says of them.

A model here describes and checks nothing: routes give it as their `response_model` and answer `Json`.
"""

from typing import Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from starlette.responses import Response

from app.errors import MEDIA_TYPE, ErrorSpec

Rows = TypeVar("Rows")


class Json(Response):
    """An answer whose content is ready to be told: nothing checks it again."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """Its bytes."""
        return orjson.dumps(content)


class Answer(BaseModel):
    """What clients read. Fields are named in snake_case; aliases are their names in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    #: Every name is told in snake_case as well.
    both_casings: ClassVar[bool] = False

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        """The schema, with both spellings of each name where both are told."""
        schema = handler(core_schema)
        if cls.both_casings:
            _with_twins(cls, handler.resolve_ref_schema(schema))
        return schema


def _with_twins(model: type[Answer], schema: JsonSchemaValue) -> None:
    parts, required = schema["properties"], schema.get("required", [])
    for name in model.model_fields:
        alias = to_camel(name)
        if alias != name and alias in parts and name not in parts:
            parts[name] = parts[alias]
            if alias in required:
                required.append(name)


class Told(BaseModel):
    """An error as explicit routes tell it. Some have one member more: `required`, `retryAfter`, `attemptsLeft`."""

    model_config = ConfigDict(extra="allow")

    code: str
    error: str = Field(description="The message again, where the frontend looks for it.")
    message: str
    details: Any = None
    hint: str | None = None


class ToldBySql(Told):
    """What PostgreSQL refuses and no route foresees, in its own words."""

    code: str = Field(pattern="^[0-9A-Z]{5}$", description="The SQLSTATE.")


class Message(BaseModel):
    """That something was done, in words for the user."""

    message: str


class Success(Message):
    """That something was done, in words and for programs."""

    success: bool


class Nothing(BaseModel):
    """An object without fields: that it was answered says all."""


class Meta(Answer):
    """Where a page is in its list."""

    total: int
    page: int
    limit: int
    total_pages: int
    total_is_bound: bool | None = Field(
        default=None, description="True if there are at least `total`: a search counts no further. Otherwise left out."
    )


class PageOf(BaseModel, Generic[Rows]):
    """Rows of a list, and where they are in it."""

    data: list[Rows]
    meta: Meta


Responses = dict[int | str, dict[str, Any]]


def errors(*specs: ErrorSpec) -> Responses:
    """What the description of a route says of its errors, each status with its codes."""
    found: dict[int, list[ErrorSpec]] = {}
    for spec in dict.fromkeys(specs):
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
