"""The root of the gateway: a description of what it serves, or a function that answers instead."""

from app.adapters.postgres import Database
from app.auth.caller import Caller
from app.errors import refuse
from app.gateway.engine import Engine
from app.gateway.errors import ROOT_DISABLED
from app.gateway.media import not_available, parse_accept
from app.gateway.openapi import openapi_document
from app.gateway.parse import Head, Route, check_query
from app.gateway.respond import Answer

OPENAPI = b"application/openapi+json; charset=utf-8"


def as_root_function(route: Route, engine: Engine) -> Route:
    """The route, or that of the function which answers the root."""
    if route.kind != "root":
        return route
    if engine.settings.openapi_mode == "disabled":
        raise refuse(ROOT_DISABLED)
    if engine.settings.db_root_spec:
        return Route("function", engine.settings.db_root_spec.rpartition(".")[2])
    return route


async def answer_root(database: Database, engine: Engine, caller: Caller, head: Head, schema: str) -> Answer:
    """The OpenAPI document as the caller may see it."""
    check_query(head, engine.caps)
    accept = parse_accept(head.headers.get(b"accept", b"").decode("latin-1"))
    if not any(entry.kind in ("openapi", "json", "any") for entry in accept):
        raise not_available(accept)
    body = await openapi_document(database, engine, engine.stamp(caller, head, schema), schema)
    headers = [(b"content-type", OPENAPI), (b"content-length", str(len(body)).encode())]
    if b"accept-profile" in head.headers or len(engine.schemas) > 1:
        headers.append((b"content-profile", schema.encode()))
    headers.append((b"vary", b"Accept, Prefer, Range"))
    return Answer(200, headers, body)
