"""Relais and PostgREST are asked the same, by many users, and answer the same as PostgreSQL does by itself."""

import asyncio
import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, cast

import asyncpg
import pytest

from benchmarks import __main__ as command
from benchmarks import dialect, pgbench, report
from benchmarks.contenders import (
    CEILING,
    CONTENDERS,
    POSTGREST,
    POSTGREST_PLAIN,
    RELAIS,
    RELAIS_2,
    STAMPING,
    TEXTBOOK,
    Contender,
    why_missing,
)
from benchmarks.figures import Latency, Turn
from benchmarks.ground import Ground
from benchmarks.load import Request
from benchmarks.processes import free_port, serving
from benchmarks.shapes import INSERT_CATEGORY, LICENSE, UPDATE_CATEGORY, Samples, Shape
from benchmarks.turns import Measured
from tests.benchmarks.asking import asked, comparable

GATEWAYS = (RELAIS, POSTGREST, POSTGREST_PLAIN)
#: PostgREST shows this column, Relais hides it.
TENANT = ("tenant_id",)
MADE_BY_THE_SERVER = ("id", "user_id", "created_at", "updated_at", *TENANT)


@pytest.fixture(scope="module")
def ports(place: Ground) -> Generator[dict[str, int]]:
    """The gateways that can be had here, all of them up."""
    with ExitStack() as stack:
        found: dict[str, int] = {}
        for gateway in (item for item in GATEWAYS if why_missing(item) is None):
            found[gateway.name] = free_port()
            started = gateway.command(place, found[gateway.name])
            stack.enter_context(serving(started, found[gateway.name], gateway.ready_path))
        yield found


@pytest.fixture(params=GATEWAYS, ids=lambda gateway: gateway.name)
def gateway(request: pytest.FixtureRequest) -> Contender:
    reason = why_missing(request.param)
    if reason is not None:
        pytest.skip(reason)
    return request.param


@pytest.mark.parametrize("shape", [Shape.LIST, Shape.LIST_ALL, Shape.HUNDRED])
def test_a_gateway_and_postgresql_list_the_same_rows(
    place: Ground, ports: dict[str, int], gateway: Contender, shape: Shape
) -> None:
    for request in gateway.requests(shape, place.samples)[:5]:
        (category,) = (name for name in place.samples.categories if f'"{name}"' == request.contains)
        rows = json.loads(pgbench.answer(place, shape, {"category": category}))
        assert len(rows) > 1
        assert comparable(asked(ports[gateway.name], request), TENANT) == comparable(rows)


@pytest.mark.parametrize("shape", [Shape.ONE, Shape.ONE_ALL])
def test_a_gateway_and_postgresql_answer_the_same_row(
    place: Ground, ports: dict[str, int], gateway: Contender, shape: Shape
) -> None:
    for request in gateway.requests(shape, place.samples)[:5]:
        row = json.loads(pgbench.answer(place, shape, {"id": request.contains}))
        assert comparable(asked(ports[gateway.name], request), TENANT) == comparable(row)


def test_a_gateway_and_postgresql_find_the_same_people(
    place: Ground, ports: dict[str, int], gateway: Contender
) -> None:
    for request in gateway.requests(Shape.RPC, place.samples)[:5]:
        people = json.loads(pgbench.answer(place, Shape.RPC, {"query": request.contains}))
        assert people != []
        assert asked(ports[gateway.name], request) == people


def test_a_gateway_and_postgresql_insert_the_same_row(place: Ground, ports: dict[str, int], gateway: Contender) -> None:
    request = gateway.requests(Shape.INSERT, place.samples)[1]
    (theirs,) = asked(ports[gateway.name], request)
    (ours,) = json.loads(pgbench.answer(place, Shape.INSERT, {"body": place.samples.body(1)}))
    expected = place.samples.user_id if gateway is POSTGREST_PLAIN else caller(place.samples, request)
    assert theirs["user_id"] == expected
    assert comparable([theirs], MADE_BY_THE_SERVER) == comparable([ours], MADE_BY_THE_SERVER)


def test_a_gateway_inserts_all_rows_of_a_bulk(place: Ground, ports: dict[str, int], gateway: Contender) -> None:
    place.clean()
    assert asked(ports[gateway.name], gateway.requests(Shape.BULK, place.samples)[0]) is None
    assert fetched(place, COUNT, INSERT_CATEGORY)[0][0] == 100
    pgbench.answer(place, Shape.BULK, {})
    assert fetched(place, COUNT, INSERT_CATEGORY)[0][0] == 200
    place.clean()


def test_a_gateway_updates_the_row_of_whoever_asks(place: Ground, ports: dict[str, int], gateway: Contender) -> None:
    if Shape.UPDATE not in gateway.shapes:
        pytest.skip("it has one user, who owns one row")
    place.clean()
    request = gateway.requests(Shape.UPDATE, place.samples)[3]
    assert asked(ports[gateway.name], request) is None
    assert [tuple(row) for row in fetched(place, CHANGED, UPDATE_CATEGORY)] == [(caller(place.samples, request),)]
    place.clean()
    assert fetched(place, CHANGED, UPDATE_CATEGORY) == []


def test_a_gateway_refuses_an_id_that_is_none(place: Ground, ports: dict[str, int], gateway: Contender) -> None:
    assert asked(ports[gateway.name], gateway.requests(Shape.ERROR, place.samples)[0])["code"] == "22P02"


