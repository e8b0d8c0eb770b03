"""The figures as a table for people, in Markdown, and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.contenders import CEILING, POSTGREST, POSTGREST_PLAIN, RELAIS, STAMPING, TEXTBOOK
from benchmarks.figures import Summary, Turn, ratio, summary_of
from benchmarks.shapes import SUMMARIES, Shape
from benchmarks.turns import Measured

HEADINGS = (
    *("contender", "req/s", "slowest–fastest", "p50 ms", "p95 ms", "p99 ms", "errors", "server CPU ms", "PG CPU ms"),
    *("load CPU ms", "RSS MB", "x postgrest", "of pgbench", "of stamping", "x textbook", "x relais", "others' CPU"),
)
NOTHING = "–"


def table(measured: Sequence[Measured], shape: Shape) -> str:
    """One shape: a row for each contender, medians over its turns; dashes for who has not the shape."""
    turns = _by_contender(measured, shape)
    lines = [
        _line(name, turns[name], turns) if name in turns else (name, *[NOTHING] * (len(HEADINGS) - 1))
        for name in dict.fromkeys(item.name for item in measured)
    ]
    return f"### {shape.value}: {SUMMARIES[shape]}\n\n{drawn(HEADINGS, lines)}"


def drawn(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that reads well before it is rendered, too."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    rule = ["-" * width for width in widths]
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (headings, rule, *rows)
    )
    return "\n".join(f"| {line} |" for line in lines)


def failures(measured: Sequence[Measured]) -> list[str]:
    """What went wrong, if anything did: a figure with errors is no figure."""
    return [f"{item.name}, {item.shape.value}: {dict(item.turn.errors)}" for item in measured if item.turn.errors]


def document(measured: Sequence[Measured], about: Sequence[str]) -> dict[str, Any]:
    """Every turn and every summary, for programs."""
    shapes = list(dict.fromkeys(item.shape for item in measured))
    return {
        "about": list(about),
        "turns": [{"shape": item.shape.value, "name": item.name, **asdict(item.turn)} for item in measured],
        "medians": {
            shape.value: {name: asdict(summary_of(own)) for name, own in _by_contender(measured, shape).items()}
            for shape in shapes
        },
    }


def _by_contender(measured: Sequence[Measured], shape: Shape) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {}
    for item in measured:
        if item.shape is shape:
            turns.setdefault(item.name, []).append(item.turn)
    return turns


def _line(name: str, own: Sequence[Turn], turns: Mapping[str, Sequence[Turn]]) -> tuple[str, ...]:
    summary = summary_of(own)
    return (
        *(name, f"{summary.rate:,.0f}", f"{summary.slowest:,.0f}–{summary.fastest:,.0f}"),
        *(f"{value:.2f}" for value in (summary.latency.p50, summary.latency.p95, summary.latency.p99)),
        str(summary.errors),
        *_costs(summary),
        _ratio(own, _faster_postgrest(turns), "{:.2f}"),
        _ratio(own, turns.get(CEILING.name), "{:.0%}"),
        _ratio(own, turns.get(STAMPING.name), "{:.0%}"),
        _ratio(own, turns.get(TEXTBOOK.name), "{:.2f}"),
        _ratio(own, turns.get(RELAIS.name), "{:.2f}"),
        f"{summary.others:.0%}",
    )


def _faster_postgrest(turns: Mapping[str, Sequence[Turn]]) -> Sequence[Turn] | None:
    """The turns of the PostgREST that did better on this shape: the one to be compared with."""
    there = [turns[name] for name in (POSTGREST.name, POSTGREST_PLAIN.name) if name in turns]
    return max(there, key=lambda own: summary_of(own).rate, default=None)


def _costs(summary: Summary) -> tuple[str, str, str, str]:
    server = f"{summary.server_ms:.3f}" if summary.rss_bytes else NOTHING
    rss = f"{summary.rss_bytes / 2**20:.0f}" if summary.rss_bytes else NOTHING
    return server, f"{summary.postgres_ms:.3f}", f"{summary.load_ms:.3f}", rss


def _ratio(own: Sequence[Turn], yardstick: Sequence[Turn] | None, form: str) -> str:
    return form.format(ratio(own, yardstick)) if yardstick else NOTHING
