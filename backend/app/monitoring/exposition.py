"""Prometheus' text format, version 0.0.4."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from app.metrics import BOUNDS
from app.monitoring.servers import DatabaseFigures
from app.monitoring.shared import Counts

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
_NO_LABELS: Labels = {}


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is told."""

    version: str
    processes: list[Counts]
    database: DatabaseFigures
    #: By server: whether it answers.
    up: Mapping[str, bool]
    redis: Mapping[str, str] = field(default_factory=dict[str, str])
    queue: int | None = None
    uptime: float = 0.0
    resident_bytes: int = 0
    processor_seconds: float = 0.0


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def metric(self, name: str, kind: str, said: str, samples: Iterable[tuple[Labels, float | None]]) -> None:
        told = [(labels, value) for labels, value in samples if value is not None]
        if told:
            self.head(name, kind, said)
            for labels, value in told:
                self.sample(name, labels, value)

    def head(self, name: str, kind: str, said: str) -> None:
        self.lines += (f"# HELP {name} {said}", f"# TYPE {name} {kind}")

    def sample(self, name: str, labels: Labels, value: float) -> None:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        self.lines.append(f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}")


def exposition(figures: Figures) -> str:
    """The text."""
    text = _Text()
    text.metric("relais_info", "gauge", "The version that runs.", [({"version": figures.version}, 1)])
    text.metric("relais_up", "gauge", "Whether a server answers.", [({"server": k}, v) for k, v in figures.up.items()])
    _requests(text, figures.processes)
    _processes(text, figures.processes)
    _servers(text, figures)
    text.metric("process_uptime_seconds", "gauge", "Of the process that answers.", [(_NO_LABELS, figures.uptime)])
    memory, seconds = figures.resident_bytes, figures.processor_seconds
    text.metric("process_resident_memory_bytes", "gauge", "Of the process that answers.", [(_NO_LABELS, memory)])
    text.metric("process_cpu_seconds_total", "counter", "Of the process that answers.", [(_NO_LABELS, seconds)])
    return "\n".join(text.lines) + "\n"


def _requests(text: _Text, processes: list[Counts]) -> None:
    text.head("relais_http_requests_total", "counter", "Requests that were answered.")
    for counts in processes:
        for method, route, status, _, buckets in counts.series:
            labels = {"process": counts.process, "method": method, "route": route, "status": f"{status}xx"}
            text.sample("relais_http_requests_total", labels, sum(buckets))
    name = "relais_http_request_duration_seconds"
    text.head(name, "histogram", "From a request's head to the end of its answer.")
    for counts in processes:
        for (method, route), (seconds, buckets) in _durations(counts).items():
            labels = {"process": counts.process, "method": method, "route": route}
            for bound, number in zip((*map(str, BOUNDS), "+Inf"), accumulate(buckets), strict=True):
                text.sample(f"{name}_bucket", {**labels, "le": bound}, number)
            text.sample(f"{name}_sum", labels, seconds)
            text.sample(f"{name}_count", labels, sum(buckets))


def _durations(counts: Counts) -> dict[tuple[str, str], tuple[float, list[int]]]:
    """Seconds in all and buckets, whatever the status was."""
    found: dict[tuple[str, str], tuple[float, list[int]]] = {}
    for method, route, _, seconds, buckets in counts.series:
        before, known = found.get((method, route), (0.0, [0] * len(buckets)))
        found[method, route] = before + seconds, [a + b for a, b in zip(known, buckets, strict=True)]
    return found


def _processes(text: _Text, processes: list[Counts]) -> None:
    text.metric(
        "relais_http_requests_in_flight",
        "gauge",
        "Requests that have not been answered yet.",
        [({"process": counts.process}, counts.in_flight) for counts in processes],
    )
    pools = [
        ({"process": counts.process, "pool": pool}, state)
        for counts in processes
        for pool, state in counts.pools.items()
    ]
    for place, (name, said) in enumerate(
        (
            ("size", "Connections to PostgreSQL that a pool may open."),
            ("open", "Connections that are open."),
            ("idle", "Connections that nobody uses."),
            ("waiting", "Requests that wait for a connection."),
        )
    ):
        text.metric(f"relais_pool_{name}", "gauge", said, [(labels, state[place]) for labels, state in pools])
    text.metric(
        "relais_cache_events_total",
        "counter",
        "What became of looks into the cache.",
        [
            ({"process": counts.process, "event": event}, number)
            for counts in processes
            for event, number in counts.cache.items()
        ],
    )
    _sockets(text, [({"process": counts.process}, dict(counts.sockets)) for counts in processes if counts.sockets])


def _sockets(text: _Text, processes: list[tuple[Labels, dict[str, int]]]) -> None:
    connected = [(labels, counted.pop("connections", 0)) for labels, counted in processes]
    text.metric("websocket_connections", "gauge", "Clients that are connected to hear events.", connected)
    text.metric(
        "relais_realtime_events_total",
        "counter",
        "Events that were sent to clients, gaps that they were told of, what they were refused, sessions that ended.",
        [({**labels, "event": event}, number) for labels, counted in processes for event, number in counted.items()],
    )


def _servers(text: _Text, figures: Figures) -> None:
    database, redis = figures.database, figures.redis
    connections = [({"state": state}, number) for state, number in database.connections.items()]
    text.metric("relais_postgres_connections", "gauge", "Connections to the database, by state.", connections)
    size = [(_NO_LABELS, database.size_bytes)]
    text.metric("relais_postgres_database_bytes", "gauge", "What the database takes on disk.", size)
    outbox = [({"status": status}, number) for status, number in database.outbox.items()]
    text.metric("relais_outbox_messages", "gauge", "Messages in the outbox, by status.", outbox)
    for name, key, said in (
        ("relais_redis_memory_bytes", "used_memory", "Memory that Redis uses."),
        ("relais_redis_connections", "connected_clients", "Clients that are connected to Redis."),
    ):
        text.metric(name, "gauge", said, [(_NO_LABELS, float(redis[key]))] if key in redis else [])
    text.metric("relais_queue_jobs", "gauge", "Jobs that wait to be run.", [(_NO_LABELS, figures.queue)])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
