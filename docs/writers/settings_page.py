"""`reference/settings.md`: every setting, by group, from the declarations in `app.settings`."""

import inspect
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from app.settings import Described, Settings, describe, variables
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from docs.writers.markdown import code, page, table

INTRO: Final = """\
Relais is set up by environment variables alone; there is no configuration file. Each variable has a default that is
right for a developer's machine.

- An empty variable counts as unset.
- A variable that begins with `RELAIS_` and is not in this list stops the start, with the closest name as a hint.
- All mistakes are told at once.
- `relais settings` prints the values in force. Secrets are masked.

Durations are in seconds and sizes in bytes where the name says so."""
HEADINGS: Final = ("Variable", "Value", "Default", "Meaning")
TITLES: Final = {"http": "HTTP"}
WORDS: Final = {"str": "text", "int": "whole number", "float": "number", "bool": "`true` or `false`", "Path": "path"}


def settings_page() -> str:
    """The page."""
    described = {row.variable: row for row in describe(Settings.model_construct())}
    groups: dict[str, list[tuple[str, ...]]] = {}
    for variable, path in variables():
        title = path[0] if len(path) > 1 else ""
        groups.setdefault(title, []).append(_row(described[variable], _field(path)))
    parts = [_section(title, rows) for title, rows in groups.items()]
    return page("Settings", INTRO, *parts)


def _section(group: str, rows: list[tuple[str, ...]]) -> str:
    if not group:
        return f"## General\n\n{table(HEADINGS, rows)}"
    kind = Settings.model_fields[group].annotation
    assert kind is not None
    about = inspect.cleandoc(kind.__doc__ or "")
    return f"## {TITLES.get(group, group.capitalize())}\n\n{about}\n\n{table(HEADINGS, rows)}"


def _row(row: Described, field: FieldInfo) -> tuple[str, ...]:
    written = row.default.lower() if field.annotation is bool else row.default
    default = written if written == "unset" else code(written)
    return code(row.variable), _values(field), default, row.description


def _field(path: tuple[str, ...]) -> FieldInfo:
    owner: type[BaseModel] = Settings
    for name in path[:-1]:
        annotation = owner.model_fields[name].annotation
        assert isinstance(annotation, type)
        owner = annotation
    return owner.model_fields[path[-1]]


def _values(field: FieldInfo) -> str:
    """What the variable may hold, in words."""
    annotation: Any = field.annotation
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(kind for kind in get_args(annotation) if kind is not NoneType)
    if get_origin(annotation) is Literal:
        return ", ".join(code(str(value)) for value in get_args(annotation))
    if annotation is SecretStr:
        return "secret"
    return " ".join((WORDS[annotation.__name__], *_limits(field)))


def _limits(field: FieldInfo) -> list[str]:
    words = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}", "pattern": "like {}"}
    found: list[str] = []
    for item in field.metadata:
        for name, sentence in words.items():
            limit = getattr(item, name, None)
            if limit is not None:
                found.append(sentence.format(code(str(limit)) if name == "pattern" else f"{limit:g}"))
    return found
