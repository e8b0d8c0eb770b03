"""The queue of a connection: in order, with its size, and nothing is lost with whoever waited for it."""

import asyncio

import pytest
from app.sockets.outbox import Outbox
from engineio.packet import MESSAGE, Packet


def packet(text: str) -> Packet:
    return Packet(MESSAGE, data=text)


async def test_what_is_put_comes_out_in_order_and_is_counted() -> None:
    outbox = Outbox()
    for text in ("one", "four", "eleven"):
        await outbox.put(packet(text))
    assert (outbox.qsize(), outbox.size, outbox.empty()) == (3, 13, False)
    assert [(await outbox.get()).data, outbox.get_nowait().data, outbox.get_nowait().data] == ["one", "four", "eleven"]
    assert (outbox.qsize(), outbox.size, outbox.empty()) == (0, 0, True)
    with pytest.raises(asyncio.QueueEmpty):
        outbox.get_nowait()


async def test_those_who_wait_are_served_in_turn_and_who_gave_up_takes_nothing() -> None:
    outbox = Outbox()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.get(), 0.001)
    first, second = outbox.get(), outbox.get()
    first.cancel()
    outbox.put_nowait(packet("for the second"))
    outbox.put_nowait(None)
    assert (await second).data == "for the second"
    assert await outbox.get() is None
    assert outbox.size == 0


async def test_joining_waits_until_everything_was_sent() -> None:
    outbox = Outbox()
    await outbox.join()
    outbox.put_nowait(packet("a"))
    joining = asyncio.create_task(outbox.join())
    await outbox.get()
    await asyncio.sleep(0)
    assert not joining.done()
    outbox.task_done()
    await asyncio.wait_for(joining, 1)
