"""How soon listeners hear: everything that is measured, on little."""

from benchmarks import realtime
from benchmarks.contenders import RELAIS
from benchmarks.gateways import relais_command
from benchmarks.ground import Ground
from benchmarks.processes import Command, free_port, serving

FEW = "--clients 6 --subscribers 3 --changes 20 --requests 5 --seconds 1 --workers 1".split()


def test_everything_that_is_changed_is_told_to_each_listener(place: Ground) -> None:
    chosen, port = realtime.options(FEW), free_port()
    tokens = [place.samples.tokens[number % len(place.samples.tokens)] for number in range(chosen.clients)]
    command = relais_command(place, port, chosen.workers)
    with serving(Command(command.argv, {**command.env, **realtime.WIDE}), port, RELAIS.ready_path) as pid:
        rows, lines = realtime.measured(place, chosen, port, pid, tokens)
    assert [row.missing for row in rows] == [0, 0]
    assert [row.received for row in rows] == [60, 60]
    assert all(row.latency.p95 > 0 for row in rows)
    assert len(lines) == 2
