"""Clients that mean harm: they disturb nobody, take no memory that is not given back, and leave no trace in the log."""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from app.embedded import Servers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, environment_for
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import Ear, listening
from tests.realtime.raw import PATH, Raw, raw
from tests.realtime.test_events import ROWS, changes, new_resource

SETTINGS = {
    "RELAIS_REALTIME_TRANSPORTS": "websocket,polling",
    "RELAIS_REALTIME_HANDSHAKE_SECONDS": "2",
    "RELAIS_REALTIME_HANDSHAKES_PER_ADDRESS": "30",
    "RELAIS_REALTIME_CONNECTIONS_PER_USER": "5",
    "RELAIS_REALTIME_PING_SECONDS": "5",
    "RELAIS_REALTIME_SUBSCRIPTIONS_PER_CONNECTION": "20",
    "RELAIS_HTTP_CORS_ORIGINS": "https://app.example.org",
}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(
    urls: Urls, servers: Servers, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[OwnServer]:
    """An API in whose log nothing may be found in the end but that it came and went."""
    log = tmp_path_factory.mktemp("hostile") / "log"
    with own_server({**environment_for(urls, servers, data_dir), **CHEAP, **SETTINGS}, log=log) as server:
        yield server
    lines = log.read_text().splitlines()
    assert not [line for line in lines if "raceback" in line or "unexpected_error" in line]
    # Machines may be slow.
    ordinary = {"api_started", "api_stopped", "catalog_loaded", "request", "slow_statement"}
    assert [line for line in lines if json.loads(line)["event"] not in ordinary] == []


@pytest.fixture
async def member(client: httpx.AsyncClient) -> Member:
    return await signed_up(client)


@pytest.fixture
async def bystander(server: OwnServer, client: httpx.AsyncClient) -> AsyncGenerator[Ear]:
    """Somebody else, who is told what happens as ever, whatever the test did."""
    who = await signed_up(client)
    async with listening(server.address, who.access_token) as ear:
        await ear.subscribe({"channel": "rows", "postgres_changes": {**ROWS, "event": "INSERT"}})
        yield ear
        made = await new_resource(client, who, "Toujours là")
        await ear.until(lambda ear: [item for item in changes(ear) if item["new"]["id"] == made["id"]], 5)


NONSENSE: list[str | bytes] = [
    "42",
    "42[]",
    "42{}",
    "42null",
    '42"subscribe"',
    "42[5]",
    "42[null]",
    '42[{"a":1}]',
    '42[["subscribe"]]',
    '42["connect"]',
    '42["connect",{"asgi.scope":{"client":["1.2.3.4",1]}},{"token":"x"}]',
    '42["disconnect"]',
    '42["disconnect","x"]',
    '42["disconnecting","x"]',
    '42["connect_error",{"message":"x"}]',
    '42["*"]',
    '42["*","x","y"]',
    '42["__proto__",{"a":1}]',
    '42["constructor"]',
    '42["_look"]',
    '42["' + "x" * 60_000 + '"]',
    '42["subscribe"',
    '42["subscribe",' + "[" * 10_000 + "]" * 10_000 + "]",
    '42["subscribe",' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "]",
    '42["subscribe",NaN]',
    '42["subscribe","\\ud800"]',
    '42123456789012345678901234567890["subscribe","suggestions:votes"]',
    '42-1["subscribe","suggestions:votes"]',
    '42٤["subscribe","suggestions:votes"]',
    '451-["subscribe",{"_placeholder":true,"num":0}]',
    '459999999999-["subscribe"]',
    '451-["subscribe",{"_placeholder":true,"num":-1}]',
    '461-1["subscribe"]',
    '44{"message":"x"}',
    "4",
    "4x",
    "49",
    '4{"a":1}',
    "4[1,2]",
    "4null",
    b"",
    b"binary",
    b"\xff\xfe",
]
#: What is understood, and to be ignored.
IDLE: list[str] = [
    "43",
    '435["x"]',
    '43/admin,5["x"]',
    '42/admin,["subscribe","suggestions:votes"]',
    "41/admin,",
    "2",
    "3",
    "5",
]


@pytest.mark.parametrize("frame", [*NONSENSE, *IDLE], ids=lambda frame: repr(frame[:30]))
async def test_nonsense_is_refused_and_its_sender_stays(
    server: OwnServer, member: Member, bystander: Ear, frame: str | bytes
) -> None:
    async with raw(server, member.access_token) as one:
        await one.socket.send(frame)
        if frame not in IDLE:
            assert json.loads((await one.until('42["error"')).removeprefix("42"))[1]["code"] == "REALTIME_BAD_MESSAGE"
        # Not even attachments that were announced are waited for.
        assert (await one.acknowledged("subscribe", "suggestions:votes"))["channel"] == "suggestions:votes"


async def test_another_namespace_is_none(server: OwnServer, member: Member) -> None:
    async with raw(server, member.access_token) as one:
        for namespace in ("/admin", "/__proto__", "/" + "x" * 1000, "/admin?token=x"):
            await one.socket.send(f"40{namespace}," + json.dumps({"token": member.access_token}))
            assert "Invalid namespace" in await one.until("44")
        assert (await one.acknowledged("subscribe", "suggestions:votes"))["channel"] == "suggestions:votes"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "x",
        "٤",
        "0",
        "6",
        "9",
        "bAAAA",
        '{"a":1}',
        "\x00",
        "4" + "x" * 100_000,
        "4" + "x" * 10 * MIB,
        b"x" * 10 * MIB,
    ],
    ids=lambda frame: repr(frame[:10]),
)
async def test_what_is_no_frame_ends_the_connection(
    server: OwnServer, member: Member, bystander: Ear, frame: str | bytes
) -> None:
    async with raw(server, member.access_token) as one:
        try:
            await one.socket.send(frame)
        except ConnectionClosed:
            return
        await one.end()


