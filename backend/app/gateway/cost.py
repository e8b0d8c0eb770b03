"""What a read may cost by its caller's role: the planner is asked before it is run, in the caller's name.

Nothing is remembered: another value makes another plan, and so does every row that is written.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from app.adapters.postgres import Connection
from app.catalog.types import ComputedRelationship
from app.errors import AppError, ErrorSpec
from app.gateway.errors import say
from app.gateway.plan_read import walk
from app.gateway.prepare import Prepared
from app.gateway.types import Condition, Plan, ReadNode, Sql

TOO_COSTLY = ErrorSpec("RELAIS_COST", 422, "The query costs more than the caller's role may spend")
#: Rows below which a table is read as a whole without harm.
_LARGE = 10_000
#: What an ordinary index helps with.
_INDEXED = frozenset({"eq", "in", "gt", "gte", "lt", "lte"})
#: Tables that are large, with a column that the caller may read and no index begins with. The first one is told.
_WITHOUT_INDEX = """
    select asked.relation, asked.attribute
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (namespace, relation, attribute, place)
    join pg_catalog.pg_namespace as n on n.nspname = asked.namespace
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = asked.relation
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = asked.attribute
    where c.relkind in ('r', 'm') and c.reltuples >= $4::float8
      and has_column_privilege(c.oid, a.attnum, 'select')
      and not exists (select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indkey[0] = a.attnum)
    order by asked.place limit 1
"""
Asked = tuple[str, str, str]


def is_costed(prepared: Prepared) -> bool:
    """Whether budgets hold for it: whatever only reads, and a plan only if making it runs the statement."""
    explained = prepared.plan.media.plan
    call = prepared.plan.call
    reads = prepared.plan.write is None and (prepared.mode == "read" or call is None or call.function.read_only)
    return reads and (explained is None or "analyze" in explained.plan_options)


async def check_cost(connection: Connection, prepared: Prepared, args: Sequence[Any], budget: float) -> None:
    """Refuse what the planner expects to cost more than the budget."""
    explain = Sql(f"EXPLAIN (FORMAT JSON) {prepared.plain}")
    [explained] = orjson.loads(await connection.fetchval(explain, *args))
    cost: float = explained["Plan"]["Total Cost"]
    if cost > budget:
        raise await _refused(connection, prepared.plan, explained["Plan"], budget)


async def _refused(connection: Connection, plan: Plan, explained: dict[str, Any], budget: float) -> AppError:
    hint = None
    columns = list(_filtered_whole(plan, explained))
    if columns:
        row = await connection.fetchrow(_WITHOUT_INDEX, *map(list, zip(*columns, strict=True)), _LARGE)
        if row is not None:
            hint = f"No index of {row['relation']} begins with the column {row['attribute']}."
    told = f"{TOO_COSTLY.message}: about {_rounded(explained['Total Cost'])}, the budget is {_rounded(budget)}"
    return say(TOO_COSTLY, told, hint=hint)


def _rounded(cost: float) -> int:
    """Two digits: the rest would tell of values how often they occur."""
    return int(float(f"{cost:.2g}"))


def _filtered_whole(plan: Plan, explained: dict[str, Any]) -> Iterator[Asked]:
    """Columns that the caller compares, of tables that would be read as a whole to look for them.

    They are those of the request: what else a filter speaks of may be a policy's.
    """
    filters = dict(_whole_reads(explained))
    for node in walk(plan.read):
        filtered = filters.get(node.source.name, "")
        for name in _compared(node):
            if re.search(rf"(?<!\w)\"?{re.escape(name)}\"?(?!\w)", filtered):
                yield node.source.schema, node.source.name, name


def _whole_reads(explained: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if explained["Node Type"] == "Seq Scan" and "Filter" in explained:
        yield explained["Relation Name"], explained["Filter"]
    for below in explained.get("Plans", ()):
        yield from _whole_reads(below)


def _compared(node: ReadNode) -> Iterator[str]:
    for item in node.conditions:
        if isinstance(item, Condition) and item.operator in _INDEXED and not (item.negated or item.path):
            yield item.column.name
    found = node.relationship
    if found is not None and not isinstance(found, ComputedRelationship) and found.junction is None:
        yield from (theirs for _, theirs in found.pairs)
