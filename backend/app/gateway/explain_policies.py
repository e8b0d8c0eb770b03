"""Why nothing is shown: how many of the rows that a read asks for each policy of their table hides.

    Relais-Explain: policy

The rows that the filters find are read as the service role; the policies' own conditions are then put to their images
as the caller, in the same transaction and snapshot, which writes nothing. What comes out are numbers. Whatever keeps
tenants apart is obeyed, not explained: rows of another tenant are not counted.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app.accounts.acting import Acting
from app.adapters.postgres import SERVICE, Connection
from app.auth.caller import Caller
from app.catalog.identifiers import quoted
from app.catalog.policies import Policies, Policy, any_of, policies_of
from app.catalog.types import Catalog, Name, Relationship
from app.errors import AppError, ErrorSpec, refuse
from app.gateway.conduct import Conductor
from app.gateway.engine import Engine
from app.gateway.execute import values_of
from app.gateway.parse import READS, Head
from app.gateway.prepare import Prepared
from app.gateway.sql import Composer
from app.gateway.sql_read import count_query
from app.gateway.types import AnyCondition, ApiRequest, EmbedCheck, Group, ReadNode, Statement
from app.middleware.trace import Trace

EXPLAIN = b"relais-explain"
EXPLAIN_INVALID = ErrorSpec("RELAIS_EXPLAIN_INVALID", 400, "Relais-Explain takes the word policy, with a read")
EXPLAIN_REFUSED = ErrorSpec("RELAIS_EXPLAIN_REFUSED", 403, "Looking behind the rules is not allowed")
_EXPOSED = (b"access-control-expose-headers", b"Relais-Explained")
_TOLD = b"relais-explained"
_CLAIM = "relais_explain"
#: Clients and proxies give up on longer headers.
_LONGEST = 4000
_FORBIDDEN = "42501"
_TENANT_RULE = "relais.tenant_id()"
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Looks behind the rules, for whoever may."""

    conductor: Conductor
    acting: Acting

    async def admit(self, engine: Engine, caller: Caller, head: Head) -> None:
        """Refuse whoever may not ask, whatever they ask about."""
        if not await self._may(engine, caller):
            raise refuse(EXPLAIN_REFUSED)
        if head.headers[EXPLAIN].strip().lower() != b"policy" or head.method not in READS:
            raise refuse(EXPLAIN_INVALID)

    async def _may(self, engine: Engine, caller: Caller) -> bool:
        if caller.role in engine.settings.explaining_roles() or orjson.loads(caller.claims).get(_CLAIM) is True:
            return True
        return await self.acting.administers(caller)

    async def tell(
        self,
        trace: Trace,
        engine: Engine,
        caller: Caller,
        head: Head,
        request: ApiRequest,
        error: AppError | None = None,
    ) -> None:
        """Have the answer carry the report. `error` is what the read itself ended with."""
        with trace.stage("explain"):
            report = await self._report(engine, caller, head, request, error)
        # What is behind the rules is not for whoever asks for the same later.
        trace.cache = ""
        trace.told = [*trace.told, (_TOLD, _written(report)), _EXPOSED, (b"cache-control", b"no-store")]

    async def _report(
        self, engine: Engine, caller: Caller, head: Head, request: ApiRequest, error: AppError | None
    ) -> Report:
        prepared = engine.prepared(request)
        node = prepared.plan.read
        report: Report = {"table": f"{request.target.schema}.{request.target.name}", "role": caller.role}
        reason = "function" if prepared.plan.call is not None else _not_countable(node)
        if error is not None and error.code != _FORBIDDEN:
            reason = reason or "error"
        if reason:
            return {**report, "not_counted": reason}
        try:
            found = await self._looked(engine, caller, head, request, prepared, forbidden=error is not None)
        except AppError as failed:
            # Its words could be about a row.
            return {**report, "not_counted": "error", "code": failed.code}
        return {**report, **found}

    async def _looked(
        self, engine: Engine, caller: Caller, head: Head, request: ApiRequest, prepared: Prepared, *, forbidden: bool
    ) -> Report:
        node, database, tenant = prepared.plan.read, self.conductor.database, engine.tenant_of(caller)
        stamp = engine.stamp(caller, head, request.target.schema)
        reader = replace(SERVICE, tenant_id=tenant)
        reads = database.transaction(reader, "read", isolation="repeatable_read", reads_only=True)
        async with reads as connection:
            database.forget(connection)
            rules = await policies_of(connection, node.source, caller.role)
            if rules is None:
                return {"not_counted": "unknown"}
            report = _grants(node, rules)
            if forbidden or rules.sees_all or not rules.columns:
                # Filters on what may not be read would tell of it.
                return {**report, "above_policies": True} if rules.sees_all else report
            if engine.catalog.default_tenant and not _is_of_tenants(node, engine.catalog):
                return {**report, "not_counted": "rows of no tenant"}
            await database.speak_as(connection, replace(reader, search_path=stamp.search_path))
            most = engine.settings.explain_rows
            images = await _images(connection, prepared, request, tenant, most)
            await database.speak_as(connection, stamp)
            report |= await _counted(connection, node.source, rules, images[:most])
            if len(images) > most:
                report["only_the_first"] = most
        if node.embeds:
            report["embeds_not_explained"] = [child.key for child in node.embeds]
        return report


