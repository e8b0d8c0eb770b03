"""Which tables an answer about a table depends on: its own rows, and whatever its policies and functions look at.

Only what can be told for certain is told. A table is left out when something on the way is opaque, or when writes to
one of the tables are not announced (`relais.announce_writes`): answers about it cannot be kept.
"""

from collections import defaultdict
from typing import Any

from app.catalog.types import Dependencies, Name

Json = Any


def find_dependencies(found: Json) -> Dependencies:
    """Follow what PostgreSQL has recorded."""
    ways = _Ways(found)
    tables = {name: reads for node, name in ways.names.items() if (reads := ways.reads(node)) is not None}
    computed = {
        (ways.names[relation], item["name"]): reads
        for item in found["of_rows"]
        if (relation := f"r{item['relation']}") in ways.names and (reads := ways.reads(f"f{item['oid']}")) is not None
    }
    return Dependencies(tables, computed)


class _Ways:
    """The graph of relations (`r…`) and functions (`f…`)."""

    def __init__(self, found: Json) -> None:
        self.names = {f"r{row['oid']}": Name(row["schema"], row["name"]) for row in found["relations"]}
        self._onward: dict[str, list[str]] = defaultdict(list)
        for source, target in found["edges"]:
            self._onward[source].append(target)
        # A foreign table or a materialized view changes without a word; a family of tables has writes of its own.
        self._dark = {f"f{oid}" for oid in (*found["opaque"], *found["volatile"])}
        self._stored: set[str] = set()
        for row in found["relations"]:
            node = f"r{row['oid']}"
            if row["stored"]:
                self._stored.add(node)
            if (row["stored"] and not row["told"]) or row["families"]:
                self._dark.add(node)
            elif not row["stored"] and node not in self._onward:
                self._dark.add(node)

    def reads(self, start: str) -> frozenset[Name] | None:
        """The tables that a node leads to, itself among them; None if they cannot all be told."""
        seen, open_ends = {start}, [start]
        while open_ends:
            node = open_ends.pop()
            if node in self._dark or (node[0] == "r" and node not in self.names):
                return None
            for target in self._onward.get(node, ()):
                if target not in seen:
                    seen.add(target)
                    open_ends.append(target)
        return frozenset(self.names[node] for node in seen if node in self._stored)
