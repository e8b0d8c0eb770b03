"""The operators of filters: each a row of the table, nothing about them anywhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Operator:
    """How a filter is written in SQL."""

    symbol: str
    #: What the value is read as: the column's own type, or text (patterns).
    value: Literal["column", "text"] = "column"
    #: Of arrays, ranges and JSON.
    of_sets: bool = False


OPERATORS: Mapping[str, Operator] = {
    "eq": Operator("="),
    "neq": Operator("<>"),
    "gt": Operator(">"),
    "gte": Operator(">="),
    "lt": Operator("<"),
    "lte": Operator("<="),
    "like": Operator("like", "text"),
    "ilike": Operator("ilike", "text"),
    "match": Operator("~", "text"),
    "imatch": Operator("~*", "text"),
    "isdistinct": Operator("IS DISTINCT FROM"),
    "cs": Operator("@>", of_sets=True),
    "cd": Operator("<@", of_sets=True),
    "ov": Operator("&&", of_sets=True),
    "sl": Operator("<<", of_sets=True),
    "sr": Operator(">>", of_sets=True),
    "nxr": Operator("&<", of_sets=True),
    "nxl": Operator("&>", of_sets=True),
    "adj": Operator("-|-", of_sets=True),
}
#: Functions that make a text search query of a value.
TEXT_SEARCH: Mapping[str, str] = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
#: What may follow `is.`.
KEYWORDS: Mapping[str, str] = {
    "null": "NULL",
    "not_null": "NOT NULL",
    "true": "TRUE",
    "false": "FALSE",
    "unknown": "UNKNOWN",
}
#: Types whose patterns are of their own type.
PATTERN_TYPES = frozenset({"bytea"})
#: Types that a bare text value is compared with as it is.
TEXT_TYPES = frozenset({"text", "character varying"})
