"""Processes are told to stop, or to be replaced, while they are asked: no request that was sent goes unanswered."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.accounts.conftest import signed_up
from tests.own_server import OwnServer, own_server
from tests.realtime.conftest import listening

PATIENCE_SECONDS = 90.0
CLIENTS = 4
#: So many of two processes are waited for; a busy machine takes its time for each.
REPLACED = 2 if "RELAIS_TEST_CHAOS" in os.environ else 1


def keeping_alive(server: OwnServer) -> httpx.AsyncClient:
    """A client with one connection, which it keeps, and which tries nothing twice."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    return httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=30, limits=limits)


async def until(found: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def replaced(server: OwnServer, before: set[int]) -> int:
    """How many of these processes have made way for others."""
    return len(before - {worker.pid for worker in server.workers()})


async def test_replacing_processes_fails_no_request_and_loses_no_write(environment: Mapping[str, str]) -> None:
    done, statuses = asyncio.Event(), list[int]()
    written, acknowledged = 0, list[str]()
    with own_server(environment, workers=2) as server:
        async with keeping_alive(server) as first:
            member = await signed_up(first)

        async def go_on(number: int) -> None:
            nonlocal written
            async with keeping_alive(server) as client:
                while not done.is_set():
                    if number % 2:
                        title = f"{number}-{written}"
                        written += 1
                        body = {"title": title, "description": "Pendant un redémarrage"}
                        answer = await client.post("/api/resources", json=body, headers=member.headers)
                        acknowledged.append(title)
                    else:
                        answer = await client.get("/rest/v1/resources?select=id&limit=1")
                    statuses.append(answer.status_code)
                    await asyncio.sleep(random.choice((0.01, 0.1, 0.3, 0.5)))

        going = [asyncio.create_task(go_on(number)) for number in range(CLIENTS)]
        before = {worker.pid for worker in server.workers()}
        assert len(before) == 2
        os.kill(server.pid, signal.SIGHUP)
        await until(lambda: replaced(server, before) >= REPLACED or any(task.done() for task in going))
        done.set()
        await asyncio.gather(*going)
        async with keeping_alive(server) as client:
            path = "/rest/v1/resources?select=title&description=eq.Pendant un redémarrage"
            rows = (await client.get(path, headers=member.headers)).json()
    assert set(statuses) == {200, 201}
    assert sorted(row["title"] for row in rows) == sorted(acknowledged)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_what_is_under_way_is_finished_and_the_next_connection_is_refused(
    environment: Mapping[str, str], number: signal.Signals
) -> None:
    with own_server(environment) as server:
        async with keeping_alive(server) as client, keeping_alive(server) as idle:
            assert (await idle.get("/live")).status_code == 200
            slow = asyncio.create_task(client.post("/rest/v1/rpc/take_time", json={"seconds": 1.5}))
            await asyncio.sleep(0.3)
            os.kill(server.pid, number)
            await asyncio.sleep(0.15)
            # What comes over a connection that was open is answered: its client could not know.
            late = await idle.get("/live")
            assert (late.status_code, late.headers["connection"]) == (200, "close")
            async with keeping_alive(server) as newcomer:
                try:
                    await newcomer.get("/live")
                    raise AssertionError("it still takes connections")
                except httpx.ConnectError:
                    pass
            answer = await slow
            assert (answer.status_code, answer.json()) == (200, "taken")
            assert answer.headers["connection"] == "close"
        await until(lambda: not psutil.pid_exists(server.pid) or psutil.Process(server.pid).status() == "zombie")


async def test_whoever_listens_is_told_that_the_process_stops(environment: Mapping[str, str]) -> None:
    with own_server(environment) as server:
        async with keeping_alive(server) as client:
            member = await signed_up(client)
        async with listening(server.address, member.access_token) as ear:
            os.kill(server.pid, signal.SIGTERM)
            await ear.until(lambda ear: not ear.client.connected)
            assert [told["code"] for told in ear.of("error")] == ["SERVER_RESTARTS"]


async def test_a_restart_can_be_stopped_on_its_way(environment: Mapping[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with own_server(environment, workers=2, log=log) as server:
        await until(lambda: log.read_text().count('"api_started"') == 2)
        before = {worker.pid for worker in server.workers()}
        os.kill(server.pid, signal.SIGHUP)
        await until(lambda: {worker.pid for worker in server.workers()} - before)
    # Whoever was to take over is not waited for.
    assert log.read_text().count('"api_started"') == 2


async def test_a_process_that_dies_while_it_is_asked_whether_it_lives_is_replaced(
    environment: Mapping[str, str],
) -> None:
    with own_server(environment, workers=2) as server:
        before = {worker.pid for worker in server.workers()}
        first, second = before
        for pid in (first, second):
            os.kill(pid, signal.SIGSTOP)
        # By now one of them is asked, and does not answer.
        await asyncio.sleep(1.5)
        for pid in (first, second):
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            while len({worker.pid for worker in server.workers()} - before) < 2:
                await asyncio.sleep(0.1)
        async with keeping_alive(server) as client:
            assert (await client.get("/live")).status_code == 200
