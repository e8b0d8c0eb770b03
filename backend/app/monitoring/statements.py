"""Slow statements: of all clients of the database where `pg_stat_statements` is there, else those of this process."""

from typing import Any

from app.adapters.postgres import NOBODY, Database
from app.errors import AppError
from app.metrics import SlowStatements

MOST = 20
LONGEST = 2000
_WHERE = """
    select quote_ident(n.nspname) from pg_catalog.pg_extension as e
    join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
"""
#: Values are not in these texts: PostgreSQL puts `$1` in their places, but for commands, which may hold passwords.
#: What roles ran that our login is not told of is left out.
_SLOWEST = """
    select left(query, {longest}) as query, calls, total_exec_time, mean_exec_time, max_exec_time
    from {schema}.pg_stat_statements
    where dbid = (select oid from pg_catalog.pg_database where datname = current_database())
      and query ~* '^\\s*(select|insert|update|delete|merge|with|values)\\M'
    order by total_exec_time desc limit {most}
"""


async def slow_statements(database: Database, own: SlowStatements) -> dict[str, Any]:
    """Those that took the most time in all, and who says so."""
    try:
        found = await database.fetch(NOBODY, _WHERE)
        if found:
            text = _SLOWEST.format(schema=found[0][0], most=MOST, longest=LONGEST)
            rows = await database.fetch(NOBODY, text)
            return {"source": "pg_stat_statements", "statements": [_told(row) for row in rows]}
    except AppError:
        pass  # it is made but not loaded, or not for our login
    return {"source": "process", "statements": own.slowest()[:MOST]}


def _told(row: Any) -> dict[str, Any]:
    return {
        "query": " ".join(row["query"].split()),
        "calls": row["calls"],
        "totalMs": round(row["total_exec_time"], 1),
        "meanMs": round(row["mean_exec_time"], 1),
        "maxMs": round(row["max_exec_time"], 1),
    }
