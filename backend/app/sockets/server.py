"""The Socket.IO server of a process: lets clients in, does what they ask for, and shows out whose time is over."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import orjson
import socketio
from socketio import packet
from socketio.exceptions import ConnectionRefusedError as Refused
from starlette.types import Receive, Scope, Send

from app import log
from app.adapters.postgres import Stamp
from app.auth.caller import Caller
from app.auth.guard import SESSION_ENDED
from app.catalog.types import Name
from app.errors import AppError, ErrorSpec, refuse
from app.gateway.parse import Head
from app.middleware.trace import address_of
from app.realtime.channels import CHANNEL_REFUSED, Kind, Opened, Subscriber, opened
from app.realtime.feed import Feed
from app.realtime.filters import BAD_FILTER, read_filter
from app.realtime.rights import rights_to
from app.realtime.rooms import Member, Rooms
from app.realtime.subscriptions import ALL, RowsOf, Subscription
from app.sockets import PATH
from app.sockets.client import Client
from app.sockets.door import Door, own_origin
from app.sockets.engine import QUIET, StrictServer
from app.sockets.messages import BAD_MESSAGE, SLOWER, named, object_of
from app.sockets.talk import Talk
from app.state import AppState

MISSING = "Token d'authentification manquant"
FAILED = "Authentification échouée"
UNUSABLE = "Token invalide"
SUBSCRIBING_FAILED = "Erreur lors de la souscription"
TOO_MANY = ErrorSpec("REALTIME_TOO_MANY", 429, "Trop de souscriptions")
EXPIRED = ErrorSpec("REALTIME_TOKEN_EXPIRED", 401, "Token expiré")
_LONGEST_CHANNEL, _LONGEST_ID = 200, 100
_LOOK_SECONDS, _LONGEST_LOOK_SECONDS = 0.5, 2.0
#: A client that was told of its token's end has so long to bring another one.
_WARNED_SECONDS, _GRACE_SECONDS = 30.0, 5.0


class Sockets:
    """The connections of one process."""

    def __init__(self, state: AppState, feed: Feed, kinds: Sequence[Kind], tables: frozenset[Name]) -> None:
        settings = state.settings
        self._state, self._feed, self._kinds, self._tables = state, feed, kinds, tables
        self._rooms = Rooms(state.redis)
        self._settings = settings.realtime
        self._clients: dict[str, Client] = {}
        self._of_user: dict[str, int] = {}
        self._counts: Counter[str] = Counter(sent=0, gaps=0, refused=0, ended=0)
        #: The listening for ends in which every connection is known to be good.
        self._heard_since = 0
        self._looking: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        origins = settings.http.origins()
        self._server = StrictServer(
            handshake_seconds=self._settings.handshake_seconds,
            async_mode="asgi",
            transports=self._settings.transports.split(","),
            cors_allowed_origins="*" if "*" in origins else _allowed(origins),
            cors_credentials="*" not in origins,
            ping_interval=self._settings.ping_seconds,
            ping_timeout=self._settings.ping_seconds,
            max_http_buffer_size=self._settings.message_bytes,
            # One event of a client after the other: that is its flow control, and their order.
            async_handlers=False,
            cookie=None,
            namespaces=["/"],
            logger=QUIET,
            engineio_logger=QUIET,
            # Not the library's own class: clients in the same process would write theirs as this one does.
            serializer=_Packet,
        )
        self._server.nonsense = self._nonsense
        self._app = Door(socketio.ASGIApp(self._server, socketio_path=PATH), self._server, self._settings)
        for name, handler in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("subscribe", self._subscribe),
            ("unsubscribe", self._unsubscribe),
            ("subscribe:resource", self._subscribe_resource),
            ("subscribe:suggestions", self._subscribe_suggestions),
            ("auth", self._auth),
            *Talk(self._rooms, self._heard, self._refused).handlers(),
            ("*", self._unknown),
        ):
            self._server.on(name, handler)

    def counts(self) -> Mapping[str, int]:
        """How many are connected, and what they were told and refused since the process began."""
        return {"connections": len(self._clients), **self._counts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def start(self) -> None:
        """Look after those who are connected."""
        self._feed.start()
        self._rooms.start()
        self._looking = asyncio.create_task(self._look())

    def farewell(self) -> None:
        """Begin to show everybody out; they come back to another process, or to the next one here."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._say_farewell())

    async def _say_farewell(self) -> None:
        for client in list(self._clients.values()):
            client.send("error", {"message": "Le serveur redémarre", "code": "SERVER_RESTARTS"})
        # Whoever is disconnected by name stays away; whoever loses the connection comes back.
        await self._server.drop_all()

    async def stop(self) -> None:
        """Show out whoever is still there, and hear nothing more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        self.farewell()
        await asyncio.gather(self._leaving or asyncio.sleep(0), return_exceptions=True)
        await self._server.shutdown()
        await self._rooms.stop()
        await self._feed.stop()

    # Coming and going.

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        try:
            await self._let_in(sid, environ["asgi.scope"], auth)
        except Refused:
            self._counts["refused"] += 1
            raise

    async def _let_in(self, sid: str, scope: Scope, auth: Any) -> None:
        token = object_of(auth).get("token", _query(scope).get("token"))
        if not isinstance(token, str) or not token:
            raise Refused(MISSING, {"code": "AUTH_TOKEN_MISSING"})
        address = address_of(scope)
        try:
            caller, stamp, expires = await self._recognised(token, address)
        except AppError as error:
            raise Refused(FAILED, {"code": error.code}) from None
        if not caller.user_id:
            raise Refused(UNUSABLE, {"code": "AUTH_TOKEN_INVALID"})
        outbox = self._server.outbox(sid)
        if outbox is None:
            raise Refused(FAILED, {"code": BAD_MESSAGE.code})
        if self._of_user.get(caller.user_id, 0) >= self._settings.connections_per_user:
            raise Refused(TOO_MANY.message, {"code": TOO_MANY.code})
        self._of_user[caller.user_id] = self._of_user.get(caller.user_id, 0) + 1
        client = Client(sid, address, self._settings, caller, stamp, expires, outbox, self._counts)
        self._clients[sid] = client
        try:
            for kind in self._kinds:
                if kind.joined is not None:
                    await self._join(client, kind.joined(caller.user_id))
        except AppError as error:
            await self._disconnect(sid, "")
            raise Refused(SUBSCRIBING_FAILED, {"code": error.code}) from None

    async def _disconnect(self, sid: str, _reason: str) -> None:
        client = self._clients.pop(sid, None)
        if client is None:
            return
        for channel in list(client.subscriptions):
            self._leave(client, channel)
        left = self._of_user.get(client.caller.user_id, 1) - 1
        if left > 0:
            self._of_user[client.caller.user_id] = left
        else:
            self._of_user.pop(client.caller.user_id, None)

    async def _recognised(self, token: str, address: str) -> tuple[Caller, Stamp, float | None]:
        state = self._state
        engine = state.engines.get()
        if engine is None:
            raise refuse(CHANNEL_REFUSED)
        bearer = b"Bearer " + token.encode("utf-8", "surrogateescape")
        caller, _ = await state.guard.admit(state.callers, bearer, address, "reads", reads=True)
        expires = orjson.loads(caller.claims).get("exp")
        if isinstance(expires, int | float) and expires <= time.time():
            # Requests are answered a little longer, for clocks differ; a connection would be for nothing.
            raise refuse(EXPIRED)
        stamp = engine.stamp(caller, Head("GET", "/", "", {}), engine.schemas[0])
        return caller, stamp, float(expires) if isinstance(expires, int | float) else None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._server.look()
                await self._look_at_clients()
            except Exception as error:
                # A mistake of ours must not end the looking.
                log.event("unexpected_error", {"in": "sockets"}, level="error", error=error)

    async def _look_at_clients(self) -> None:
        await self._look_them_up()
        now = time.time()
        for client in list(self._clients.values()):
            client.look_for_room()
            if client.caller.credential and client.caller.credential in self._state.guard.endings:
                await self._show_out(client, SESSION_ENDED)
            elif client.expires is not None and now > client.expires + _GRACE_SECONDS:
                await self._show_out(client, EXPIRED)
            elif client.expires is not None and not client.warned and now > client.expires - _WARNED_SECONDS:
                client.warned = True
                client.send("token:expiring", {"expiresAt": client.expires})

    async def _look_them_up(self) -> None:
        """Ask PostgreSQL whose session is over, if it may have told us so while we did not hear."""
        endings = self._state.guard.endings
        begun = endings.begun
        if endings.hears and begun == self._heard_since:
            return
        names = {client.caller.credential for client in self._clients.values() if client.caller.credential}
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                good = await self._state.guard.still_good(names) if names else names
        except (AppError, TimeoutError):
            return
        if endings.hears:
            self._heard_since = begun
        for client in list(self._clients.values()):
            if client.caller.credential in names - good:
                await self._show_out(client, SESSION_ENDED)

    async def _show_out(self, client: Client, why: ErrorSpec) -> None:
        self._counts["ended"] += 1
        client.send("error", {"message": why.message, "code": why.code})
        await self._server.disconnect(client.sid)

    # What clients ask for.

    async def _subscribe(self, sid: str, *args: Any) -> Any:
        client = self._heard(sid)
        if client is None:
            return SLOWER
        wanted = named(args)
        channel, since, config = wanted.get("channel"), wanted.get("since"), wanted.get("postgres_changes")
        try:
            if not isinstance(channel, str) or not 0 < len(channel) <= _LONGEST_CHANNEL:
                raise refuse(BAD_MESSAGE, "channel")
            if since is not None and (type(since) is not int or not 0 <= since < 2**63):
                raise refuse(BAD_MESSAGE, "since")
            # Who hears reads.
            await self._state.guard.count(client.caller, client.address, "reads")
            found = Opened(await self._rows(client, channel, config)) if config is not None else None
            return await self._join(client, channel, since, found, watches=wanted.get("presence") is True)
        except AppError as error:
            return self._refused(client, error)

    async def _join(
        self,
        client: Client,
        channel: str,
        since: int | None = None,
        found: Opened | None = None,
        *,
        watches: bool = False,
    ) -> Any:
        if (
            channel not in client.subscriptions
            and len(client.subscriptions) >= self._settings.subscriptions_per_connection
        ):
            raise refuse(TOO_MANY)
        found = found or await self._opened(client, channel)
        self._leave(client, channel)
        subject = found.topic.subject
        for name in [name for name, other in client.subscriptions.items() if other.topic.subject == subject]:
            # Two names of one thing: what happens to it is told once.
            self._leave(client, name)
        subscription = Subscription(
            found.topic, client.stamp, client.deliver, client.has_room, partial(client.gap, channel)
        )
        client.subscriptions[channel] = subscription
        gap = await self._feed.subscribe(subscription, since)
        if subscription.ended or self._clients.get(client.sid) is not client:
            # The connection ended meanwhile: nobody would ever leave for it.
            self._leave(client, channel)
            raise refuse(CHANNEL_REFUSED)
        answer = {"channel": channel, "position": subscription.position}
        client.send("subscribed", answer)
        if gap is not None:
            client.send("gap", {"channel": channel, "since": since, "position": gap})
        if subscription.catching_up:
            self._feed.go_on_apart(subscription)
        if found.room:
            self._enter(client, channel, found.room, watches=watches)
        return answer

    async def _opened(self, client: Client, channel: str) -> Opened:
        subscriber = Subscriber(self._state.database, client.stamp, client.caller.user_id)
        return await opened(self._kinds, subscriber, channel)

    def _enter(self, client: Client, channel: str, room: str, *, watches: bool) -> None:
        async def allowed() -> bool | None:
            try:
                return (await self._opened(client, channel)).room == room
            except AppError as error:
                return False if error.code == CHANNEL_REFUSED.code else None

        def shown_out() -> None:
            self._leave(client, channel)
            client.send("error", {"message": CHANNEL_REFUSED.message, "code": CHANNEL_REFUSED.code, "channel": channel})

        member = Member(client.sid, channel, client.caller.user_id, client.deliver, allowed, shown_out, watches)
        client.places[channel] = room, member
        self._rooms.join(room, member)

    async def _rows(self, client: Client, channel: str, given: Any) -> RowsOf:
        config = object_of(given)
        engine = self._state.engines.get()
        schema, table = config.get("schema", "public"), config.get("table")
        if engine is None or not isinstance(schema, str) or not isinstance(table, str):
            raise refuse(BAD_MESSAGE, "schema, table")
        name = Name(engine.schemas[0] if schema == engine.alias else schema, table)
        found = engine.catalog.tables.get(name)
        if found is None or name not in self._tables or name.schema not in engine.schemas:
            raise refuse(CHANNEL_REFUSED)
        number = config.get("id")
        if number is not None and not (type(number) is int or (isinstance(number, str) and len(number) <= _LONGEST_ID)):
            raise refuse(BAD_MESSAGE, "id")
        event = config.get("event", "*")
        if not isinstance(event, str) or (event != "*" and event not in ALL):
            raise refuse(BAD_MESSAGE, "event")
        text = config.get("filter")
        if text is not None and not isinstance(text, str):
            raise refuse(BAD_FILTER)
        condition = await read_filter(text, found, self._state.database, client.stamp) if text else None
        events = ALL if event == "*" else frozenset({event})
        rights, user_id = rights_to(found, self._state.modules), client.caller.user_id
        return RowsOf(channel, name, events, condition, number, schema, rights, user_id)

    async def _unsubscribe(self, sid: str, *args: Any) -> Any:
        client = self._heard(sid)
        channel = named(args).get("channel")
        if client is None:
            return SLOWER
        if not isinstance(channel, str):
            return None
        left = self._leave(client, channel)
        client.send("unsubscribed", {"channel": channel[:_LONGEST_CHANNEL]})
        if left is not None:
            await self._join_again(client, channel)
        return {"channel": channel[:_LONGEST_CHANNEL]}

    async def _join_again(self, client: Client, left: str) -> None:
        """What is joined by itself is heard under its own name again when its other one was left."""
        for kind in self._kinds:
            if kind.joined is not None and kind.pattern.fullmatch(left):
                name = kind.joined(client.caller.user_id)
                if name not in (left, *client.subscriptions):
                    await self._join(client, name, None)

    def _leave(self, client: Client, channel: str) -> Subscription | None:
        subscription = client.subscriptions.pop(channel, None)
        if subscription is not None:
            self._feed.unsubscribe(subscription)
        place = client.places.pop(channel, None)
        if place is not None:
            self._rooms.leave(*place)
        return subscription

    async def _subscribe_resource(self, sid: str, *args: Any) -> Any:
        if args and isinstance(args[0], str):
            return await self._subscribe(sid, f"resource:updates:{args[0]}")
        return None

    async def _subscribe_suggestions(self, sid: str, *_: Any) -> Any:
        return await self._subscribe(sid, "suggestions:votes")

    async def _auth(self, sid: str, *args: Any) -> Any:
        """A newer token of the same user, in place of the one that comes to its end."""
        client = self._heard(sid)
        token = object_of(args[0]).get("token", args[0]) if args else None
        if client is None:
            return SLOWER
        try:
            if not isinstance(token, str):
                raise refuse(BAD_MESSAGE, "token")
            caller, stamp, expires = await self._recognised(token, client.address)
            if caller.user_id != client.caller.user_id:
                raise refuse(BAD_MESSAGE, "token of somebody else")
        except AppError as error:
            return self._refused(client, error)
        client.caller, client.stamp, client.expires, client.warned = caller, stamp, expires, False
        for subscription in client.subscriptions.values():
            subscription.stamp = stamp
        return {"expiresAt": expires}

    async def _unknown(self, _event: str, sid: str, *_: Any) -> Any:
        return await self._nonsense(sid)

    async def _nonsense(self, sid: str) -> Any:
        client = self._heard(sid)
        return SLOWER if client is None else self._refused(client, refuse(BAD_MESSAGE))

    def _heard(self, sid: str) -> Client | None:
        client = self._clients.get(sid)
        if client is None or client.may_send():
            return client
        self._counts["refused"] += 1
        client.send("error", SLOWER["error"])
        return None

    def _refused(self, client: Client, error: AppError) -> dict[str, Any]:
        ours = error.code.startswith("REALTIME_")
        message = error.message if ours else SUBSCRIBING_FAILED
        if error.status >= 500:
            log.event("socket_refused", {"code": error.code, "reason": error.message}, level="warning")
        told = {"message": message, "code": error.code}
        self._counts["refused"] += 1
        client.send("error", told)
        return {"error": told}


class _Json:
    """Texts as orjson reads and writes them."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """As text."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Of a text."""
        return orjson.loads(text)


class _Packet(packet.Packet):
    """Of the server."""

    json = _Json


def _allowed(origins: Sequence[str]) -> Callable[[str | None, Mapping[str, Any]], bool]:
    return lambda origin, environ: origin in origins or own_origin(origin, environ)


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
