"""What statements are put together from. Only here and in the files `sql_*.py` is SQL composed.

Every name is quoted by `ident`, every value is an `Argument` that becomes `$n`, read by PostgreSQL from text. Types
that casts of a request name have passed the grammar: letters, digits, spaces, nothing that could end them.
"""

from collections.abc import Sequence

from app.catalog.identifiers import quoted
from app.catalog.types import INFERRED, Name
from app.errors import AppError
from app.gateway.operators import TEXT_TYPES
from app.gateway.query import JsonStep
from app.gateway.types import Argument, ColumnRef, Sql


class Composer:
    """Collects the arguments of one statement."""

    def __init__(self, *, exact_embeds: bool = False) -> None:
        self.arguments: list[Argument] = []
        self.exact_embeds = exact_embeds

    def put(self, argument: Argument) -> str:
        """The placeholder of a value."""
        self.arguments.append(argument)
        return f"${len(self.arguments)}"

    def text(self, argument: Argument, as_type: str | None = None) -> str:
        """A value that travels as text, read as a type."""
        if as_type == INFERRED:
            return self.put(argument)
        placeholder = f"{self.put(argument)}::text"
        return placeholder if as_type is None or as_type in TEXT_TYPES else f"{placeholder}::{as_type}"

    def constant(self, value: str, as_type: str | None = None) -> str:
        """A value of the plan."""
        return self.text(Argument(-1, value), as_type)


def ident(name: str) -> str:
    """A quoted identifier."""
    if "\0" in name:
        raise AppError("22021", 400, 'invalid byte sequence for encoding "UTF8": 0x00')
    return quoted(name)


def qualified(name: Name) -> str:
    """A quoted name in its schema."""
    return f"{ident(name.schema)}.{ident(name.name)}"


def function_call(name: str) -> Sql:
    """The call of a function that settings name, with its schema or without."""
    return Sql(f"SELECT {'.'.join(ident(part.strip().strip(chr(34))) for part in name.split('.', 1))}()")


def column_of(relation: str, name: str) -> str:
    """A column, qualified."""
    return f"{relation}.{ident(name)}"


def field_sql(relation: str, column: ColumnRef, path: Sequence[JsonStep], composer: Composer) -> str:
    """A column, or what is at a path inside of it."""
    text = column_of(relation, column.name)
    if not path:
        return text
    if not column.is_json:
        text = f"to_jsonb({text})"
    for step in path:
        key = composer.constant(step.key, "int" if step.is_index else None)
        text += f"{'->>' if step.as_text else '->'}{key}"
    return text
