"""What keeping answers saves: each row of the measurement, on little."""

from contextlib import ExitStack

from benchmarks import cache
from benchmarks.ground import Ground
from benchmarks.turns import Pace

PACE = Pace(turns=1, seconds=0.5, concurrency=4, warm_up_seconds=0.3)


def test_every_row_is_answered_without_an_error(place: Ground) -> None:
    with ExitStack() as stack:
        for row in cache.rows_of(place, PACE, stack):
            turn = row.turn()
            assert turn.requests > 0, row.name
            assert not turn.errors, row.name
