"""The tables as the code declares them: which file each is in, and what its class says it is for."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel

from docs.writers.whole_app import import_everything


@dataclass(frozen=True, slots=True)
class Declaration:
    """Where a table is declared, and its first words."""

    module: str
    line: int
    about: str

    @property
    def topic(self) -> str:
        """What the file is about: its name, or its folder's when the file is just `tables.py`."""
        *folders, name = self.module.split(".")
        return folders[-1] if name == "tables" else name

    @property
    def file(self) -> str:
        """The file, below `backend/`."""
        return self.module.replace(".", "/") + ".py"


def declarations() -> Mapping[str, Declaration]:
    """Each declared table by its full name, in the order of files and of lines in them."""
    import_everything()
    found: dict[str, Declaration] = {}
    for mapper in SQLModel._sa_registry.mappers:  # the only list of models that SQLModel keeps
        kind: Any = mapper.class_
        about = inspect.cleandoc(kind.__doc__ or "")
        found[str(mapper.local_table)] = Declaration(kind.__module__, inspect.getsourcelines(kind)[1], about)
    return dict(sorted(found.items(), key=lambda item: (item[1].module, item[1].line)))