async def test_texts_that_are_none_frames_without_end_and_compressed_ones_end_the_connection(
    server: OwnServer, member: Member, bystander: Ear
) -> None:
    async def write(one: Raw, *frames: Frame) -> None:
        one.socket.transport.write(b"".join(frame.serialize(mask=True) for frame in frames))

    async with raw(server, member.access_token) as one:
        await write(one, Frame(Opcode.TEXT, b'42["subscribe","\xff\xfe"]'))
        assert (await one.end()).rcvd.code == 1007  # pyright: ignore[reportOptionalMemberAccess]
    async with raw(server, member.access_token) as one:
        await write(one, Frame(Opcode.TEXT, b"4", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 5000)
        await one.end()
    # Nobody agreed on compression: what is compressed is never unpacked.
    async with raw(server, member.access_token) as one:
        compressed = bytearray(Frame(Opcode.TEXT, zlib.compress(b"4" * MIB)).serialize(mask=True))
        compressed[0] |= 0x40
        one.socket.transport.write(compressed)
        await one.end()
    async with raw(server, compression="deflate") as one:
        assert not one.socket.protocol.extensions


async def test_who_does_not_sign_in_is_shown_out(server: OwnServer, member: Member, bystander: Ear) -> None:
    async with raw(server) as silent, raw(server) as chatting, raw(server) as refused:
        await refused.socket.send("40{}")
        assert "AUTH_TOKEN_MISSING" in await refused.until("44")

        async def chat() -> None:
            while True:
                await chatting.socket.send("3")
                await asyncio.sleep(0.2)

        chats = asyncio.ensure_future(chat())
        began = time.monotonic()
        await asyncio.gather(silent.end(), chatting.end(), refused.end())
        assert 1 < time.monotonic() - began < 6
        chats.cancel()
        await asyncio.gather(chats, return_exceptions=True)
    async with raw(server) as guessing:
        for _ in range(6):
            await guessing.socket.send('40{"token":"x"}')
        await guessing.end(1.5)
    async with raw(server) as early:
        await early.socket.send('42["subscribe","suggestions:votes"]')
        await early.socket.send("42[]")
        await early.end(1.5)


async def test_connections_without_a_name_are_few_and_leave_room_again(server: OwnServer, member: Member) -> None:
    async with AsyncExitStack() as stack:
        refused = 0
        for _ in range(40):
            try:
                await stack.enter_async_context(raw(server))
            except InvalidStatus as answer:
                refused += answer.response.status_code == 403
        assert refused == 10
        async with httpx.AsyncClient(base_url=server.address, trust_env=False) as client:
            answer = await client.get("/socket.io/?EIO=4&transport=polling")
            assert (answer.status_code, answer.json()["code"]) == (429, "REALTIME_TOO_MANY_PEERS")
            assert answer.headers["Retry-After"]
    async with raw(server, member.access_token):
        pass


async def test_a_thousand_connections_in_vain_leave_nothing_behind(
    server: OwnServer, member: Member, bystander: Ear
) -> None:
    process = psutil.Process(server.pid)

    async def come_and_go(number: int) -> None:
        try:
            async with raw(server) as one:
                await one.socket.send(["40{}", '40{"token":"x"}', "45", "3"][number % 4])
                await asyncio.sleep(0.01)
        except (InvalidStatus, ConnectionClosed):
            pass

    for _ in range(4):
        await asyncio.gather(*(come_and_go(number) for number in range(25)))
    before = process.memory_info().rss
    for _ in range(40):
        await asyncio.gather(*(come_and_go(number) for number in range(25)))
    assert process.memory_info().rss - before < 15 * MIB
    await asyncio.sleep(0.7)
    assert len(process.net_connections("tcp")) < 40


async def test_a_user_has_so_many_connections(server: OwnServer, member: Member) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(raw(server, member.access_token))
        async with raw(server) as one:
            assert "REALTIME_TOO_MANY" in await one.sign_in(member.access_token)
    async with raw(server, member.access_token):
        pass


FLOODS = {
    "events": '42["subscribe","suggestions:votes"]',
    "answers": '427["subscribe",5]',
    "nonsense": "42",
    "namespaces": '40/x,{"a":1}',
    "upgrades": "5",
    "pongs": "3",
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_that_reads_nothing_takes_no_memory_and_no_time_of_others(
    server: OwnServer, client: httpx.AsyncClient, member: Member, bystander: Ear, kind: str
) -> None:
    process = psutil.Process(server.pid)
    frame = Frame(Opcode.TEXT, FLOODS[kind].encode()).serialize(mask=True)
    async with AsyncExitStack() as stack:
        ones = [await stack.enter_async_context(raw(server, member.access_token, max_queue=1)) for _ in range(3)]
        before = process.memory_info().rss
        for one in ones:
            one.socket.transport.pause_reading()
            one.socket.transport.write(frame * 30_000)
        slowest = 0.0
        for number in range(10):
            began = time.monotonic()
            made = await new_resource(client, member, f"{number}")
            await bystander.until(
                lambda ear, made=made: [item for item in changes(ear) if item["new"]["id"] == made["id"]], 5
            )
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 2
        assert process.memory_info().rss - before < 20 * MIB
        for one in ones:
            one.socket.transport.abort()


async def test_pings_of_one_who_does_not_read_are_not_kept(server: OwnServer, member: Member, bystander: Ear) -> None:
    process = psutil.Process(server.pid)
    async with raw(server, member.access_token) as one:
        before = process.memory_info().rss
        one.socket.transport.pause_reading()
        pings = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1000
        gone = asyncio.ensure_future(one.socket.wait_closed())
        for _ in range(400):
            one.socket.transport.write(pings)
            await asyncio.sleep(0.002)
        deadline = time.monotonic() + 3
        while one.socket.transport.get_write_buffer_size() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert process.memory_info().rss - before < 15 * MIB
        one.socket.transport.abort()
        await gone


async def test_subscriptions_are_bounded_in_number_and_size(server: OwnServer, member: Member) -> None:
    async with raw(server, member.access_token) as one:
        answers = list[Any]()
        for number in range(22):
            answers.append(await one.acknowledged("subscribe", {"channel": f"c{number}", "postgres_changes": ROWS}))
        assert [answer.get("error", {}).get("code") for answer in answers][-1] == "REALTIME_TOO_MANY"
        answer = await one.acknowledged(
            "subscribe", {"channel": "c1", "postgres_changes": {**ROWS, "id": {"a": "x" * 50_000}}}
        )
        assert answer["error"]["code"] == "REALTIME_BAD_MESSAGE"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/socket.io/?EIO=3&transport=polling", 400),
        ("GET", "/socket.io/", 400),
        ("GET", "/socket.io/?EIO=4&transport=flash", 400),
        ("GET", "/socket.io/?EIO=4&transport=websocket", 400),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=none", 400),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=__proto__", 400),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=%00%ff%F0%9F", 400),
        ("GET", "/socket.io/?EIO=4&transport=polling&j=x", 400),
        ("GET", "/socket.io/?" + "a=1&" * 5000, 400),
        ("POST", "/socket.io/?EIO=4&transport=polling", 400),
        ("POST", "/socket.io/?EIO=4&transport=polling&sid=none", 400),
        ("PUT", "/socket.io/?EIO=4&transport=polling", 405),
        ("DELETE", "/socket.io/?EIO=4&transport=polling&sid=none", 405),
        ("GET", "/socket.io/socket.io.js", 404),
        ("GET", "/socket.io/../../etc/passwd", 404),
        ("GET", "/socket.io//", 404),
        ("GET", "/socket.io", 404),
        ("POST", "/socket.io/admin", 404),
    ],
)
async def test_requests_that_are_none_of_the_protocol(
    server: OwnServer, client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path, content=b"4" if method == "POST" else None)
    assert answer.status_code == status, answer.text


