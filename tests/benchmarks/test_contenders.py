"""Every contender answers every shape, with the same rows; and a small run of the whole gives a whole report."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import pgbench, report, servers
from benchmarks.contenders import CEILING, TEXTBOOK
from benchmarks.figures import Turn
from benchmarks.ground import Ground, own_settings
from benchmarks.load import Request, get
from benchmarks.processes import Command, free_port, serving
from benchmarks.shapes import INSERT_CATEGORY, INSERT_VISIBILITY, Samples, Shape
from benchmarks.statements import STATEMENTS
from benchmarks.turns import Pace, take_turns
from tests.benchmarks.asking import asked, comparable

#: What differs from one insert to the next, whoever inserts.
MADE_BY_THE_SERVER = ("id", "created_at", "updated_at")


@pytest.fixture(scope="module")
def textbook(place: Ground) -> Generator[int]:
    port = free_port()
    with serving(TEXTBOOK.command(place, port), port, TEXTBOOK.ready_path):
        yield port


def test_a_database_that_the_environment_names_is_never_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RELAIS_DATABASE_URL", "postgresql://somebody@example.org/precious")
    monkeypatch.setenv("RELAIS_DATABASE_ADMIN_URL", "postgresql://owner@example.org/precious")
    monkeypatch.setenv("RELAIS_REDIS_URL", "redis://example.org")
    settings = own_settings(tmp_path)
    assert (settings.database.url, settings.database.admin_url, settings.redis.url) == (None, None, None)


@pytest.mark.parametrize("shape", [Shape.LIST, Shape.HUNDRED])
def test_the_textbook_and_postgresql_list_the_same_rows(place: Ground, textbook: int, shape: Shape) -> None:
    requests = TEXTBOOK.requests(shape, place.samples)
    for category, request in zip(place.samples.categories, requests, strict=True):
        ours = json.loads(pgbench.answer(place, shape, {"category": category}))
        assert len(ours) > 1
        assert comparable(asked(textbook, request)) == comparable(ours)


def test_the_application_that_compares_servers_lists_the_same_rows(place: Ground) -> None:
    (application,) = (item for item in servers.APPLICATIONS if item.name == "list")
    port = free_port()
    command = Command(servers.uvicorn_argv(application, port, 1), servers.environment(place))
    with serving(command, port, "/ready"):
        for category, request in zip(place.samples.categories, application.requests(place.samples), strict=True):
            assert asked(port, request) == json.loads(pgbench.answer(place, Shape.LIST, {"category": category}))


def test_the_textbook_and_postgresql_answer_the_same_row(place: Ground, textbook: int) -> None:
    requests = TEXTBOOK.requests(Shape.ONE, place.samples)
    for row_id, request in list(zip(place.samples.ids(), requests, strict=True))[:10]:
        (ours,) = json.loads(pgbench.answer(place, Shape.ONE, {"id": row_id}))
        assert ours["id"] == row_id
        assert comparable([asked(textbook, request)]) == comparable([ours])


def test_the_textbook_and_postgresql_insert_the_same_row(place: Ground, textbook: int) -> None:
    request = TEXTBOOK.requests(Shape.INSERT, place.samples)[1]
    theirs = asked(textbook, request)
    (ours,) = json.loads(pgbench.answer(place, Shape.INSERT, {"body": place.samples.body(1)}))
    assert ours["id"] != theirs["id"]
    for name in MADE_BY_THE_SERVER:
        del ours[name], theirs[name]
    assert comparable([theirs]) == comparable([ours])


@pytest.mark.parametrize(
    ("shape", "least", "stamp_once"),
    [
        *((Shape.ONE, 1, True), (Shape.LIST, 20, True), (Shape.HUNDRED, 21, False), (Shape.INSERT, 1, True)),
        (Shape.RPC, 1, False),
    ],
)
def test_pgbench_finds_rows_every_time_under_row_security(
    place: Ground, monkeypatch: pytest.MonkeyPatch, shape: Shape, least: int, *, stamp_once: bool
) -> None:
    """An empty answer is the fastest of all, and so is one without rules: here both would divide by zero."""
    ruled = "current_user = 'authenticated' and row_security_active('library.resources')"
    checked = STATEMENTS[shape].replace("coalesce(json_agg(t), '[]')", f"1 / (count(*) >= {least} and {ruled})::int")
    assert checked != STATEMENTS[shape]
    monkeypatch.setitem(pgbench.STATEMENTS, shape, checked)
    outcome = pgbench.run(place, shape, stamp_once=stamp_once, connections=4, seconds=0.5, warm_up_seconds=0.5)
    assert outcome.requests > 0
    assert outcome.errors == {}


def test_a_run_measures_every_contender_on_every_shape_that_is_asked_for(place: Ground) -> None:
    shapes = (Shape.LIST, Shape.INSERT)
    contenders = (TEXTBOOK, CEILING)
    pace = Pace(turns=1, seconds=0.3, concurrency=4, warm_up_seconds=0.2)
    measured = list(take_turns(place, contenders, shapes, pace))
    assert [(item.shape, item.name) for item in measured] == [(s, c.name) for s in shapes for c in contenders]
    assert report.failures(measured) == []
    for name in (TEXTBOOK.name, CEILING.name):
        assert_measured([item.turn for item in measured if item.name == name], over_http=name == TEXTBOOK.name)
    table = report.table(measured, Shape.LIST)
    assert all(f"| {contender.name} " in table for contender in contenders)
    assert report.document(measured, ["here"])["medians"]["list"][CEILING.name]["rate"] > 0


def test_a_contender_that_answers_wrongly_is_reported(place: Ground) -> None:
    def nothing_there(_shape: Shape, _samples: Samples) -> list[Request]:
        return [get("/resources/00000000-0000-4000-8000-000000000000")]

    lost = replace(TEXTBOOK, requests=nothing_there)
    pace = Pace(turns=1, seconds=0.2, concurrency=2, warm_up_seconds=0.0)
    (failure,) = report.failures(list(take_turns(place, [lost], [Shape.ONE], pace)))
    assert "status 404" in failure


def test_inserted_rows_and_only_they_are_gone_after_a_turn(place: Ground) -> None:
    inserted = {"category": INSERT_CATEGORY, "visibility": INSERT_VISIBILITY}
    before = pgbench.answer(place, Shape.LIST, {"category": place.samples.categories[0]})
    pgbench.answer(place, Shape.INSERT, {"body": place.samples.body(1)})
    assert json.loads(pgbench.answer(place, Shape.LIST, inserted)) != []
    place.clean()
    assert json.loads(pgbench.answer(place, Shape.LIST, inserted)) == []
    assert pgbench.answer(place, Shape.LIST, {"category": place.samples.categories[0]}) == before


def assert_measured(turns: list[Turn], *, over_http: bool) -> None:
    for turn in turns:
        assert turn.requests > 0
        assert 0 < turn.latency.p50 <= turn.latency.p99
        assert not over_http or turn.rss_bytes > 2**20
    # The system counts CPU in hundredths of a second, of which a short turn may see none.
    assert sum(turn.postgres_cpu for turn in turns) > 0
    assert sum(turn.load_cpu for turn in turns) > 0
    assert (sum(turn.server_cpu for turn in turns) > 0) is over_http
