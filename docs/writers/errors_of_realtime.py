"""What errors of realtime mean: they come as `error` events and in acknowledgements, not over HTTP."""

from collections.abc import Mapping
from typing import Final

OF_REALTIME: Final[Mapping[str, str]] = {
    "REALTIME_BAD_FILTER": "The filter of a subscription is not `column=operator.value` on a column of the table;"
    " `details` says what is wrong.",
    "REALTIME_BAD_REQUEST": "A request to `/socket.io/` that is none of the protocol; its connection, if it had one, is"
    " over.",
    "REALTIME_BAD_MESSAGE": "An event that there is none of, or a part of it that is missing or of another type.",
    "REALTIME_CHANNEL_REFUSED": "There is no such channel, or the caller may not hear it.",
    "REALTIME_NOT_SUBSCRIBED": "Clients speak in channels that they hear, and only in those that are about one thing:"
    " a resource, or oneself.",
    "REALTIME_TOKEN_EXPIRED": "The token came to its end and no other one was sent in time. Connect with a new one.",
    "REALTIME_TOO_FAST": "More events than `RELAIS_REALTIME_EVENTS_PER_SECOND`. This one was not looked at.",
    "REALTIME_TOO_MANY_PEERS": "`RELAIS_REALTIME_CONNECTIONS_PER_ADDRESS` or"
    " `RELAIS_REALTIME_HANDSHAKES_PER_ADDRESS`. A WebSocket is refused with 403.",
    "REALTIME_TOO_MANY": "`RELAIS_REALTIME_SUBSCRIPTIONS_PER_CONNECTION` or `RELAIS_REALTIME_CONNECTIONS_PER_USER`.",
    "REALTIME_UNAVAILABLE": "The log of changes has not been read yet. Subscribe again after a second.",
}