async def opened(client: httpx.AsyncClient, token: str | None = None) -> str:
    """The path of a connection by polling."""
    answer = await client.get("/socket.io/?EIO=4&transport=polling")
    path = f"/socket.io/?EIO=4&transport=polling&sid={json.loads(answer.text[1:])['sid']}"
    if token is not None:
        assert (await client.post(path, content="40" + json.dumps({"token": token}))).text == "OK"
        assert '"sid"' in (await client.get(path)).text
    return path


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"x", 400),
        (b"bAAAA", 200),
        (b"b\x1eb=\x1ebx", 200),
        (b"d=4", 400),
        (b"\x1e".join([b"3"] * 17), 400),
        (b"4" + b"x" * 100_000, 413),
        (b"4" + b"x" * 20 * MIB, 413),
        (b"42[]", 200),
        (b"42\x1e4\x1e45", 200),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_bodies_of_polling_are_bounded(
    server: OwnServer, client: httpx.AsyncClient, member: Member, bystander: Ear, body: bytes, status: int
) -> None:
    async def in_parts() -> AsyncGenerator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    for content in (body, in_parts()):
        path = await opened(client, member.access_token)
        try:
            answer = await client.post(path, content=content)
        except httpx.TransportError:
            # What is far too long is not read to its end.
            assert len(body) > MIB
            continue
        assert answer.status_code == status, answer.text


