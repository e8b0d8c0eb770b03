"""Types in Python: a `TypedDict` for each row, for what is written of it, and for the arguments of each function."""

import json
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence

from app.catalog.types import Name
from app.catalog.typings import Kind, ListOf, Member, RowOf, TypedFunction, TypedSchema, TypedTable, Words

_PLAIN = {
    "boolean": "bool",
    "integer": "int",
    "number": "float",
    "text": "str",
    "json": "Any",
    "nothing": "None",
    "unknown": "Any",
}
_HEAD = '''\
"""Written by `relais catalog types --lang py` from the database. Do not edit: write it anew."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict
'''
_PARTS = re.compile(r"[^0-9A-Za-z]+")


def python(schemas: Sequence[TypedSchema]) -> str:
    """The file. Names of the first schema stand alone, others begin with their schema's."""
    return "\n\n".join([_HEAD, *_Writer(schemas).parts()]).rstrip("\n") + "\n"


class _Writer:
    def __init__(self, schemas: Sequence[TypedSchema]) -> None:
        self.schemas = schemas
        self.taken: set[str] = {"Any", "Literal", "NotRequired", "TypeAlias", "TypedDict"}
        self.words: dict[Name, str] = {}
        self.rows: dict[tuple[str, str], str] = {}
        self.stems: dict[tuple[str, str], str] = {}
        for schema in schemas:
            for words in schema.enums:
                self.words[words.name] = self._free(self._stem(schema.name, words.name.name), "")
            for table in (*schema.tables, *schema.views):
                stem = self.stems[schema.name, table.name] = self._stem(schema.name, table.name)
                self.rows[schema.name, table.name] = self._free(stem, "Row")
            for name in schema.composites:
                self.rows[schema.name, name] = self._free(self._stem(schema.name, name), "")

    def parts(self) -> Iterator[str]:
        """What the file is made of. Enums come first: whoever names a row before its turn does so in quotes."""
        for schema in self.schemas:
            if schema.enums:
                yield "\n".join(f"{self.words[words.name]} = {_words(words)}" for words in schema.enums) + "\n"
        for schema in self.schemas:
            for name, parts in schema.composites.items():
                yield self._dict(self.rows[schema.name, name], ((part.name, self._type(part)) for part in parts))
            for table in (*schema.tables, *schema.views):
                yield from self._table(schema.name, table)
            for name, found in schema.functions.items():
                for function in found:
                    yield from self._function(self._stem(schema.name, name), function)

    def _table(self, schema: str, table: TypedTable) -> Iterator[str]:
        row, stem = self.rows[schema, table.name], self.stems[schema, table.name]
        computed = ((item.name, f"NotRequired[{self._type(item)}]") for item in table.computed)
        yield self._dict(row, (*((item.name, self._type(item)) for item in table.members), *computed))
        written = [item for item in table.members if not item.never]
        if table.insertable or not table.is_view:
            members = ((item.name, self._inserted(item)) for item in written)
            yield self._dict(self._free(stem, "Insert"), members)
        if table.updatable or not table.is_view:
            members = ((item.name, self._type(item)) for item in written)
            yield self._dict(self._free(stem, "Update"), members, total=False)

    def _inserted(self, member: Member) -> str:
        return f"NotRequired[{self._type(member)}]" if member.optional else self._type(member)

    def _function(self, stem: str, function: TypedFunction) -> Iterator[str]:
        yield self._dict(self._free(stem, "Args"), ((item.name, self._inserted(item)) for item in function.arguments))
        returns = self._kind(function.returns)
        if function.columns:
            row = self._free(stem, "Row")
            yield self._dict(row, ((item.name, self._type(item)) for item in function.columns))
            returns = row
        yield f"{self._free(stem, 'Returns')}: TypeAlias = {f'list[{returns}]' if function.set_of else returns}\n"

    def _dict(self, name: str, members: Iterable[tuple[str, str]], *, total: bool = True) -> str:
        members = tuple(members)
        if all(_is_bare(member) for member, _ in members):
            end = "" if total else ", total=False"
            lines = [f"    {member}: {kind}" for member, kind in members] or ["    pass"]
            return "\n".join([f"class {name}(TypedDict{end}):", *lines]) + "\n"
        lines = [f"        {_text(member)}: {kind}," for member, kind in members]
        end = [] if total else ["    total=False,"]
        return "\n".join([f"{name} = TypedDict(", f"    {_text(name)},", "    {", *lines, "    },", *end, ")"]) + "\n"

    def _type(self, member: Member) -> str:
        kind = self._kind(member.kind)
        if not member.nullable or kind in ("Any", "None"):
            return kind
        # A name in quotes is no type yet, to which something could be added.
        return f'"{kind[1:-1]} | None"' if kind.startswith('"') else f"{kind} | None"

    def _kind(self, kind: Kind) -> str:
        match kind:
            case ListOf(of):
                return f"list[{self._kind(of)}]"
            case Words(name):
                return self.words.get(name) or _words(kind)
            case RowOf(name):
                known = self.rows.get((name.schema, name.name))
                return f'"{known}"' if known is not None else "dict[str, Any]"
            case _:
                return _PLAIN[kind]

    def _stem(self, schema: str, name: str) -> str:
        words = _PARTS.split(name if schema == self.schemas[0].name else f"{schema}_{name}")
        stem = "".join(word[:1].upper() + word[1:] for word in words)
        return stem if stem[:1].isalpha() else f"N{stem}"

    def _free(self, stem: str, end: str) -> str:
        """A name that nothing has: the second one of the same letters is numbered."""
        found, number = f"{stem}{end}", 1
        while found in self.taken or keyword.iskeyword(found):
            number += 1
            found = f"{stem}{number}{end}"
        self.taken.add(found)
        return found


def _is_bare(name: str) -> bool:
    """Whether it may be written as it is: within a class Python has other names for some."""
    # Letters that look alike are one to Python.
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


def _words(words: Words) -> str:
    return f"Literal[{', '.join(_text(label) for label in words.labels)}]" if words.labels else "str"


def _text(text: str) -> str:
    # What JSON writes is what Python reads.
    return json.dumps(text, ensure_ascii=False)
