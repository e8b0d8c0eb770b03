"""Types in TypeScript: the `Database` that `@supabase/supabase-js` and `postgrest-js` take as their parameter."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from app.catalog.typings import Kind, ListOf, Member, Reference, RowOf, TypedFunction, TypedSchema, TypedTable, Words

_BARE = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z", re.ASCII)
_PLAIN = {
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "text": "string",
    "json": "Json",
    "nothing": "undefined",
    "unknown": "unknown",
}
_HEAD = """\
// Written by `relais catalog types --lang ts` from the database. Do not edit: write it anew.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  // What of the dialect there is: clients look it up in their types.
  __InternalSupabase: {
    PostgrestVersion: "14"
  }
"""
#: What clients' types ask of a group without members.
_NONE = "[_ in never]: never"


def typescript(schemas: Sequence[TypedSchema]) -> str:
    """The file."""
    return _HEAD + "".join(_Writer(schemas).schema(schema) for schema in schemas) + "}\n"


class _Writer:
    def __init__(self, schemas: Sequence[TypedSchema]) -> None:
        self.places: dict[tuple[str, str], str] = {}
        self.enums = {words.name for schema in schemas for words in schema.enums}
        for schema in schemas:
            groups = (
                ("Tables", (table.name for table in schema.tables), '["Row"]'),
                ("Views", (view.name for view in schema.views), '["Row"]'),
                ("CompositeTypes", schema.composites, ""),
            )
            for group, names, end in groups:
                for name in names:
                    self.places[schema.name, name] = _place(schema.name, group, name) + end

    def schema(self, schema: TypedSchema) -> str:
        lines = [
            f"{_key(schema.name)}: {{",
            *_group("Tables", (self._table(table) for table in schema.tables)),
            *_group("Views", (self._table(view) for view in schema.views)),
            *_group("Functions", (self._functions(name, found) for name, found in schema.functions.items())),
            *_group("Enums", ([f"{_key(words.name.name)}: {_words(words)}"] for words in schema.enums)),
            *_group(
                "CompositeTypes",
                ([f"{_key(name)}: {{", *_indented(self._row(parts)), "}"] for name, parts in schema.composites.items()),
            ),
            "}",
        ]
        return "".join(f"  {line}\n" for line in lines)

    def _table(self, table: TypedTable) -> list[str]:
        lines = ["Row: {", *_indented(self._row((*table.members, *table.computed))), "}"]
        if table.insertable or not table.is_view:
            lines += ["Insert: {", *_indented(self._written(table.members, inserting=True)), "}"]
        if table.updatable or not table.is_view:
            lines += ["Update: {", *_indented(self._written(table.members, inserting=False)), "}"]
        lines += ["Relationships: [", *_indented(_references(table.references)), "]"]
        return [f"{_key(table.name)}: {{", *_indented(lines), "}"]

    def _row(self, members: Iterable[Member]) -> Iterator[str]:
        for member in members:
            yield f"{_key(member.name)}: {self._type(member)}"

    def _written(self, members: Iterable[Member], *, inserting: bool) -> Iterator[str]:
        for member in members:
            if member.never:
                yield f"{_key(member.name)}?: never"
            else:
                mark = "" if inserting and not member.optional else "?"
                yield f"{_key(member.name)}{mark}: {self._type(member)}"

    def _functions(self, name: str, found: Sequence[TypedFunction]) -> list[str]:
        if len(found) == 1:
            first, *rest = self._function(found[0])
            return [f"{_key(name)}: {first}", *rest]
        lines = [f"{_key(name)}:"]
        for function in found:
            first, *rest = self._function(function)
            lines += _indented([f"| {first}", *_indented(rest)])
        return lines

    def _function(self, function: TypedFunction) -> list[str]:
        arguments = [
            f"{_key(item.name)}{'?' if item.optional else ''}: {self._type(item)}" for item in function.arguments
        ]
        taken = f"{{ {'; '.join(arguments)} }}" if arguments else "Record<PropertyKey, never>"
        if function.columns:
            returns = f"{{ {'; '.join(self._row(function.columns))} }}"
        else:
            returns = self._kind(function.returns)
        return ["{", f"  Args: {taken}", f"  Returns: {_list(returns) if function.set_of else returns}", "}"]

    def _type(self, member: Member) -> str:
        kind = self._kind(member.kind)
        return f"{kind} | null" if member.nullable and kind not in ("Json", "unknown") else kind

    def _kind(self, kind: Kind) -> str:
        match kind:
            case ListOf(of):
                return _list(self._kind(of))
            case Words(name):
                # Those of schemas that are not exposed have no place.
                return _place(name.schema, "Enums", name.name) if name in self.enums else _words(kind)
            case RowOf(name):
                return self.places.get((name.schema, name.name), "Record<string, unknown>")
            case _:
                return _PLAIN[kind]


def _references(references: Iterable[Reference]) -> Iterator[str]:
    for item in references:
        yield "{"
        yield f"  foreignKeyName: {_text(item.name)}"
        yield f"  columns: {_texts(item.columns)}"
        yield f"  isOneToOne: {'true' if item.one_to_one else 'false'}"
        yield f"  referencedRelation: {_text(item.relation)}"
        yield f"  referencedColumns: {_texts(item.referenced)}"
        yield "},"


def _group(name: str, members: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"  {name}: {{"
    lines = [f"    {line}" for member in members for line in member]
    yield from lines or [f"    {_NONE}"]
    yield "  }"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _place(schema: str, group: str, name: str) -> str:
    return f'Database[{_text(schema)}]["{group}"][{_text(name)}]'


def _list(kind: str) -> str:
    return f"({kind})[]" if "|" in kind else f"{kind}[]"


def _words(words: Words) -> str:
    return " | ".join(_text(label) for label in words.labels) or "never"


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _texts(names: Iterable[str]) -> str:
    return f"[{', '.join(_text(name) for name in names)}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