async def test_polling_in_parallel_and_answers_that_nobody_comes_for_end_the_connection(
    server: OwnServer, client: httpx.AsyncClient, member: Member, bystander: Ear
) -> None:
    path = await opened(client, member.access_token)
    first, second = await asyncio.gather(client.get(path), client.get(path))
    assert sorted([first.status_code, second.status_code]) == [200, 400]
    assert (await client.get(path)).status_code == 400


async def test_who_goes_while_an_answer_is_awaited_gets_it_at_once(
    server: OwnServer, client: httpx.AsyncClient, member: Member
) -> None:
    path = await opened(client, member.access_token)
    waiting = asyncio.create_task(client.get(path))
    while (await asyncio.wait((waiting,), timeout=0.3))[0]:
        waiting = asyncio.create_task(client.get(path))
    assert (await client.post(path, content="1")).status_code == 200
    answer = await asyncio.wait_for(waiting, 10)
    assert (answer.status_code, answer.text) == (200, "")
    assert (await client.get(path)).status_code == 400


async def test_an_upgrade_that_never_comes_is_not_waited_for(
    server: OwnServer, client: httpx.AsyncClient, member: Member
) -> None:
    from websockets.asyncio.client import connect

    path = await opened(client, member.access_token)
    sid = path.rpartition("=")[2]
    async with connect(f"ws://127.0.0.1:{server.port}{PATH}&sid={sid}", proxy=None, ping_interval=None) as socket:
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(8):
                await socket.recv()
    # Polling goes on as if nothing had been.
    await client.post(path, content='427["subscribe","suggestions:votes"]')
    assert "437" in (await client.get(path)).text


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (None, True),
        ("https://app.example.org", True),
        ("http://127.0.0.1:{port}", True),
        ("https://evil.example.org", False),
        ("https://app.example.org.evil.org", False),
        ("null", False),
    ],
)
async def test_only_allowed_pages_may_connect(
    server: OwnServer, client: httpx.AsyncClient, member: Member, origin: str | None, let_in: bool
) -> None:
    named = None if origin is None else origin.format(port=server.port)
    if let_in:
        async with raw(server, member.access_token, origin=named):
            pass
    else:
        with pytest.raises(InvalidStatus) as refused:
            async with raw(server, origin=named):
                pass
        assert refused.value.response.status_code == 403
    headers = {} if named is None else {"Origin": named}
    answer = await client.get("/socket.io/?EIO=4&transport=polling", headers=headers)
    assert answer.status_code == (200 if let_in else 400)
    assert answer.headers.get("access-control-allow-origin") == (named if let_in else None)
