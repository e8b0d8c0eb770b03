"""What each worker does all the time, beside its jobs: emptying buffers above all. It neither waits for the queue nor
is kept in it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from app import log
from app.adapters.redis import RedisUnavailable
from app.errors import AppError
from app.module import Pulse

AWAY = "pulse_put_off"


async def beat(pulse: Pulse, context: Mapping[str, Any], stopping: asyncio.Event) -> None:
    """Do it until told to stop, and once more then."""
    while not stopping.is_set():
        await beat_once(pulse, context)
        await _pause(stopping, pulse.seconds)
    await beat_once(pulse, context)


async def beat_once(pulse: Pulse, context: Mapping[str, Any]) -> None:
    """Do it now; what cannot be done now is done the next time."""
    try:
        await pulse.beat(dict(context))
    except RedisUnavailable:
        return  # which says so itself
    except AppError as error:
        log.event(AWAY, {"pulse": pulse.beat.__name__, "reason": str(error)}, level="warning")
    except Exception as error:
        # A mistake of ours must not be the end of it.
        log.event("unexpected_error", {"in": pulse.beat.__name__}, level="error", error=error)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
