"""What clients may send: text packets of Socket.IO 5, in the one namespace, without attachments."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import orjson

_KINDS: dict[str, Literal["connect", "disconnect", "event", "ack"]] = {
    "0": "connect",
    "1": "disconnect",
    "2": "event",
    "3": "ack",
}
#: A kind, a namespace, the number of an acknowledgement, which JavaScript counts up, and JSON.
_PACKET = re.compile(r"([0-3])(?:(/[^,]*)(?:,|\Z))?([0-9]{0,16})(.*)", re.DOTALL)
#: Names that libraries give to what happens to a connection: nobody sends them.
_RESERVED = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "*", ""}
)


@dataclass(frozen=True, slots=True)
class Packet:
    """What a client has sent."""

    kind: Literal["connect", "disconnect", "event", "ack"]
    namespace: str
    id: int | None
    #: Of an event: its name and what comes with it. Of a connection: what proves who it is.
    data: Any


def read_packet(text: Any) -> Packet | None:
    """The packet that a text is; None if it is nothing that a client would send."""
    match = _PACKET.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    number, namespace, given, json = match.groups()
    kind = _KINDS[number]
    try:
        data = orjson.loads(json) if json else None
    except orjson.JSONDecodeError:
        return None
    if kind == "event" and not (isinstance(data, list) and data and _may_be_sent(data[0])):
        return None
    return Packet(kind, (namespace or "/").partition("?")[0], int(given) if given else None, data)


def _may_be_sent(name: Any) -> bool:
    return isinstance(name, str) and name not in _RESERVED
