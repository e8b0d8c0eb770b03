"""Rows as clients read them: each field under both of its spellings, times as texts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from app.accounts.people import instant


def in_both_casings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in snake_case, and again in camelCase where that is another name."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        told = instant(value) if isinstance(value, datetime) else value
        shown[name] = shown[to_camel(name)] = told
    return shown
