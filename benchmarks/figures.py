"""What one turn measured, and how turns are summed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One contender on one shape for some seconds. CPU is in seconds, of process trees.

    `others` is the share of the machine that went to none of the processes measured: the noise of the turn.
    """

    requests: int
    seconds: float
    latency: Latency
    errors: Mapping[str, int]
    server_cpu: float
    postgres_cpu: float
    load_cpu: float
    others: float
    #: Requests that the CPU was spent on, where that is more than those whose latency counts.
    cpu_requests: int
    rss_bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of a contender's turns on a shape."""

    rate: float
    slowest: float
    fastest: float
    latency: Latency
    errors: int
    server_ms: float
    postgres_ms: float
    load_ms: float
    others: float
    rss_bytes: int


def latency_of(milliseconds: Sequence[float]) -> Latency:
    """The percentiles of what was recorded; zeros when nothing was."""
    ranked = sorted(milliseconds)
    if not ranked:
        return Latency(0.0, 0.0, 0.0)
    p50, p95, p99 = (ranked[min(len(ranked) - 1, int(len(ranked) * share))] for share in (0.50, 0.95, 0.99))
    return Latency(p50, p95, p99)


def summary_of(turns: Sequence[Turn]) -> Summary:
    """Medians, figure by figure; errors add up, and memory is the most that was seen."""
    rates = [turn.rate for turn in turns]
    return Summary(
        rate=median(rates),
        slowest=min(rates),
        fastest=max(rates),
        latency=Latency(
            median(turn.latency.p50 for turn in turns),
            median(turn.latency.p95 for turn in turns),
            median(turn.latency.p99 for turn in turns),
        ),
        errors=sum(sum(turn.errors.values()) for turn in turns),
        server_ms=median(_ms(turn.server_cpu, turn.cpu_requests) for turn in turns),
        postgres_ms=median(_ms(turn.postgres_cpu, turn.cpu_requests) for turn in turns),
        load_ms=median(_ms(turn.load_cpu, turn.cpu_requests) for turn in turns),
        others=median(turn.others for turn in turns),
        rss_bytes=max(turn.rss_bytes for turn in turns),
    )


def ratio(turns: Sequence[Turn], yardstick: Sequence[Turn]) -> float:
    """How many times the yardstick's rate: the median over neighbouring turns, which saw the same machine."""
    return median(
        ours.rate / theirs.rate if theirs.rate else 0.0 for ours, theirs in zip(turns, yardstick, strict=True)
    )


def _ms(seconds: float, requests: int) -> float:
    return seconds * 1000 / requests if requests else 0.0
