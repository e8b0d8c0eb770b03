"""The domains. A folder here that has a `MODULE` is one; no list of them is kept anywhere."""

import importlib
import pkgutil

from app.module import Module


def load_modules() -> tuple[Module, ...]:
    """Every module, in the order of their names. Two that claim one name, schema or table stop the start."""
    found = tuple(
        importlib.import_module(f"{__name__}.{item.name}").MODULE
        for item in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name)
        if item.ispkg
    )
    for attribute in ("name", "schema"):
        values = [getattr(module, attribute) for module in found]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise RuntimeError(f"Two modules have the {attribute} {', '.join(sorted(twice))}")
    return found