async def _images(connection: Connection, prepared: Prepared, request: ApiRequest, tenant: str, most: int) -> list[str]:
    composer = Composer()
    text = count_query(prepared.plan.read, composer, limit=most + 1, images=True)
    statement = Statement(text, tuple(composer.arguments))
    rows = await connection.fetch(statement.text, *values_of(statement, prepared, request, tenant))
    return [row[0] for row in rows]


async def _counted(connection: Connection, table: Name, rules: Policies, images: Sequence[str]) -> Report:
    """How many of these rows the rules let through, and how many each of them does not."""
    obeyed = [item for item in rules.policies if not item.permissive and _TENANT_RULE in item.condition]
    explained = [item for item in rules.policies if item not in obeyed]
    row = await connection.fetchrow(_statement(table, explained, obeyed), list(images))
    assert row is not None
    rows, shown, unpermitted, *fails = (row[place] for place in range(3 + len(explained)))
    return {
        "rows": rows,
        "shown": shown,
        "hidden": rows - shown,
        "permitted_by_none": unpermitted,
        "policies": [
            {"name": item.name, "kind": "permissive" if item.permissive else "restrictive", "fails": failed}
            for item, failed in zip(explained, fails, strict=True)
        ],
    }


def _statement(table: Name, explained: Sequence[Policy], obeyed: Sequence[Policy]) -> str:
    """The images take the place of the table: by its name, for that is how conditions speak of it."""
    name = quoted(*table)
    holds = [f"coalesce(({item.condition}), false)" for item in explained]
    asked = ", ".join([f'{hold} as "{place}"' for place, hold in enumerate(holds)] or ['true as "0"'])
    permissive = any_of([f'"{place}"' for place, item in enumerate(explained) if item.permissive] or ["false"])
    others = [f'"{place}"' for place, item in enumerate(explained) if not item.permissive]
    shown = " and ".join([f"({permissive})", *others])
    counts = "".join(f', count(*) filter (where not "{place}")' for place in range(len(explained)))
    where = " and ".join(f"({item.condition})" for item in obeyed) or "true"
    return f"""
        select count(*), count(*) filter (where {shown}), count(*) filter (where not ({permissive})){counts}
        from (
          select {asked} from unnest($1::text[]::{name}[]) as {quoted(table.name)} where {where} offset 0
        ) as "judged"
    """  # noqa: S608 - conditions are PostgreSQL's own, names are quoted


def _grants(node: ReadNode, rules: Policies) -> Report:
    """Which columns the role may not read, whatever the row."""
    if not rules.columns:
        return {"granted": False}
    known = node.table.columns if node.table is not None else ()
    missing = sorted(set(known) - rules.columns)
    return {"columns_not_granted": missing} if missing else {}


def _not_countable(node: ReadNode) -> str:
    """Why the rows of a read are not counted, as far as its plan says; empty if they are."""
    if node.table is None:
        return "unknown"
    if node.table.is_view:
        return "view"
    if any(_is_computed(item) for item in _nodes(node)):
        # Functions would see more than their caller.
        return "computed"
    return ""


def _is_computed(node: ReadNode) -> bool:
    if node.relationship is not None and not isinstance(node.relationship, Relationship):
        return True
    if node.table is None:
        return True
    known = node.table.columns
    names = (name for item in node.conditions for name in _compared(item))
    return any(name not in known for name in names)


def _compared(item: AnyCondition) -> Iterator[str]:
    if isinstance(item, Group):
        for term in item.terms:
            yield from _compared(term)
    elif not isinstance(item, EmbedCheck):
        yield item.column.name


def _is_of_tenants(node: ReadNode, catalog: Catalog) -> bool:
    """Whether the rows of a read, and those that decide about them, are of the caller's tenant alone."""
    return node.tenant is not None and all(_stays_within(child, catalog) for child in node.embeds)


def _stays_within(node: ReadNode, catalog: Catalog) -> bool:
    """Whether what ties an embed to its parent is the tenant, too."""
    found, table = node.relationship, catalog.tables.get(node.source)
    if not isinstance(found, Relationship) or table is None or table.tenant is None:
        return False
    tenant = table.tenant.name
    ties = [found.pairs] if found.junction is None else [found.junction.source_pairs, found.junction.target_pairs]
    tied = all(any(tenant in pair for pair in pairs) for pairs in ties)
    return tied and all(_stays_within(child, catalog) for child in node.embeds)


def _nodes(node: ReadNode) -> Iterator[ReadNode]:
    yield node
    for child in node.embeds:
        yield from _nodes(child)


def _written(report: Report) -> bytes:
    """As short as a header must be: what does not fit is counted, not cut."""
    told = _dumped(report)
    left_out = 0
    while len(told) > _LONGEST:
        for name in ("policies", "columns_not_granted", "embeds_not_explained"):
            if report.get(name):
                report = {**report, name: report[name][:-1]}
                break
        else:
            return _dumped({"not_counted": "too long to tell"})
        left_out += 1
        told = _dumped({**report, "left_out": left_out})
    return told


def _dumped(report: Report) -> bytes:
    return json.dumps(report, separators=(",", ":")).encode()
