"""A worker like any other whose core has a job that leaves traces: started, killed and started again by tests."""

import asyncio
import os
from typing import Any

from app import log, worker
from app.jobs.performing import Run
from app.module import Module, Schedule
from app.servers import resolved
from app.settings import load_settings


async def leave_trace(ctx: dict[str, Any], *, number: int) -> None:
    """One row, in the transaction that ends the job, which takes a while to be committed."""
    run: Run = ctx["run"]
    await asyncio.sleep(0.02)
    async with run.once() as connection:
        await connection.execute("insert into public.traces (number) values ($1)", number)
        await asyncio.sleep(0.02)


async def count_time(ctx: dict[str, Any], *, since: str, until: str) -> None:
    """One row for each time of its schedule."""
    run: Run = ctx["run"]
    async with run.once() as connection:
        await connection.execute("insert into public.times (since, until) values ($1, $2)", since, until)


def main() -> None:
    """Run it, as the command would."""
    log.set_up_logging("info")
    schedules = (Schedule(count_time, every=int(os.environ.get("TEST_EVERY", "86400")), windowed=True),)
    worker.CORE = Module("core", "Of tests", "relais", jobs=(leave_trace, count_time), schedules=schedules)
    with resolved(load_settings()) as settings:
        worker.run(settings)


if __name__ == "__main__":
    main()
