"""Tables by their names, for the shipped client: bare rows in snake_case, with filters like `column__operator=value`.

The client asks `/api/<table>` for every table that it knows no route of. The gateway answers the same tables better;
row security is the same on both roads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from pydantic.alias_generators import to_camel
from starlette.datastructures import QueryParams

from app.catalog.types import Name, Table
from app.errors import MALFORMED_REQUEST, refuse
from app.gateway.array_text import quoted_list
from app.modules.library.callers import SCHEMA, Caller
from app.modules.library.errors import ACCESS_DENIED, NOT_FOUND
from app.named.ask import Pair, malformed_is
from app.named.lists import LAST_PAGE, filters, invalid, order
from app.named.shapes import moment

#: Those without a route of their own. `admin_config` has one for what is sent to it.
TableName = Literal[
    "admin_config",
    "admin_config_audit_logs",
    "analytics_events",
    "category_filters",
    "category_hierarchy",
    "category_tag_suggestions",
    "collection_resources",
    "group_members",
    "permission_audit_logs",
    "profile_preferences",
    "resource_comments",
    "resource_permissions",
    "resource_ratings",
    "resource_shares",
    "resource_statistics",
    "resource_templates",
    "resource_versions",
    "role_permissions",
    "saved_resources",
    "suggestion_votes",
    "user_roles",
]
NAMES: tuple[str, ...] = get_args(TableName)
#: Their client asks without a limit where it expects all rows.
MOST_ROWS = 10_000
#: Of tables whose rows may be long.
_MOST_LONG_ROWS: Mapping[str, int] = {"resource_templates": 100, "resource_versions": 100}
_MOST_AT_ONCE = 1000
#: Zeros before a number included: longer ones are not even looked at.
_MOST_DIGITS = 12
#: Counts anew for every row, so that the rows are chosen before.
_STATISTICS, _COUNTED = "resource_statistics", "resources"
_MOST_STATISTICS = 1000
_TIME = "timestamp with time zone"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table, as one caller reads and writes it."""

    caller: Caller
    name: str
    table: Table

    async def listed(self, params: QueryParams) -> list[Row]:
        """The rows that the filters name, newest first if no order is asked for."""
        conditions = filters(params, self._spellings(), without=_PAGING)
        sorting = self._order(params)
        most = _MOST_LONG_ROWS.get(self.name, _MOST_STATISTICS if self.name == _STATISTICS else MOST_ROWS)
        window = _window(params, most)
        if self.name == _STATISTICS and {column for column, _ in conditions} | {_sorted_by(sorting)} <= self._filled:
            chosen = await self.caller.ask.rows(_COUNTED, ("select", "id"), *conditions, sorting, *window)
            if not chosen.rows:
                return []
            conditions, window = [("id", f"in.({quoted_list(row['id'] for row in chosen.rows)})")], ()
        found = await self.caller.ask.rows(self.name, _ALL, *conditions, sorting, *window)
        return [self.told(row) for row in found.rows]

    async def found(self, row_id: str) -> Row:
        """One row."""
        return self.told(await self._one(row_id))

    async def insert(self, body: Any) -> Row | list[Row]:
        """A new row, or several, as they were stored."""
        if not self.table.insertable:
            raise refuse(ACCESS_DENIED)
        if isinstance(body, list):
            rows = [self._known(item) for item in cast("list[Any]", body)]
            if len(rows) > _MOST_AT_ONCE:
                raise invalid(("body", f"{_MOST_AT_ONCE} lignes au plus"))
            return [self.told(row) for row in await self.caller.ask.insert_all(self.name, _even(rows), _ALL)]
        return self.told(await self.caller.ask.insert(self.name, self._known(body), _ALL))

    async def change(self, row_id: str, body: Any) -> Row:
        """A row with some of its columns changed."""
        changes = self._known(body)
        if not changes:
            return await self.found(row_id)
        await self._one(row_id)
        if not self.table.updatable:
            raise refuse(ACCESS_DENIED)
        rows = await self.caller.ask.update(self.name, changes, _ALL, self._which(row_id))
        if not rows:
            raise refuse(ACCESS_DENIED)
        return self.told(rows[0])

    async def delete(self, row_id: str) -> None:
        """A row goes."""
        await self._one(row_id)
        if not self.table.deletable or not await self.caller.ask.delete(
            self.name, ("select", self._key), self._which(row_id)
        ):
            raise refuse(ACCESS_DENIED)

    async def _one(self, row_id: str) -> Row:
        with malformed_is(NOT_FOUND):
            row = await self.caller.ask.one(self.name, _ALL, self._which(row_id))
        if row is None:
            raise refuse(NOT_FOUND)
        return row

    @property
    def _key(self) -> str:
        """The column that names a row; preferences are their user's, statistics their resource's."""
        for column in ("id", "user_id", "resource_id"):
            if column in self.table.columns:
                return column
        raise refuse(NOT_FOUND)

    def _which(self, row_id: str) -> Pair:
        return self._key, f"eq.{row_id}"

    def _spellings(self) -> dict[str, str]:
        names = self.table.columns
        return {spelling: name for name in names for spelling in (name, to_camel(name))}

    @property
    def _filled(self) -> frozenset[str]:
        """Columns that are never null; of statistics, those that the resources themselves have."""
        table = _table(self.caller, _COUNTED) if self.name == _STATISTICS else self.table
        return frozenset(name for name, column in table.columns.items() if not column.nullable)

    def _order(self, params: QueryParams) -> Pair:
        """The order of an untold list is that of the key, when rows have no date."""
        otherwise = "created_at" if "created_at" in self.table.columns else self._key
        return order(params, self._spellings(), otherwise=otherwise, last=self._key, filled=self._filled)

    def _known(self, body: Any) -> Row:
        """What a body says of the table's columns. Their client stamps rows with what no table has."""
        if not isinstance(body, Mapping):
            raise refuse(MALFORMED_REQUEST)
        spellings = self._spellings()
        said = cast("Mapping[str, Any]", body)
        return {spellings[key]: value for key, value in said.items() if key in spellings}

    def told(self, row: Mapping[str, Any]) -> Row:
        """Times as everywhere on explicit routes."""
        columns = self.table.columns
        return {
            key: moment(value) if isinstance(value, str) and columns[key].base_type == _TIME else value
            for key, value in row.items()
        }


