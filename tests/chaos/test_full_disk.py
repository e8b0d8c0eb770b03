"""PostgreSQL whose disk is full, for one of its tables: what needs no room is served, and nothing is lost."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.chaos.asking import Asker
from tests.chaos.faults import Servers

_MEGABYTES = 3
_BALLAST = "insert into public.ballast select repeat('x', 7000) from generate_series(1, 100)"


@pytest.fixture
async def small_disk(servers: Servers, ground: Path) -> AsyncGenerator[None]:
    """A disk of its own for comments, with next to no room left on it."""
    place = ground / "small"
    place.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(place))
    mounted = await asyncio.to_thread(subprocess.run, ("mount", *options), capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a disk of its own can be had by root alone")
    account = servers.postgres.servers.place.account
    if account is not None:
        os.chown(place, account.uid, account.gid)
    try:
        await servers.postgres.ask(
            f"create tablespace small location '{place}'",
            "alter table library.resource_comments set tablespace small",
            "create table public.ballast (text text) tablespace small",
            "alter table public.ballast alter column text set storage plain",
        )
        with pytest.raises(Exception, match="No space left"):
            while True:
                await servers.postgres.ask(_BALLAST)
        yield
        await servers.postgres.ask(
            "drop table if exists public.ballast",
            "alter table library.resource_comments set tablespace pg_default",
            "drop tablespace small",
        )
    finally:
        await asyncio.to_thread(subprocess.run, ("umount", str(place)), check=False)


@pytest.mark.usefixtures("small_disk")
async def test_what_needs_no_room_is_served_and_the_rest_is_told_to_come_again(asker: Asker, servers: Servers) -> None:
    path, said = f"/api/resources/{asker.resource}/comments", list[str]()

    async def comment() -> int:
        answer = await asker.post(path, {"content": f"{len(said)} " + os.urandom(900).hex()})
        if answer.status_code == 201:
            said.append(answer.json()["id"])
        else:
            assert (answer.status_code, answer.json()["code"]) == (503, "53100"), answer.text
            assert (answer.headers["retry-after"], answer.headers["relais-degraded"]) == ("1", "database")
        return answer.status_code

    while await comment() == 201:
        assert len(said) < 1000, "there is always room"
    for kind in ("read", "list", "create", "vote", "write"):
        assert (await asker.ask(kind)).status < 300, kind
    assert await comment() == 503
    await servers.postgres.ask("drop table public.ballast")
    assert await comment() == 201
    async with asyncio.timeout(5):
        while "relais-degraded" in (await asker.ask("read")).headers:
            await asyncio.sleep(0.1)
    listed = await asker.get(f"/rest/v1/resource_comments?select=id&resource_id=eq.{asker.resource}")
    assert {row["id"] for row in listed.json()} >= set(said)
