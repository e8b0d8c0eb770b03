"""`/api/google-drive`: the linked account, its folders, and resources that become files."""

import base64
import os
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS, Member
from tests.library.conftest import People, new_resource
from tests.library.drive_server import FILE_SCOPE, FOLDER, DriveServer
from tests.library.file_samples import PNG, uploaded
from tests.library.handover.conftest import Link, asked, with_file_in_its_row

ROUTES = (
    ("GET", "/api/google-drive/user", None),
    ("GET", "/api/google-drive/folders", None),
    ("POST", "/api/google-drive/folders", {"name": "Neuf"}),
)
FOLDERS = "/api/google-drive/folders"
SHARE = "/api/google-drive/share-resource"


async def shared(client: httpx.AsyncClient, member: Member, resource: dict[str, Any], **fields: Any) -> httpx.Response:
    return await asked(client, member, "POST", SHARE, json={"resourceId": resource["id"], **fields})


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("method", "path", "body"), [*ROUTES, ("POST", SHARE, {"resourceId": NOBODYS})])
async def test_nobody_gets_anywhere_without_a_token(
    client: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    assert code(await client.request(method, path, json=body)) == (401, "AUTH_TOKEN_MISSING")


async def test_whoever_has_linked_nothing_is_told_so(client: httpx.AsyncClient, member: Member, link: Link) -> None:
    await link(member, "github")
    resource = await new_resource(client, member)
    for method, path, body in (*ROUTES, ("POST", SHARE, {"resourceId": resource["id"]})):
        answer = await asked(client, member, method, path, json=body)
        assert code(answer) == (404, "GOOGLE_ACCOUNT_NOT_FOUND")
        assert answer.json()["error"] == "Aucun compte Google lié"


async def test_the_right_that_sign_ins_ask_for_is_enough_for_everything(
    client: httpx.AsyncClient, member: Member, link: Link
) -> None:
    await link(member, "google", login="lea@example.org")
    user = await asked(client, member, "GET", "/api/google-drive/user")
    assert user.json() == {"email": "lea@example.org", "name": "Léa"}
    assert (await asked(client, member, "GET", FOLDERS)).json() == {"folders": []}
    made = await asked(client, member, "POST", FOLDERS, json={"name": "Neuf"})
    assert made.status_code == 201
    resource = await new_resource(client, member)
    assert (await shared(client, member, resource)).status_code == 200


async def test_an_account_without_that_right_is_told_what_it_lacks(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", scopes=["openid", "email", "https://www.googleapis.com/auth/drive.readonly"])
    resource = await new_resource(client, member)
    words = {"user": "la lecture du profil", "folders": "la lecture des dossiers"}
    for method, path, body in (*ROUTES, ("POST", SHARE, {"resourceId": resource["id"]})):
        answer = await asked(client, member, method, path, json=body)
        assert code(answer) == (403, "INSUFFICIENT_OAUTH_SCOPES")
        operation = words[path.rpartition("/")[2]] if method == "GET" else "l"
        assert answer.json()["error"].startswith(f"Scopes OAuth insuffisants pour {operation}")
        assert answer.json()["error"].endswith(
            f". Scopes requis: {FILE_SCOPE}. Veuillez re-lier votre compte Google avec les permissions appropriées."
        )
    assert not drive.http.steps


async def test_a_wider_right_includes_it(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    token = await link(member, "google", scopes=["https://www.googleapis.com/auth/drive"])
    drive.tokens[token].scopes = frozenset({FILE_SCOPE})
    assert (await asked(client, member, "GET", FOLDERS)).status_code == 200


# --- Folders --------------------------------------------------------------------------------------------------------


async def test_folders_come_in_pages(client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer) -> None:
    await link(member, "google", login="lea@example.org")
    top = drive.add("lea@example.org", "Bilan")
    drive.add("lea@example.org", "Annexes")
    drive.add("lea@example.org", "une note", kind="text/plain")
    below = drive.add("lea@example.org", "Dessous", top.id)
    drive.add("bob@example.org", "À Bob")
    first = (await asked(client, member, "GET", FOLDERS, params={"pageSize": 1})).json()
    assert first["folders"] == [
        {
            "id": first["folders"][0]["id"],
            "name": "Annexes",
            "mimeType": FOLDER,
            "webViewLink": f"https://drive.example.org/{first['folders'][0]['id']}",
            "parents": ["root"],
            "createdTime": "2025-01-15T10:00:00.000Z",
            "modifiedTime": "2025-01-15T10:00:00.000Z",
        }
    ]
    query = {"pageSize": 1, "pageToken": first["nextPageToken"]}
    last = (await asked(client, member, "GET", FOLDERS, params=query)).json()
    assert ([row["name"] for row in last["folders"]], "nextPageToken" in last) == (["Bilan"], False)
    inner = (await asked(client, member, "GET", FOLDERS, params={"parentId": top.id})).json()
    assert [row["id"] for row in inner["folders"]] == [below.id]


async def test_a_first_page_is_kept_until_a_folder_is_made_in_it(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, app: FastAPI
) -> None:
    await link(member, "google", login="lea@example.org")
    top = drive.add("lea@example.org", "Haut")

    async def names(**params: Any) -> list[str]:
        answer = await asked(client, member, "GET", FOLDERS, params=params)
        return [row["name"] for row in answer.json()["folders"]]

    assert await names() == await names(parentId="") == await names(useCache="true") == ["Haut"]
    assert await names(parentId=top.id) == []
    assert drive.http.steps["list"] == 2
    redis = app.state.relais.redis
    for parent in ("root", top.id):
        key = redis.key("cache", "googledrive", "folders", member.id, parent, "first")
        (seconds,) = await redis.run(("TTL", key))
        assert 0 < seconds <= 300
    drive.add("lea@example.org", "Ailleurs")
    assert await names() == ["Haut"]
    assert await names(pageSize=50) == await names(useCache="false") == await names() == ["Ailleurs", "Haut"]
    await asked(client, member, "POST", FOLDERS, json={"name": "Dessous", "parentId": top.id})
    assert await names(parentId=top.id) == ["Dessous"]
    assert drive.http.steps["list"] == 5
    await asked(client, member, "POST", FOLDERS, json={"name": "Neuf"})
    assert await names() == ["Ailleurs", "Haut", "Neuf"]


async def test_redis_may_be_away(
    client: httpx.AsyncClient,
    member: Member,
    link: Link,
    drive: DriveServer,
    app: FastAPI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await link(member, "google", login="lea@example.org")
    monkeypatch.setattr(app.state.relais.redis, "_away", value=True)
    monkeypatch.setattr(app.state.relais.redis, "_look_at", float("inf"))
    for number in (1, 2):
        assert (await asked(client, member, "GET", FOLDERS)).status_code == 200
        assert drive.http.steps["list"] == number
    assert (await asked(client, member, "POST", FOLDERS, json={"name": "Neuf"})).status_code == 201


async def test_a_folder_is_made_where_it_is_wished(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", login="lea@example.org")
    top = drive.add("lea@example.org", "Haut")
    foreign = drive.add("bob@example.org", "À Bob")
    for parent, expected in ((top.id, top.id), (None, "root"), ("", "root")):
        answer = await asked(client, member, "POST", FOLDERS, json={"name": " L'été ", "parent_id": parent})
        assert answer.status_code == 201, answer.text
        made = drive.entries[answer.json()["id"]]
        assert (made.name, made.parent, made.kind) == ("L'été", expected, FOLDER)
    answer = await asked(client, member, "POST", FOLDERS, json={"name": "x", "parentId": foreign.id})
    assert code(answer) == (404, "GOOGLE_DRIVE_API_ERROR")
    assert answer.json()["error"] == "Introuvable sur Google Drive"


async def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google")
    queries: list[dict[str, Any]] = [
        {"parentId": "x' or name contains '"},
        {"parentId": "a" * 201},
        {"parentId": "\x00"},
        {"pageSize": 0},
        {"pageSize": 1001},
        {"pageSize": "x"},
        {"pageToken": "é"},
        {"pageToken": "t" * 4097},
        {"useCache": "peut-être"},
    ]
    for query in queries:
        assert code(await asked(client, member, "GET", FOLDERS, params=query)) == (400, "VALIDATION_ERROR"), query
    names: list[Any] = [{}, {"name": " "}, {"name": "n" * 256}, {"name": "\x00"}, {"name": 7}, []]
    for body in [*names, {"name": "x", "parentId": "../x"}]:
        assert code(await asked(client, member, "POST", FOLDERS, json=body)) == (400, "VALIDATION_ERROR"), body
    bodies: list[dict[str, Any]] = [
        {"resourceId": "nope"},
        {"folderId": "a/b"},
        {"folderName": "n" * 256, "createFolder": True},
        {"createFolder": "x"},
        {"sharePublic": []},
    ]
    for body in bodies:
        assert code(await shared(client, member, {"id": NOBODYS}, **body)) == (400, "VALIDATION_ERROR"), body
    assert not drive.http.steps


# --- Sharing --------------------------------------------------------------------------------------------------------


async def test_a_resource_becomes_files_in_a_folder(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", login="lea@example.org")
    folder, data = drive.add("lea@example.org", "Haut"), os.urandom(70_000) + b"\r\n--"
    address = "data:image/png;base64," + base64.b64encode(data).decode()
    path = "hub-lib-file-1-image.png"
    resource = await with_file_in_its_row(client, member, address, path, title="Été", readme="# Lisez\r\n")
    answer = await shared(client, member, resource, folderId=folder.id, sharePublic=False)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["success"], told["folder"]) == (True, {"id": folder.id})
    assert [file["name"] for file in told["files"]] == ["Été - README.md", "image.png"]
    text, image = (drive.entries[file["id"]] for file in told["files"])
    assert (text.data, text.kind, text.parent) == (b"# Lisez\r\n", "text/markdown", folder.id)
    assert (image.data, image.kind, image.parent) == (data, "image/png", folder.id)
    assert told["files"][1]["url"] == f"https://drive.example.org/{image.id}"
    assert not any(entry.is_public for entry in drive.entries.values())


async def test_a_file_that_is_stored_with_us_arrives_whole_under_its_shown_name(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", login="lea@example.org")
    data = PNG + os.urandom(3 * 1024 * 1024)
    file = await uploaded(client, member, data, "image/png", "Vue d'été.png")
    resource = await new_resource(client, member, title="Été", fileUrl=file["url"])
    answer = await shared(client, member, resource)
    assert answer.status_code == 200, answer.text
    assert [each["name"] for each in answer.json()["files"]] == ["Été - README.md", "Vue-d-été.png"]
    image = drive.entries[answer.json()["files"][1]["id"]]
    assert (image.data, image.kind) == (data, "image/png")


async def test_files_that_hang_on_a_resource_go_with_it(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", login="lea@example.org")
    resource = await new_resource(client, member, title="Été")
    for _ in range(2):
        await uploaded(client, member, PNG, "image/png", "vue.png", resourceId=resource["id"])
    answer = await shared(client, member, resource)
    assert [each["name"] for each in answer.json()["files"]] == ["Été - README.md", "vue.png", "vue.png"], answer.text
    assert {drive.entries[each["id"]].data for each in answer.json()["files"][1:]} == {PNG}


async def test_a_folder_is_made_for_a_resource_and_opened_to_everybody(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google", login="lea@example.org")
    resource = await new_resource(client, member, title="Titre")
    assert (await asked(client, member, "GET", FOLDERS)).json() == {"folders": []}
    for wish, name in (({"folderName": "Été"}, "Été"), ({}, "Titre"), ({"folderName": "  "}, "Titre")):
        answer = await shared(client, member, resource, createFolder=True, sharePublic=True, **wish)
        folder = drive.entries[answer.json()["folder"]["id"]]
        assert (folder.name, folder.kind, folder.parent, folder.is_public) == (name, FOLDER, "root", True)
        (file,) = answer.json()["files"]
        assert drive.entries[file["id"]].parent == folder.id
    assert len((await asked(client, member, "GET", FOLDERS)).json()["folders"]) == 3


async def test_without_a_folder_files_go_to_the_top_and_each_is_opened(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google")
    resource = await new_resource(client, member, fileUrl="data:text/plain,x")
    answer = await shared(client, member, resource, sharePublic=True, folderName="sans effet")
    assert answer.json()["folder"] is None
    assert [(entry.parent, entry.is_public) for entry in drive.entries.values()] == [("root", True)] * 2


async def test_only_owners_share_and_what_is_not_shown_is_not_there(
    client: httpx.AsyncClient, people: People, link: Link, drive: DriveServer
) -> None:
    public = await new_resource(client, people.owner)
    private = await new_resource(client, people.owner, visibility="private")
    for member in (people.other, people.moderator, people.admin):
        await link(member, "google")
        answer = await shared(client, member, public)
        assert code(answer) == (403, "FORBIDDEN")
        assert answer.json()["error"] == "Vous n'êtes pas autorisé à partager cette ressource"
    assert code(await shared(client, people.other, private)) == (404, "RESOURCE_NOT_FOUND")
    assert code(await shared(client, people.other, {"id": NOBODYS})) == (404, "RESOURCE_NOT_FOUND")
    assert not drive.http.steps


async def test_what_may_have_been_done_is_not_done_again(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google")
    headers = {**member.headers, "Idempotency-Key": "folder"}
    drive.http.lost.add("folder")
    answer = await client.post(FOLDERS, json={"name": "Neuf"}, headers=headers)
    assert answer.status_code == 502, answer.text
    drive.http.lost.clear()
    for _ in range(2):
        answer = await client.post(FOLDERS, json={"name": "Neuf"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "RELAIS_IDEMPOTENCY_UNFINISHED")
    assert [entry.name for entry in drive.entries.values()].count("Neuf") == 1
    headers["Idempotency-Key"] = "another"
    for replayed in (None, "true"):
        answer = await client.post(FOLDERS, json={"name": "Autre"}, headers=headers)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (201, replayed)
    assert [entry.name for entry in drive.entries.values()].count("Autre") == 1
