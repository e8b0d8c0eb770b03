"""Who is compared: servers that answer over HTTP, and PostgreSQL by itself as the ceiling.

One more server is one more `Contender` in `CONTENDERS`: how it is started and how it is asked for each shape.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.ground import Ground
from benchmarks.load import Request, get, post
from benchmarks.processes import HOST, Command
from benchmarks.shapes import BODIES, HUNDRED_ROWS, INSERT_CATEGORY, LIST_ROWS, Samples, Shape


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: the command that makes it listen on a port, and the requests that ask it for a shape."""

    name: str
    about: str
    command: Callable[[Ground, int], Command]
    requests: Callable[[Shape, Samples], Sequence[Request]]
    #: Answers 200 when the server is ready.
    ready_path: str = "/ready"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """pgbench on the statements themselves, with a caller's stamp set once a connection or before each statement."""

    name: str
    about: str
    stamp_once: bool


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
        case Shape.ONE:
            return [get(f"/resources/{row}", contains=row) for row in samples.ids()]
        case Shape.LIST:
            return [_listed("/resources-with-authors", name, LIST_ROWS) for name in samples.categories]
        case Shape.HUNDRED:
            return [_listed("/resources", name, HUNDRED_ROWS) for name in samples.categories]
        case Shape.INSERT:
            return [post("/resources", samples.body(n), contains=INSERT_CATEGORY) for n in range(BODIES)]


def _listed(path: str, category: str, limit: int) -> Request:
    query = f"visibility=public&category={quote(category)}&limit={limit}"
    return get(f"{path}?{query}", contains=f'"{category}"')


TEXTBOOK = Contender(
    "textbook", "FastAPI + SQLModel, uvicorn with one process, no row security", textbook_command, textbook_requests
)
CEILING = Ceiling("pgbench", "the statement alone, row security on, stamp set once a connection", stamp_once=True)
STAMPING = Ceiling("pgbench-stamping", "the same with the stamp set before each statement", stamp_once=False)

CONTENDERS: tuple[Contender | Ceiling, ...] = (TEXTBOOK, CEILING, STAMPING)