_ALL = ("select", "*")
_PAGING = ("page", "limit", "offset", "sortBy", "sort_by", "sortOrder", "sort_order", "format")


def rows_of(caller: Caller, name: TableName) -> TableRows:
    """A table as a caller may use it."""
    return TableRows(caller, name, _table(caller, name))


def _table(caller: Caller, name: str) -> Table:
    table = caller.ask.engine.catalog.tables.get(Name(SCHEMA, name))
    if table is None:
        raise refuse(NOT_FOUND)
    return table


def _sorted_by(sorting: Pair) -> str:
    return sorting[1].partition(".")[0]


def _window(params: QueryParams, most: int) -> tuple[Pair, ...]:
    limit = min(_number(params, "limit", most), most)
    page = max(_number(params, "page", 1), 1)
    offset = _number(params, "offset", (page - 1) * limit)
    return ("limit", str(limit)), ("offset", str(offset))


def _number(params: QueryParams, name: str, otherwise: int) -> int:
    said = params.get(name, "")
    if not said:
        return otherwise
    if not said.isascii() or not said.isdigit() or len(said) > _MOST_DIGITS or int(said) > LAST_PAGE:
        raise invalid((name, "Un nombre entier est attendu"))
    return int(said)


def _even(rows: Sequence[Row]) -> list[Row]:
    """Rows that say different things, as rows of the same columns."""
    if len({frozenset(row) for row in rows}) > 1:
        raise invalid(("body", "Les lignes doivent avoir les mêmes colonnes"))
    return list(rows)