def test_many_users_ask_in_the_same_order_every_time(place: Ground) -> None:
    requests = dialect.requests(Shape.LIST_ALL, place.samples, "")
    assert [item.raw for item in requests] == [item.raw for item in dialect.requests(Shape.LIST_ALL, place.samples, "")]
    callers = [caller(place.samples, item) for item in requests]
    assert set(callers) == set(place.samples.users)
    assert callers[: len(place.samples.users)] != list(place.samples.users)


@pytest.mark.parametrize(("stamp_once", "most"), [(True, 4), (False, None)])
def test_pgbench_is_many_users_who_each_carry_their_claims(
    place: Ground, monkeypatch: pytest.MonkeyPatch, most: int | None, *, stamp_once: bool
) -> None:
    """The default owner of a row is the caller; here the licence is the one that the claims name."""
    place.clean()
    told = "current_setting('request.jwt.claims')::json->>'sub'"
    statement = (
        f"insert into library.resources (title, description, category, license) values ('', 'x', '{{}}', {told})"
    )
    monkeypatch.setitem(pgbench.STATEMENTS, Shape.ONE, statement.format(INSERT_CATEGORY))
    outcome = pgbench.run(place, Shape.ONE, stamp_once=stamp_once, connections=4, seconds=0.5, warm_up_seconds=0.0)
    assert outcome.errors == {}
    owners = fetched(
        place, "select distinct user_id::text, license from library.resources where category = $1", INSERT_CATEGORY
    )
    place.clean()
    assert all(row[0] == row[1] for row in owners)
    assert {row[0] for row in owners} <= set(place.samples.users)
    assert 1 < len(owners) <= (most or len(place.samples.users))


def test_pgbench_updates_the_row_of_the_user_that_it_is(place: Ground) -> None:
    outcome = pgbench.run(place, Shape.UPDATE, stamp_once=False, connections=4, seconds=0.5, warm_up_seconds=0.0)
    assert outcome.errors == {}
    changed = fetched(place, CHANGED, UPDATE_CATEGORY)
    place.clean()
    # An update of somebody else's row finds nothing and says nothing.
    assert len(changed) > len(place.samples.users) / 2


def test_settings_of_the_environment_set_up_no_contender(place: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_NO_SUCH_SETTING", "1")
    port = free_port()
    with serving(RELAIS.command(place, port), port, RELAIS.ready_path):
        assert asked(port, RELAIS.requests(Shape.ONE_ALL, place.samples)[0])


def test_two_workers_are_a_contender_where_the_process_is_the_bottleneck(place: Ground) -> None:
    assert RELAIS_2.shapes == {Shape.ONE_ALL, Shape.ERROR}
    assert RELAIS_2.command(place, 1).argv[-2:] == ("--workers", "2")


def test_every_contender_has_requests_for_its_shapes(place: Ground) -> None:
    for contender in CONTENDERS:
        if isinstance(contender, Contender):
            empty = [shape for shape in contender.shapes if not contender.requests(shape, place.samples)]
            assert empty == []


def test_a_table_compares_with_the_faster_postgrest_and_has_dashes_for_a_shape_that_is_not_there() -> None:
    rates = {RELAIS: 300, POSTGREST: 100, POSTGREST_PLAIN: 200, CEILING: 600, STAMPING: 400}
    measured = [Measured(Shape.UPDATE, item.name, turn(rate)) for item, rate in rates.items()]
    measured.append(Measured(Shape.ONE, TEXTBOOK.name, turn(50)))
    lines = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in report.table(measured, Shape.UPDATE).split("\n")[2:]
    ]
    cells = {row[0]: dict(zip(lines[0], row, strict=True)) for row in lines[2:]}
    assert cells["relais"]["x postgrest"] == "1.50"
    assert (cells["relais"]["of pgbench"], cells["relais"]["of stamping"]) == ("50%", "75%")
    assert cells["postgrest"]["x relais"] == "0.33"
    assert set(cells["textbook"].values()) == {"textbook", report.NOTHING}


def test_a_contender_that_cannot_be_had_is_left_out_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Ground
) -> None:
    def lost() -> None:
        raise LookupError("npm is out of order")

    class Here:
        def __enter__(self) -> Ground:
            return place

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(command, "CONTENDERS", (replace(POSTGREST, find=lost), CEILING))
    monkeypatch.setattr(command, "ground", lambda _rows: Here())
    assert command.main(["--seconds", "0.2", "--turns", "1", "--shapes", "one"]) == 0
    printed = capsys.readouterr().out
    assert "postgrest is left out: npm is out of order" in printed
    assert "| pgbench" in printed


COUNT = "select count(*) from library.resources where category = $1"
CHANGED = f"select user_id::text from library.resources where category = $1 and license = '{LICENSE}'"


def fetched(place: Ground, statement: str, *args: Any) -> list[Any]:
    """What the database holds, whoever may see it."""

    async def run() -> list[Any]:
        connection = cast(Any, await asyncpg.connect(place.admin_url))
        try:
            return await connection.fetch(statement, *args)
        finally:
            await connection.close()

    return asyncio.run(run())


def caller(samples: Samples, request: Request) -> str:
    """Whose token a request carries."""
    (user,) = (
        user for user, token in zip(samples.users, samples.tokens, strict=True) if f" {token}\r\n" in request.raw
    )
    return user


def turn(rate: int) -> Turn:
    return Turn(rate, 1.0, Latency(1.0, 2.0, 3.0), {}, 0.5, 0.5, 0.1, 0.0, rate, 2**20)
