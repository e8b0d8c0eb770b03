"""Events: whoever may read a row hears of it, at once, in order and once; nobody else hears anything."""

import asyncio
from typing import Any

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.accounts.conftest import Member, signed_up
from tests.own_server import OwnServer
from tests.realtime.conftest import Ear, listening

ROWS = {"event": "*", "schema": "public", "table": "resources"}


async def new_resource(
    client: httpx.AsyncClient, who: Member, title: str, visibility: str = "public"
) -> dict[str, Any]:
    body = {"title": title, "description": "d", "visibility": visibility}
    answer = await client.post("/api/resources", json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def changes(ear: Ear, **wanted: Any) -> list[dict[str, Any]]:
    return [item for item in ear.of("postgres_changes") if all(item[name] == value for name, value in wanted.items())]


@pytest.mark.parametrize(
    ("token", "message", "code"),
    [
        (None, "Token d'authentification manquant", "AUTH_TOKEN_MISSING"),
        ("", "Token d'authentification manquant", "AUTH_TOKEN_MISSING"),
        ("none at all", "Authentification échouée", None),
    ],
)
async def test_who_has_no_token_is_refused(
    server: OwnServer, token: str | None, message: str, code: str | None
) -> None:
    client, refused = socketio.AsyncClient(reconnection=False), list[Any]()
    client.on("connect_error", refused.append)
    with pytest.raises(NotConnected):
        await client.connect(server.address, auth={"token": token}, transports=["websocket"], wait_timeout=5)
    assert refused[0]["message"] == message
    assert code is None or refused[0]["data"]["code"] == code


async def test_rows_are_told_as_they_are_made_changed_and_deleted(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    async with listening(server.address, other.access_token) as ear:
        answer = await ear.subscribe({"channel": "rows", "postgres_changes": ROWS})
        assert answer["channel"] == "rows"
        made = await new_resource(client, owner, "Premier")
        (told,) = await ear.until(lambda ear: changes(ear, eventType="INSERT"))
        assert (told["table"], told["new"]["id"], told["new"]["title"]) == ("resources", made["id"], "Premier")
        assert "tenant_id" not in told["new"]
        await client.put(f"/api/resources/{made['id']}", json={"title": "Second"}, headers=owner.headers)
        (told,) = await ear.until(lambda ear: changes(ear, eventType="UPDATE"))
        assert told["new"]["title"] == "Second"
        await client.delete(f"/api/resources/{made['id']}", headers=owner.headers)
        (told,) = await ear.until(lambda ear: changes(ear, eventType="DELETE"))
        assert (told["old"], told["new"]) == ({"id": made["id"]}, {})
        positions = [item["position"] for item in changes(ear)]
        assert positions == sorted(set(positions))


async def test_whoever_loses_a_share_is_told_that_the_row_is_gone_once(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    kept, shared, public = [
        await new_resource(client, owner, title, visibility)
        for title, visibility in (("Gardé", "private"), ("Partagé", "private"), ("Public", "public"))
    ]
    shares: list[str] = []
    for resource in (kept, shared, public):
        to = {"sharedWithUserId": other.id}
        answer = await client.post(f"/api/resources/{resource['id']}/share", json=to, headers=owner.headers)
        shares.append(answer.json()["id"])
    async with (
        listening(server.address, other.access_token) as theirs,
        listening(server.address, owner.access_token) as mine,
    ):
        for ear in (theirs, mine):
            await ear.subscribe({"channel": "rows", "postgres_changes": {**ROWS, "event": "DELETE"}})
        await client.delete(f"/api/resources/{kept['id']}/shares/{shares[0]}", headers=owner.headers)
        # Of what goes with its shares, too; and of what is still to be seen nothing.
        await client.delete(f"/api/resources/{shared['id']}", headers=owner.headers)
        await client.delete(f"/api/resources/{public['id']}/shares/{shares[2]}", headers=owner.headers)
        await client.delete(f"/api/resources/{public['id']}", headers=owner.headers)
        await theirs.until(lambda ear: {"id": public["id"]} in [told["old"] for told in changes(ear)])
        await mine.until(lambda ear: {"id": public["id"]} in [told["old"] for told in changes(ear)])
        assert [told["old"]["id"] for told in changes(theirs)] == [kept["id"], shared["id"], public["id"]]
        assert [told["old"]["id"] for told in changes(mine)] == [shared["id"], public["id"]]
        assert all(told["new"] == {} and told["table"] == "resources" for told in changes(theirs))


async def test_a_row_that_came_back_goes_again(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    shared = await new_resource(client, owner, "Partagé", "private")
    shown = await new_resource(client, owner, "Montré")
    async with listening(server.address, other.access_token) as ear:
        await ear.subscribe({"channel": "rows", "postgres_changes": {**ROWS, "event": "DELETE"}})
        for _ in range(2):
            path, to = f"/api/resources/{shared['id']}/share", {"sharedWithUserId": other.id}
            share = (await client.post(path, json=to, headers=owner.headers)).json()["id"]
            await client.delete(f"/api/resources/{shared['id']}/shares/{share}", headers=owner.headers)
            for visibility in ("private", "public"):
                body = {"visibility": visibility}
                await client.put(f"/api/resources/{shown['id']}", json=body, headers=owner.headers)
        await client.delete(f"/api/resources/{shown['id']}", headers=owner.headers)
        await ear.until(lambda ear: len(changes(ear)) >= 5)
        gone = [told["old"]["id"] for told in changes(ear)]
        assert gone == [shared["id"], shown["id"], shared["id"], shown["id"], shown["id"]]


async def test_what_may_not_be_read_is_not_told_and_what_is_hidden_goes_without_a_word(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    async with (
        listening(server.address, owner.access_token) as mine,
        listening(server.address, other.access_token) as theirs,
    ):
        for ear in (mine, theirs):
            await ear.subscribe({"channel": "rows", "postgres_changes": ROWS})
        secret = await new_resource(client, owner, "Secret", "private")
        shown = await new_resource(client, owner, "Montré")
        change = {"visibility": "private", "title": "Caché"}
        await client.put(f"/api/resources/{shown['id']}", json=change, headers=owner.headers)
        last = await new_resource(client, owner, "Dernier")
        for ear in (mine, theirs):
            await ear.until(lambda ear: [item for item in changes(ear) if item["new"].get("id") == last["id"]])
        assert len(changes(mine)) == 4
        assert "Secret" not in str(theirs.heard)
        assert secret["id"] not in str(theirs.heard)
        assert "Caché" not in str(theirs.heard)
        assert [(item["eventType"], item["old"]) for item in changes(theirs)] == [
            ("INSERT", {}),
            ("DELETE", {"id": shown["id"]}),
            ("INSERT", {}),
        ]


async def test_who_comes_back_is_told_what_they_missed_once(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner = await signed_up(client)
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe({"channel": "rows", "postgres_changes": ROWS})
        first = await new_resource(client, owner, "Avant")
        (told,) = await ear.until(changes)
    missed = [(await new_resource(client, owner, f"Manqué {number}"))["id"] for number in range(20)]
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe({"channel": "rows", "postgres_changes": ROWS, "since": told["position"]})
        after = [(await new_resource(client, owner, f"Après {number}"))["id"] for number in range(5)]
        await ear.until(lambda ear: len(changes(ear)) >= 25)
        await asyncio.sleep(0.3)
        assert [item["new"]["id"] for item in changes(ear)] == missed + after
        assert first["id"] not in str(ear.heard)


async def test_channels_of_the_library(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    made, secret = await new_resource(client, owner, "Suivi"), await new_resource(client, owner, "Secret", "private")
    async with (
        listening(server.address, owner.access_token) as mine,
        listening(server.address, other.access_token) as theirs,
    ):
        channel = f"resource:updates:{made['id']}"
        assert (await theirs.subscribe(channel))["channel"] == channel
        refused = await theirs.subscribe(f"resource:updates:{secret['id']}")
        assert refused["error"]["message"] == "Canal non autorisé"
        assert "error" in await theirs.subscribe(f"notifications:{owner.id}")
        body = {"content": "Bravo"}
        answer = await client.post(f"/api/resources/{made['id']}/comments", json=body, headers=other.headers)
        assert answer.status_code == 201, answer.text
        (told,) = await mine.until(lambda ear: ear.of("notification"))
        assert (told["userId"], told["user_id"], told["type"]) == (owner.id, owner.id, "new_comment")
        await client.put(f"/api/resources/{made['id']}", json={"title": "Changé"}, headers=owner.headers)
        (update,) = await theirs.until(lambda ear: [u for u in ear.of("resource:update") if "title" in u["update"]])
        assert (update["resourceId"], update["update"]["title"]) == (made["id"], "Changé")
        await client.delete(f"/api/resources/{made['id']}", headers=owner.headers)
        await theirs.until(lambda ear: [u for u in ear.of("resource:update") if u["update"] == {"deleted": True}])
        assert not theirs.of("notification")


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        5,
        "",
        "x" * 300,
        [],
        {},
        {"channel": None},
        {"channel": "rows", "postgres_changes": 5},
        {"channel": "rows", "postgres_changes": {"table": "users", "schema": "relais"}},
        {"channel": "rows", "postgres_changes": {**ROWS, "event": "DROP"}},
        {"channel": "rows", "postgres_changes": {**ROWS, "filter": "tenant_id=eq.x"}},
        {"channel": "rows", "postgres_changes": {**ROWS, "filter": "id=eq.no-uuid"}},
        {"channel": "rows", "postgres_changes": {**ROWS, "filter": "id=eq"}},
        {"channel": "rows", "since": -1, "postgres_changes": ROWS},
        {"channel": "rows", "since": "1", "postgres_changes": ROWS},
        {"__proto__": {"channel": "rows"}},
    ],
)
async def test_nonsense_is_refused_and_disturbs_nobody(
    server: OwnServer, client: httpx.AsyncClient, wanted: Any
) -> None:
    owner = await signed_up(client)
    async with listening(server.address, owner.access_token) as ear:
        assert "error" in await ear.subscribe(wanted)
        assert (await ear.subscribe({"channel": "rows", "postgres_changes": ROWS}))["channel"] == "rows"


async def test_filters_are_of_the_columns_type(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    async with listening(server.address, owner.access_token) as ear:
        config = {**ROWS, "event": "INSERT", "filter": f"user_id=eq.{other.id.upper()}"}
        await ear.subscribe({"channel": "theirs", "postgres_changes": config})
        await new_resource(client, owner, "De moi")
        made = await new_resource(client, other, "D’autrui")
        (told,) = await ear.until(changes)
        assert told["new"]["id"] == made["id"]


async def test_a_session_that_ends_ends_its_connections(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner = await signed_up(client)
    async with listening(server.address, owner.access_token) as ear:
        await client.post("/api/auth/signout", headers=owner.headers)
        await ear.until(lambda ear: not ear.client.connected, 3)
        assert ear.of("error")[-1]["code"] == "SESSION_ENDED"
