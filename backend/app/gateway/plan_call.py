"""Finds the function that a call means, and how its arguments come."""

from collections.abc import Sequence

from app.catalog.types import Catalog, ComputedRelationship, Function, Name
from app.errors import AppError
from app.gateway.body import JSON_TYPES
from app.gateway.errors import MANY_FUNCTIONS, NO_FUNCTION, say
from app.gateway.plan_write import origin_columns
from app.gateway.similar import most_similar
from app.gateway.types import FIRST_VALUE, ApiRequest, Argument, CallPlan, Condition, ReadNode

_UNNAMED = {"text": ("text",), "xml": ("xml",), "bytes": ("bytea",), "json": ("json", "jsonb")}
_LEAST_LIKENESS_OF_NAMES = 0.75
_LEAST_LIKENESS_OF_ARGUMENTS = 0.33
_BODY_TYPES = {"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytea"}


def find_function(request: ApiRequest, catalog: Catalog) -> tuple[Function, bool]:
    """The function, and whether the body is its one unnamed argument."""
    overloads = catalog.functions.get(request.target, ())
    given = given_names(request)
    raw = request.payload is not None and request.payload.raw is not None
    by_name = [item for item in overloads if _matches(item, given, raw=raw)]
    if len(by_name) == 1:
        return by_name[0], False
    if by_name:
        raise _several(by_name)
    fallbacks = [item for item in overloads if _takes_body(item, request)]
    if len(fallbacks) == 1:
        return fallbacks[0], True
    raise _several(fallbacks) if fallbacks else _none(request, catalog, overloads, given)


def given_names(request: ApiRequest) -> tuple[str, ...]:
    """Names of the arguments that a request gives, each once."""
    payload = request.payload
    if payload is None:
        return tuple(dict.fromkeys(name for name, _ in request.query.arguments))
    return payload.columns


def _matches(function: Function, given: Sequence[str], *, raw: bool) -> bool:
    if not function.parameters:
        return not given and not raw
    names = {item.name for item in function.parameters}
    required = {item.name for item in function.parameters if item.required}
    return not raw and "" not in names and required <= set(given) <= names


def _takes_body(function: Function, request: ApiRequest) -> bool:
    if request.method != "POST" or len(function.parameters) != 1 or function.parameters[0].name:
        return False
    payload = request.payload
    assert payload is not None
    kind = payload.raw or ("json" if request.content_type in JSON_TYPES else None)
    return kind is not None and function.parameters[0].type in _UNNAMED[kind]


def plan_call(request: ApiRequest, function: Function, read: ReadNode, *, takes_body: bool) -> CallPlan:
    """How the function is called, and which of its columns are taken."""
    payload = request.payload
    columns = _columns(read) if function.returns == "composite" else None
    if takes_body:
        return CallPlan(function, unnamed_type=function.parameters[0].type, columns=columns)
    given = given_names(request)
    if payload is not None and payload.form is None:
        return CallPlan(function, given, from_body=True, body_is_array=payload.is_array, columns=columns)
    names = [name for name, _ in (payload.form if payload is not None and payload.form else request.query.arguments)]
    return CallPlan(function, given, arguments=_arguments(request, function, names), columns=columns)


def _arguments(request: ApiRequest, function: Function, names: Sequence[str]) -> dict[str, Argument]:
    # Arguments stand at the end of the values of a request.
    first = FIRST_VALUE + len(request.values) - len(names)
    variadic = {item.name for item in function.parameters if item.variadic}
    found: dict[str, Argument] = {}
    for number, name in enumerate(names, first):
        if name in variadic:
            before = found[name].several if name in found else ()
            found[name] = Argument(-1, several=(*before, number))
        else:
            found[name] = Argument(number)
    return found


def _columns(read: ReadNode) -> tuple[str, ...] | None:
    """The columns to take of the function's rows; None: all."""
    if not read.select or any(output.is_star or output.whole_row for output in read.outputs):
        return None
    if any(isinstance(child.relationship, ComputedRelationship) for child in read.embeds):
        return None
    names = {output.column.name for output in read.outputs}
    names.update(item.column.name for item in read.conditions if isinstance(item, Condition))
    for child in read.embeds:
        names.update(origin_columns(child))
    return tuple(sorted(names)) or None


def returned_rows(function: Function) -> Name:
    """What the rows of a function are called: by the table they are of, else by the function."""
    return Name(function.name.schema, function.table.name) if function.table else function.name


def _several(found: Sequence[Function]) -> AppError:
    shown = ", ".join(
        f"{item.name.schema}.{item.name.name}({', '.join(f'{p.name} => {p.type}' for p in item.parameters)})"
        for item in found
    )
    return say(
        MANY_FUNCTIONS,
        f"Could not choose the best candidate function between: {shown}",
        hint="Try renaming the parameters or the function itself in the database so function overloading can be"
        " resolved",
    )


def _none(request: ApiRequest, catalog: Catalog, overloads: Sequence[Function], given: Sequence[str]) -> AppError:
    schema, name = request.target
    body_type = _BODY_TYPES.get(request.content_type)
    names = sorted(given)
    if body_type is not None:
        shown, searched = "", f" with a single unnamed {body_type} parameter"
    else:
        shown = f"({', '.join(names)})" if names else " without parameters"
        listed = ", ".join(names)
        searched = f" with parameter{'s' if len(names) > 1 else ''} {listed}" if names else " without parameters"
        if request.method == "POST" and request.content_type in JSON_TYPES:
            searched += " or with a single unnamed json/jsonb parameter"
    hint = None if body_type is not None else _hint(request, catalog, overloads, names)
    return say(
        NO_FUNCTION,
        f"Could not find the function {schema}.{name}{shown} in the schema cache",
        f"Searched for the function {schema}.{name}{searched}, but no matches were found in the schema cache.",
        hint,
    )


def _hint(request: ApiRequest, catalog: Catalog, overloads: Sequence[Function], names: Sequence[str]) -> str | None:
    schema, name = request.target
    if not overloads:
        known = [item.name for item in catalog.functions if item.schema == schema]
        close = most_similar(name, known, _LEAST_LIKENESS_OF_NAMES)
        return f"Perhaps you meant to call the function {schema}.{close}" if close else None
    signatures = [f"({', '.join(sorted(p.name for p in item.parameters))})" for item in overloads]
    close = most_similar(f"({', '.join(names)})", signatures, _LEAST_LIKENESS_OF_ARGUMENTS)
    return f"Perhaps you meant to call the function {schema}.{name}{close}" if close else None
