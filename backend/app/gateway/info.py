"""What `OPTIONS` tells: the methods that a table or a function has."""

from app.catalog.types import Name, Table
from app.gateway.engine import Engine
from app.gateway.parse import Head, Route, check_query
from app.gateway.plan import find_table
from app.gateway.plan_call import find_function
from app.gateway.respond import Answer
from app.gateway.types import ApiRequest, Prefer


def describe_options(engine: Engine, route: Route, schema: str, head: Head) -> Answer:
    """The methods of a path."""
    query = check_query(head, engine.caps)
    target = Name(schema, route.name)
    match route.kind:
        case "root":
            allowed = "OPTIONS,GET,HEAD"
        case "function":
            asked = ApiRequest("OPTIONS", True, target, query, Prefer(), accept=(), accept_text="")
            function, _ = find_function(asked, engine.catalog)
            allowed = "OPTIONS,GET,HEAD,POST" if function.read_only else "OPTIONS,POST"
        case _:
            allowed = _of_table(find_table(engine.catalog, target))
    headers = [
        (b"allow", allowed.encode()),
        (b"access-control-allow-origin", b"*"),
        (b"content-length", b"0"),
        (b"vary", b"Accept, Prefer, Range"),
    ]
    return Answer(200, headers, b"")


def _of_table(table: Table) -> str:
    methods = ["OPTIONS", "GET", "HEAD"]
    if table.insertable:
        methods.append("POST")
    if table.insertable and table.updatable and table.primary_key:
        methods.append("PUT")
    if table.updatable:
        methods.append("PATCH")
    if table.deletable:
        methods.append("DELETE")
    return ",".join(methods)
