"""The smaller measurements: growth, memory, and the gateway's own time, each on little."""

from benchmarks import growth, memory, own_time
from benchmarks.figures import Latency, Turn
from benchmarks.ground import Ground
from benchmarks.turns import Pace

PACE = Pace(turns=1, seconds=0.3, concurrency=2, warm_up_seconds=0.1)


def test_growth_is_the_median_ratio_of_neighbouring_turns_to_the_smallest_size() -> None:
    smallest = [turn(1.0, 4.0), turn(2.0, 8.0), turn(1.0, 4.0)]
    own = [turn(1.5, 8.0), turn(3.0, 8.0), turn(9.0, 4.0)]
    cells = dict(zip(growth.HEADINGS, growth.line((100_000, 16), own, smallest), strict=True))
    assert (cells["resources"], cells["connections"]) == ("100,000", "16")
    assert (cells["p50 x smallest"], cells["p99 x smallest"]) == ("1.50", "1.00")


def test_a_large_body_is_taken_within_the_limit_and_its_memory_is_seen(place: Ground) -> None:
    at_rest, after_run, after_body = memory.moments_of(place, PACE, 4, within=True)
    assert after_body.answer == "201"
    assert 0 < at_rest.rss <= after_run.peak
    # The process had to hold the body at least once.
    assert after_body.peak > after_run.rss + 2 * memory.MB


def test_a_large_body_beyond_the_limit_is_refused(place: Ground) -> None:
    *_, after_body = memory.moments_of(place, PACE, 4, within=False)
    assert after_body.answer == "413"


def test_a_large_body_is_as_large_as_was_asked_for() -> None:
    assert 2.9 < len(memory.large_body(3)) / memory.MB < 3.2


def test_the_gateway_tells_every_stage_of_every_request(place: Ground) -> None:
    for asked, timings in own_time.measured(place, 5):
        assert len(timings) == 5
        for stages in timings:
            assert {*own_time.OWN, "transaction", "total"} <= set(stages), asked.name
            assert sum(stages[name] for name in own_time.OWN) + stages["transaction"] <= stages["total"] + 0.05


def test_own_time_is_what_is_no_waiting_for_postgresql() -> None:
    stages = own_time.stages_of(
        "jwt;dur=0.01, parse;dur=0.10, plan;dur=0.20, transaction;dur=5.00, response;dur=0.04, total;dur=5.50"
    )
    cells = dict(zip(own_time.HEADINGS, own_time.line(own_time.ASKED[0], [stages]), strict=True))
    assert cells["own stages, median ms"] == "0.35"
    assert cells["total - transaction, median ms"] == "0.50"


def turn(p50: float, p99: float) -> Turn:
    return Turn(100, 1.0, Latency(p50, p99, p99), {}, 0.5, 0.5, 0.1, 0.0, 100, 2**20)
