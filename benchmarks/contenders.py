"""Who is compared: servers that answer over HTTP, and PostgreSQL by itself as the ceiling.

One more server is one more `Contender` in `CONTENDERS`: how it is started and how it is asked for each shape.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks import dialect, gateways
from benchmarks.ground import Ground
from benchmarks.load import Request, get, post
from benchmarks.processes import HOST, Command
from benchmarks.shapes import BODIES, HUNDRED_ROWS, INSERT_CATEGORY, LIST_ROWS, MALFORMED_ID, Samples, Shape
from benchmarks.statements import STATEMENTS


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: the command that makes it listen on a port, and the requests that ask it for a shape."""

    name: str
    about: str
    command: Callable[[Ground, int], Command]
    requests: Callable[[Shape, Samples], Sequence[Request]]
    #: Answers 200 when the server is ready.
    ready_path: str = "/ready"
    #: The shapes that it is asked for, where that is not all.
    shapes: frozenset[Shape] = frozenset(Shape)
    #: Raises `LookupError` with the reason where it cannot be had.
    find: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """pgbench on the statements themselves, with a caller's stamp set once a connection or before each statement."""

    name: str
    about: str
    stamp_once: bool
    shapes: frozenset[Shape] = frozenset(STATEMENTS)


def why_missing(contender: Contender | Ceiling) -> str | None:
    """Why a contender cannot take part; None if it can."""
    if isinstance(contender, Ceiling) or contender.find is None:
        return None
    try:
        contender.find()
    except LookupError as error:
        return str(error)
    return None


def textbook_command(ground: Ground, port: int) -> Command:
    """The textbook under uvicorn, one process, as the owner of the tables: no row security."""
    return Command(
        argv=(
            *(sys.executable, "-m", "uvicorn", "benchmarks.textbook.application:app"),
            *("--host", HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools"),
            *("--no-access-log", "--log-level", "warning"),
        ),
        env={
            "TEXTBOOK_DATABASE_URL": ground.admin_url.replace("postgresql://", "postgresql+asyncpg://", 1),
            "TEXTBOOK_TENANT_ID": ground.samples.tenant_id,
        },
    )


def textbook_requests(shape: Shape, samples: Samples) -> Sequence[Request]:
    """The textbook's routes."""
    match shape:
        case Shape.ONE | Shape.ONE_ALL:
            return [get(f"/resources/{row}", contains=row) for row in samples.ids()]
        case Shape.LIST | Shape.LIST_ALL:
            return [_listed("/resources-with-authors", name, LIST_ROWS) for name in samples.categories]
        case Shape.HUNDRED:
            return [_listed("/resources", name, HUNDRED_ROWS) for name in samples.categories]
        case Shape.INSERT:
            bodies = (samples.owned_body(number) for number in range(BODIES))
            return [post("/resources", body, contains=INSERT_CATEGORY) for body in bodies]
        case Shape.ERROR:
            return [get(f"/resources/{MALFORMED_ID}", status=422, contains="uuid_parsing")]
        case _:
            return []


def _listed(path: str, category: str, limit: int) -> Request:
    query = f"visibility=public&category={quote(category)}&limit={limit}"
    return get(f"{path}?{query}", contains=f'"{category}"')


def _relais(workers: int) -> Callable[[Ground, int], Command]:
    return lambda ground, port: gateways.relais_command(ground, port, workers)


def _by_tables(shape: Shape, samples: Samples) -> Sequence[Request]:
    return dialect.requests(shape, samples, "/rest/v1")


def _at_the_root(shape: Shape, samples: Samples) -> Sequence[Request]:
    return dialect.requests(shape, samples, "")


RELAIS = Contender("relais", "relais serve, one worker, no access log", _relais(1), _by_tables)
#: Where the process and not PostgreSQL is the bottleneck.
RELAIS_2 = Contender(
    "relais-2",
    "the same with two workers, where the work is the process's own",
    _relais(2),
    _by_tables,
    shapes=frozenset({Shape.ONE_ALL, Shape.ERROR}),
)
POSTGREST = Contender(
    "postgrest",
    "PostgREST 12.0.2, a db-pre-request function hands user and tenant to the rules (one more statement a request)",
    gateways.postgrest_command,
    _at_the_root,
    ready_path="/",
    find=gateways.postgrest_binary,
)
POSTGREST_PLAIN = Contender(
    "postgrest-plain",
    "PostgREST 12.0.2, every connection is one user's from the start: no pre-request function",
    gateways.postgrest_plain_command,
    _at_the_root,
    ready_path="/",
    # Its user owns one row only.
    shapes=frozenset(Shape) - {Shape.UPDATE},
    find=gateways.postgrest_binary,
)
TEXTBOOK = Contender(
    "textbook",
    "FastAPI + SQLModel, uvicorn with one process, no row security",
    textbook_command,
    textbook_requests,
    shapes=frozenset(Shape) - {Shape.BULK, Shape.UPDATE, Shape.RPC},
)
CEILING = Ceiling(
    "pgbench", "the statement alone, row security on, a user's stamp set once a connection", stamp_once=True
)
STAMPING = Ceiling("pgbench-stamping", "the same with a user's stamp set before each statement", stamp_once=False)

CONTENDERS: tuple[Contender | Ceiling, ...] = (
    *(RELAIS, RELAIS_2, POSTGREST, POSTGREST_PLAIN, TEXTBOOK, CEILING, STAMPING),
)
