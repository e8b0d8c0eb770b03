"""`/api/<table>`: tables by their names, and `/api/rpc/<function>`, as the shipped client asks for them.

One set of routes for all tables: the names are part of the path's pattern, so that no other path is taken.
"""

from typing import Annotated, Any

from fastapi import Body as Content
from fastapi import Depends, Path, Request
from pydantic import ConfigDict, Field, RootModel
from starlette.convertors import Convertor, register_url_convertor

from app.accounts.bodies import Body, Name, Text
from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, Responses, Told, errors
from app.errors import ErrorSpec
from app.modules.library import counters, settings
from app.modules.library.callers import Admin, Anybody, User
from app.modules.library.errors import ACCESS_DENIED, RESOURCE_NOT_FOUND
from app.modules.library.shapes.administration import ConfigTableRow
from app.modules.library.table_rows import NAMES, NOT_FOUND, TableName, TableRows, rows_of
from app.named.ask import telling
from app.named.bodies import AnyJson, JsonObject
from app.routers import Router

UNKNOWN_FUNCTION = ErrorSpec("UNKNOWN_FUNCTION", 404, "Fonction RPC inconnue")
_NO_FUNCTION = {"PGRST202": UNKNOWN_FUNCTION, "42883": UNKNOWN_FUNCTION}


class _TableNames(Convertor[str]):
    regex = "|".join(NAMES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("librarytable", _TableNames())
router = Router(prefix="/api", tags=["tables"])
Table = Annotated[TableName, Path(description="The name of a table that has no route of its own.")]
_LIST, _ROW = "/{table:librarytable}", "/{table:librarytable}/{row_id}"


def _read(caller: Anybody, table: Table) -> TableRows:
    return rows_of(caller, table)


def _written(caller: User, table: Table) -> TableRows:
    return rows_of(caller, table)


Read = Annotated[TableRows, Depends(_read)]
Written = Annotated[TableRows, Depends(_written)]


class TableRow(RootModel[dict[str, Any]]):
    """A row: its columns by their names in snake_case, as `/rest/v1/` describes them for the table."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": "0193f2a0-0000-7000-8000-000000000000"}})


class FunctionAnswer(RootModel[Any]):
    """What a function answers, as `/rest/v1/` describes it: a value, a row, rows, or null."""

    model_config = ConfigDict(json_schema_extra={"example": 1})


#: Functions have rules of their own.
_REFUSED_BY_SQL: Responses = {
    "4XX": {
        "model": Told,
        "description": "What PostgreSQL refuses, under its SQLSTATE, or the function, under the code that it has",
    }
}


class SettingRow(Body):
    """A setting. Its key says which one; ids of clients are not looked at."""

    key: Name
    value: Annotated[AnyJson, Field(description="Stored as a text.")]
    description: Annotated[Text, Field(max_length=1000)] | None = None


@router.post(
    "/admin_config",
    status_code=201,
    summary="Put a setting",
    response_model=ConfigTableRow,
    responses={200: {"model": ConfigTableRow, "description": "There was one with this key."}},
)
async def post_setting(caller: Admin, body: SettingRow) -> Json:
    """New, or in the place of the one with the same key."""
    rows = rows_of(caller, "admin_config")
    stored, is_new = await settings.put_row(caller, body.model_dump(exclude_unset=True))
    return Json(rows.told(stored), 201 if is_new else 200)


@router.get(_LIST, summary="Rows of a table", response_model=list[TableRow])
async def get_rows(rows: Read, request: Request) -> Json:
    """Those that the caller may read: `column=…` and `column__operator=…` narrow them, `sortBy` orders them."""
    return Json(await rows.listed(request.query_params))


@router.get(_ROW, summary="A row of a table", response_model=TableRow, responses=errors(NOT_FOUND))
async def get_row(rows: Read, row_id: str) -> Json:
    """One that the caller may not read is not there."""
    return Json(await rows.found(row_id))


@router.post(
    _LIST,
    status_code=201,
    summary="A new row of a table",
    response_model=TableRow | list[TableRow],
    responses=errors(ACCESS_DENIED, INSUFFICIENT_ROLE),
)
async def post_row(rows: Written, body: Annotated[AnyJson, Content()]) -> Json:
    """Or several, as a list. What is no column of the table is not looked at."""
    return Json(await rows.insert(body), 201)


@router.put(
    _ROW,
    summary="Change a row of a table",
    response_model=TableRow,
    responses=errors(NOT_FOUND, ACCESS_DENIED, INSUFFICIENT_ROLE),
)
async def put_row(rows: Written, row_id: str, body: Annotated[AnyJson, Content()]) -> Json:
    """What is left out stays as it is; what the server keeps stays whatever the body says."""
    return Json(await rows.change(row_id, body))


@router.delete(
    _ROW,
    status_code=204,
    summary="Delete a row of a table",
    responses=errors(NOT_FOUND, ACCESS_DENIED, INSUFFICIENT_ROLE),
)
async def delete_row(rows: Written, row_id: str) -> None:
    """With all that hangs on it."""
    await rows.delete(row_id)


@router.post(
    "/rpc/{function}",
    summary="Call a function",
    response_model=FunctionAnswer,
    responses=errors(UNKNOWN_FUNCTION, RESOURCE_NOT_FOUND) | _REFUSED_BY_SQL,
)
async def post_call(
    caller: Anybody, request: Request, function: str, arguments: Annotated[JsonObject | None, Content()] = None
) -> Json:
    """What `/rest/v1/rpc/<function>` of the gateway answers; null for functions that answer nothing.

    Views and downloads are counted as `/api/resources/{id}/view` and `/download` count them; those of nothing are not.
    """
    given = arguments or {}
    if await counters.count_called(caller, counters.counting_of(request), function, given):
        return Json(None)
    with telling(_NO_FUNCTION):
        return Json(await caller.ask.call(function, given))
