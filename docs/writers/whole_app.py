"""The whole application, imported: declarations register themselves when their file is read."""

import importlib
import pkgutil
from functools import cache

import app


@cache
def import_everything() -> None:
    """Import every file of the package `app`."""
    for item in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(item.name)
