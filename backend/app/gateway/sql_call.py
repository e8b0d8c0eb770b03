"""SQL of function calls: arguments from parameters, from a JSON body, or the body itself."""

from app.catalog.types import Parameter
from app.gateway.sql import Composer, ident, qualified
from app.gateway.types import INPUT_BODY, Argument, CallPlan, Sql

_BODY = Argument(INPUT_BODY)
#: How a whole body travels to an argument of a type.
_PASSED_AS = {"json": "json", "jsonb": "json::jsonb", "text": "text", "xml": "text::xml", "bytea": "bytea"}


def call_sql(plan: CallPlan, composer: Composer) -> Sql:
    """The statement whose rows are the function's."""
    parameters = [item for item in plan.function.parameters if item.name in plan.given]
    if plan.unnamed_type is not None:
        return _called(plan, "", f"{composer.put(_BODY)}::{_PASSED_AS[plan.unnamed_type]}")
    if plan.from_body and parameters:
        return _called(plan, _body_row(plan, parameters, composer), _from_row(parameters))
    return _called(plan, "", ", ".join(_from_input(plan, item, composer) for item in parameters))


def _called(plan: CallPlan, rows: str, arguments: str) -> Sql:
    function = f"{qualified(plan.function.name)}({arguments})"
    if plan.function.returns != "composite":
        between = f"{rows}, LATERAL " if rows else ""
        return Sql(f"SELECT pgrst_call.pgrst_scalar FROM {between}(SELECT {function} pgrst_scalar) pgrst_call")
    if plan.columns is None:
        columns = "pgrst_call.*"
    else:
        columns = ", ".join(f"pgrst_call.{ident(name)}" for name in plan.columns)
    return Sql(f"SELECT {columns} FROM {f'{rows}, LATERAL ' if rows else ''}{function} pgrst_call")


def _body_row(plan: CallPlan, parameters: list[Parameter], composer: Composer) -> str:
    names = ", ".join(ident(item.name) for item in parameters)
    typed = ", ".join(f"{ident(item.name)} {item.type}" for item in parameters)
    to_rows = "json_to_recordset" if plan.body_is_array else "json_to_record"
    return (
        f"(SELECT {composer.put(_BODY)}::json AS json_data) pgrst_payload,"
        f" LATERAL (SELECT {names} FROM {to_rows}(pgrst_payload.json_data) AS _({typed}) LIMIT 1) pgrst_body"
    )


def _from_row(parameters: list[Parameter]) -> str:
    return ", ".join(f"{_named(item)} pgrst_body.{ident(item.name)}" for item in parameters)


def _from_input(plan: CallPlan, item: Parameter, composer: Composer) -> str:
    argument = plan.arguments[item.name]
    if item.variadic:
        return f"{_named(item)} {composer.put(argument)}::text[]::{item.type}"
    return f"{_named(item)} {composer.text(argument, item.type)}"


def _named(item: Parameter) -> str:
    return f"{'VARIADIC ' if item.variadic else ''}{ident(item.name)} :="
