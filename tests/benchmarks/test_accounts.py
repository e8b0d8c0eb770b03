"""What accounts cost: each row of the measurement, on little."""

from contextlib import ExitStack

from benchmarks import accounts
from benchmarks.figures import Latency, Turn
from benchmarks.ground import Ground
from benchmarks.turns import Pace

PACE = Pace(turns=1, seconds=0.5, concurrency=4, warm_up_seconds=0.3)
QUICK = {
    **accounts.WIDE,
    "RELAIS_AUTH_ARGON2_MEMORY_KIB": "8192",
    "RELAIS_AUTH_ARGON2_TIME_COST": "1",
}


def test_sessions_are_checked_and_sign_ins_succeed(place: Ground) -> None:
    quick = place.settings.auth.model_copy(update={"argon2_memory_kib": 8 * 1024, "argon2_time_cost": 1})
    people = accounts.prepared(place, quick)
    assert len(people.emails) == len(people.tokens) == len(place.samples.users)
    assert set(people.tokens).isdisjoint(place.samples.tokens)
    with ExitStack() as stack:
        rows = accounts.rows_of(place, people, PACE, stack=stack, settings=QUICK)
        assert [row.name for row in rows if row.name.startswith("sign-ins")]
        for row in rows:
            turn = row.turn()
            assert turn.requests > 0, row.name
            assert not turn.errors, row.name


def test_only_rows_that_differ_in_nothing_else_are_compared() -> None:
    half, whole = [turn(100)], [turn(200)]
    cells = {
        name: accounts.line(name, {name: half, accounts.NO_SESSION: whole})[0]
        for name in (accounts.CHECKED, accounts.BESIDE, "sign-ins: one thread")
    }
    assert list(cells.values()) == ["50%", "–", "–"]


def turn(requests: int) -> Turn:
    return Turn(requests, 1.0, Latency(1.0, 2.0, 3.0), {}, 0.5, 0.5, 0.1, 0.0, requests, 2**20)
