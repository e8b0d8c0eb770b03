"""`/api/files`: who uploads, reads, lists and deletes what, and that nothing of it runs in anybody's browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up, with_group
from tests.conftest import Urls, client_of, run_sql, started
from tests.library.conftest import People, new_resource
from tests.library.file_samples import (
    EXECUTABLE,
    GIF,
    HTML,
    PDF,
    PNG,
    SVG,
    TEXT,
    ZIP,
    form,
    path_of,
    sent,
    uploaded,
)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
FILE_PART = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain'


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_group(settings, "files", directory=str(tmp_path_factory.mktemp("files")))


@pytest.fixture
def directory(cheap: Settings) -> Path:
    return Path(cheap.files.directory)


def lying(directory: Path) -> list[Path]:
    """Everything in the storage, whatever came in halfway included."""
    return sorted(path for path in directory.rglob("*") if path.is_file())


async def with_files(cheap: Settings, **values: Any) -> FastAPI:
    return create_app(with_group(cheap, "files", **values))


async def test_an_uploaded_file_is_told_of_as_the_contract_says(client: httpx.AsyncClient, people: People) -> None:
    answer = await sent(client, people.owner, name="Été à la plage.png")
    told = answer.json()
    assert told["success"] is True
    file = told["file"]
    assert file["originalName"] == "Été à la plage.png"
    assert re.fullmatch(r"Ete-a-la-plage_\d{13}_[0-9a-f]{16}\.png", file["fileName"])
    assert (file["mimeType"], file["size"]) == ("image/png", len(PNG))
    assert file["url"] == f"http://relais.test/api/files/{file['fileName']}"
    assert MOMENT.match(file["uploadedAt"])
    info = (await client.get(f"{path_of(file)}/info")).json()
    assert (info["fileName"], info["size"], info["mimeType"]) == (file["fileName"], len(PNG), "image/png")
    assert info["url"] == file["url"]
    assert MOMENT.match(info["createdAt"])


async def test_a_file_comes_back_as_it_was_sent(client: httpx.AsyncClient, people: People) -> None:
    content = bytes(range(256)) * 8192
    file = await uploaded(client, people.owner, content, "application/octet-stream", "données.bin")
    answer = await client.get(path_of(file))
    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-type"] == "application/octet-stream"
    head = await client.head(path_of(file))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(content)))


async def test_only_members_upload(client: httpx.AsyncClient, people: People, urls: Urls, directory: Path) -> None:
    before = lying(directory)
    assert (await sent(client, None)).json()["code"] == "AUTH_TOKEN_MISSING"
    await run_sql(urls.admin, f"update library.user_roles set role = 'guest' where user_id = '{people.other.id}'")
    refused = await sent(client, people.other)
    assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    assert lying(directory) == before


@pytest.mark.parametrize(
    ("content", "kind", "name", "stored"),
    [
        (PNG, "image/png", "a.png", "image/png"),
        (PNG, "application/octet-stream", "a.png", "image/png"),
        (GIF, "", "a", "image/gif"),
        (PDF, "application/pdf", "a.pdf", "application/pdf"),
        (ZIP, "application/x-zip-compressed", "a.zip", "application/zip"),
        (ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx", None),
        (TEXT, "text/plain; charset=utf-8", "a.txt", "text/plain"),
        (TEXT, "text/markdown", "a.md", "text/markdown"),
        (b'{"a": 1}', "application/json", "a.json", "application/json"),
        (b"a;b\n1;2\n", "application/vnd.ms-excel", "a.csv", "text/csv"),
        (b"export {}\n", "video/mp2t", "a.ts", "text/plain"),
        (SVG, "image/svg+xml", "a.svg", "image/svg+xml"),
        (HTML, "text/html", "a.html", "text/html"),
        (HTML, "", "a.html", "text/plain"),
        (b"MZ is how this text begins", "text/plain", "a.txt", "text/plain"),
        (b"\x01\x02\x03", "application/x-anything", "a.bin", "application/octet-stream"),
        (b"", "text/plain", "empty.txt", "text/plain"),
    ],
)
async def test_a_file_is_of_the_type_that_it_shows(
    client: httpx.AsyncClient, people: People, content: bytes, kind: str, name: str, stored: str | None
) -> None:
    file = await uploaded(client, people.owner, content, kind, name)
    assert file["mimeType"] == (stored or kind)


@pytest.mark.parametrize(
    ("content", "kind", "name", "code"),
    [
        (HTML, "image/png", "a.png", "FILE_TYPE_MISMATCH"),
        (PNG, "text/html", "a.html", "FILE_TYPE_MISMATCH"),
        (PNG, "image/jpeg", "a.jpg", "FILE_TYPE_MISMATCH"),
        (PDF, "image/png", "a.png", "FILE_TYPE_MISMATCH"),
        (b"GIF89a/*<script>*/=1;", "image/gif", "a.gif", "FILE_TYPE_MISMATCH"),
        (TEXT, "application/pdf", "a.pdf", "FILE_TYPE_MISMATCH"),
        (TEXT, "image/svg+xml", "a.svg", "FILE_TYPE_MISMATCH"),
        (b"\x00\x01\x02", "text/plain", "a.txt", "FILE_TYPE_MISMATCH"),
        (b"\x00\x01\x02", "image/unheard-of", "a.x", "FILE_TYPE_MISMATCH"),
        (PNG, "not a type", "a.png", "FILE_TYPE_MISMATCH"),
        (EXECUTABLE, "application/octet-stream", "a.exe", "FILE_TYPE_REFUSED"),
        (EXECUTABLE, "application/x-msdownload", "a.exe", "FILE_TYPE_REFUSED"),
        (b"ID3\3\0\0\0\0\0\0", "audio/mpeg", "a.mp3", "FILE_TYPE_REFUSED"),
    ],
)
async def test_a_file_that_is_not_what_it_says_or_is_not_taken_leaves_nothing_behind(
    client: httpx.AsyncClient, people: People, directory: Path, content: bytes, kind: str, name: str, code: str
) -> None:
    before = lying(directory)
    answer = await sent(client, people.owner, content, kind, name)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert lying(directory) == before


async def test_a_refused_type_is_named(client: httpx.AsyncClient, people: People) -> None:
    answer = await sent(client, people.owner, EXECUTABLE, "", "a.exe")
    assert answer.json()["error"] == "Type de fichier non autorisé: application/x-msdownload"


@pytest.mark.parametrize(
    ("content", "kind", "name", "disposition", "served"),
    [
        (PNG, "image/png", "a.png", "inline", "image/png"),
        (PDF, "application/pdf", "a.pdf", "inline", "application/pdf"),
        (TEXT, "text/plain", "a.txt", "inline", "text/plain; charset=utf-8"),
        (SVG, "image/svg+xml", "a.svg", "attachment", "image/svg+xml"),
        (HTML, "text/html", "a.html", "attachment", "application/octet-stream"),
        (HTML, "application/xhtml+xml", "a.xhtml", "attachment", "application/octet-stream"),
        (b"alert(1)", "text/javascript", "a.js", "attachment", "application/octet-stream"),
        (b"<?xml version='1.0'?><a/>", "text/xml", "a.xml", "attachment", "application/octet-stream"),
        (TEXT, "text/markdown", "a.md", "attachment", "text/markdown"),
        (ZIP, "application/zip", "a.zip", "attachment", "application/zip"),
    ],
)
async def test_nothing_that_could_run_is_shown_in_place(
    client: httpx.AsyncClient, people: People, content: bytes, kind: str, name: str, disposition: str, served: str
) -> None:
    file = await uploaded(client, people.owner, content, kind, name)
    headers = (await client.get(path_of(file))).headers
    assert headers["content-disposition"].startswith(f"{disposition}; ")
    assert headers["content-type"] == served
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy or kind == "application/pdf"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    ("given", "shown", "stem"),
    [
        ("../../etc/passwd", "passwd.png", "passwd"),
        ("C:\\fakepath\\photo.png", "photo.png", "photo"),
        ("page.html", "page.html.png", "page-html"),
        ("...", "fichier.png", "fichier"),
        ("a\u202egnp.exe", "agnp.exe.png", "agnp-exe"),
        ("é" * 300 + ".png", "é" * 196 + ".png", "e" * 60),
        ('quo"te%;.png', 'quo"te%;.png', "quo-te"),
    ],
)
async def test_a_name_is_no_path_and_ends_as_its_type_does(
    client: httpx.AsyncClient, people: People, given: str, shown: str, stem: str
) -> None:
    file = await uploaded(client, people.owner, name=given)
    assert file["originalName"] == shown
    assert re.fullmatch(rf"{stem}_\d{{13}}_[0-9a-f]{{16}}\.png", file["fileName"])
    told = (await client.get(path_of(file))).headers["content-disposition"]
    assert "\n" not in told
    assert told.count('"') == 2


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "a%2Fb", "%2e%2e", "a%5Cb", "a..b", "%2Fetc%2Fpasswd"])
async def test_what_looks_like_a_path_is_no_name(client: httpx.AsyncClient, people: People, name: str) -> None:
    for method in ("GET", "DELETE"):
        url = httpx.URL("http://relais.test/api/files/x").copy_with(raw_path=f"/api/files/{name}".encode())
        answer = await client.request(method, url, headers=people.owner.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_FILE_NAME"), (method, answer.text)


@pytest.mark.parametrize("name", ["unknown.png", "é", "a b", ".hidden", "a%00b", "x" * 5000])
async def test_an_unknown_name_is_not_found(client: httpx.AsyncClient, people: People, name: str) -> None:
    for method, path in (("GET", ""), ("HEAD", ""), ("GET", "/info"), ("GET", "/signed"), ("DELETE", "")):
        answer = await client.request(method, f"/api/files/{name}{path}", headers=people.owner.headers)
        assert answer.status_code == 404, (method, path)
        assert method == "HEAD" or answer.json()["code"] == "FILE_NOT_FOUND"


async def test_a_file_of_a_private_resource_is_read_like_it(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner, visibility="private")
    file = await uploaded(client, people.owner, resourceId=resource["id"])
    for who, status in ((None, 404), (people.other, 404), (people.owner, 200), (people.moderator, 200)):
        for path in (path_of(file), f"{path_of(file)}/info"):
            answer = await client.get(path, headers=who.headers if who else {})
            assert answer.status_code == status, (who, path)
            if path == path_of(file) and status == 200:
                assert answer.headers["cache-control"] == "private, no-cache"
                assert answer.headers["cross-origin-resource-policy"] == "same-site"
    assert (await client.get(f"{path_of(file)}/signed", headers=people.other.headers)).status_code == 404
    await client.put(f"/api/resources/{resource['id']}", json={"visibility": "public"}, headers=people.owner.headers)
    assert (await client.get(path_of(file))).content == PNG


async def test_a_file_hangs_only_on_resources_that_its_uploader_may_change(
    client: httpx.AsyncClient, people: People, directory: Path
) -> None:
    public = await new_resource(client, people.owner)
    private = await new_resource(client, people.owner, visibility="private")
    before = lying(directory)
    for resource, code in (
        (public["id"], "NOT_OWNER"),
        (private["id"], "RESOURCE_NOT_FOUND"),
        ("x", "RESOURCE_NOT_FOUND"),
    ):
        assert (await sent(client, people.other, resourceId=resource)).json()["code"] == code
    assert lying(directory) == before
    assert (await uploaded(client, people.admin, resourceId=private["id"]))["resourceId"] == private["id"]


async def test_naming_ones_own_file_in_a_private_resource_makes_it_private(
    client: httpx.AsyncClient, people: People
) -> None:
    file = await uploaded(client, people.owner)
    assert (await client.get(path_of(file))).status_code == 200
    await new_resource(client, people.owner, visibility="private", filePath=file["fileName"], fileUrl=file["url"])
    assert (await client.get(path_of(file))).status_code == 404
    assert (await client.get(path_of(file), headers=people.owner.headers)).content == PNG


async def test_no_list_shows_files_of_others_that_hang_on_nothing(client: httpx.AsyncClient, people: People) -> None:
    file = await uploaded(client, people.owner)
    wanted = {"select": "file_name,original_name,uploaded_by", "file_name": f"eq.{file['fileName']}"}
    for who, count in ((None, 0), (people.other, 0), (people.moderator, 0), (people.owner, 1), (people.admin, 1)):
        headers = {"Accept-Profile": "library", **(who.headers if who else {})}
        assert len((await client.get("/rest/v1/files", params=wanted, headers=headers)).json()) == count, who
        assert (await client.get(path_of(file), headers=headers)).content == PNG
    public = await new_resource(client, people.owner)
    hung = await uploaded(client, people.owner, resourceId=public["id"])
    wanted["file_name"] = f"eq.{hung['fileName']}"
    assert len((await client.get("/rest/v1/files", params=wanted)).json()) == 1


async def test_a_file_is_kept_from_others_until_it_hangs_on_a_resource(
    client: httpx.AsyncClient, people: People
) -> None:
    file = await uploaded(client, people.owner, isPublic="false")
    for who, status in ((None, 404), (people.other, 404), (people.moderator, 404), (people.owner, 200)):
        assert (await client.get(path_of(file), headers=who.headers if who else {})).status_code == status, who
    await new_resource(client, people.owner, filePath=file["fileName"])
    assert (await client.get(path_of(file))).content == PNG
    refused = await sent(client, people.owner, isPublic="peut-être")
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["details"][0]["path"] == "isPublic"


async def test_naming_somebody_elses_file_opens_and_takes_nothing(client: httpx.AsyncClient, people: People) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    hidden = await uploaded(client, people.owner, resourceId=private["id"])
    thief = await new_resource(client, people.other, filePath=hidden["fileName"])
    assert thief["filePath"] is None
    changed = {"filePath": hidden["fileName"]}
    answer = await client.put(f"/api/resources/{thief['id']}", json=changed, headers=people.other.headers)
    assert answer.json()["filePath"] is None
    assert (await client.get(path_of(hidden), headers=people.other.headers)).status_code == 404
    free = await uploaded(client, people.owner)
    await new_resource(client, people.other, visibility="private", filePath=free["fileName"])
    assert (await client.get(path_of(free))).status_code == 200


async def test_a_fork_keeps_its_file_when_the_first_resource_is_gone(client: httpx.AsyncClient, people: People) -> None:
    file = await uploaded(client, people.owner)
    first = await new_resource(client, people.owner, filePath=file["fileName"], fileUrl=file["url"])
    fork = await client.post(
        "/rest/v1/rpc/fork_resource", json={"resource_id": first["id"]}, headers=people.other.headers
    )
    assert fork.status_code == 200, fork.text
    await client.delete(f"/api/resources/{first['id']}", headers=people.owner.headers)
    assert (await client.get(path_of(file), headers=people.other.headers)).content == PNG
    assert (await client.get(path_of(file))).status_code == 404


async def test_files_are_listed_to_whoever_uploaded_them(client: httpx.AsyncClient, people: People) -> None:
    files = [await uploaded(client, people.owner, name=f"{number}.png") for number in range(3)]
    await uploaded(client, people.other)
    answer = (await client.get("/api/files", params={"limit": 2}, headers=people.owner.headers)).json()
    assert [row["originalName"] for row in answer["data"]] == ["2.png", "1.png"]
    assert answer["meta"] == {"total": 3, "page": 1, "limit": 2, "totalPages": 2}
    assert answer["data"][0].keys() >= {"id", "fileName", "mimeType", "size", "resourceId", "isPublic", "uploadedAt"}
    assert answer["data"][0]["url"] == files[2]["url"]
    named = await client.get("/api/files", params={"originalName": "0.png"}, headers=people.owner.headers)
    assert [row["id"] for row in named.json()["data"]] == [files[0]["id"]]
    assert (await client.get("/api/files")).status_code == 401


async def test_uploaders_and_administrators_delete(client: httpx.AsyncClient, people: People, directory: Path) -> None:
    for who, status in (
        (None, 401),
        (people.other, 403),
        (people.moderator, 403),
        (people.owner, 200),
        (people.admin, 200),
    ):
        file = await uploaded(client, people.owner)
        answer = await client.delete(path_of(file), headers=who.headers if who else {})
        assert answer.status_code == status, who
        gone = status == 200
        if gone:
            assert answer.json() == {"success": True, "message": "Fichier supprimé avec succès"}
        assert (await client.get(path_of(file))).status_code == (404 if gone else 200)
        assert any(path.name == file["fileName"] for path in lying(directory)) is not gone


async def test_what_cannot_be_read_cannot_be_deleted(client: httpx.AsyncClient, people: People) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    file = await uploaded(client, people.owner, resourceId=private["id"])
    assert (await client.delete(path_of(file), headers=people.other.headers)).status_code == 404
    assert (await client.get(path_of(file), headers=people.owner.headers)).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "part", "told"),
    [
        ("bytes=0-3", 206, slice(0, 4), "bytes 0-3/{size}"),
        ("bytes=4-", 206, slice(4, None), "bytes 4-{last}/{size}"),
        ("bytes=-5", 206, slice(-5, None), "bytes {fifth}-{last}/{size}"),
        ("bytes=0-99999999", 206, slice(None), "bytes 0-{last}/{size}"),
        ("bytes=-99999999", 206, slice(None), "bytes 0-{last}/{size}"),
        ("bytes=5-2", 200, slice(None), None),
        ("bytes=0-1,3-4", 200, slice(None), None),
        ("lines=0-1", 200, slice(None), None),
        ("bytes=-", 200, slice(None), None),
        ("bytes=99999999-", 416, None, "bytes */{size}"),
        ("bytes=-0", 416, None, "bytes */{size}"),
    ],
)
async def test_parts_of_a_file(
    client: httpx.AsyncClient, people: People, wanted: str, status: int, part: slice | None, told: str | None
) -> None:
    file = await uploaded(client, people.owner)
    answer = await client.get(path_of(file), headers={"Range": wanted})
    assert answer.status_code == status
    size = {"size": len(PNG), "last": len(PNG) - 1, "fifth": len(PNG) - 5}
    assert answer.headers.get("content-range") == (told.format(**size) if told else None)
    if part is not None:
        assert answer.content == PNG[part]
        assert answer.headers["content-length"] == str(len(answer.content))
    else:
        assert answer.json()["code"] == "RANGE_NOT_SATISFIABLE"


async def test_who_has_a_file_is_not_sent_it_again(client: httpx.AsyncClient, people: People) -> None:
    file = await uploaded(client, people.owner)
    first = await client.get(path_of(file))
    etag = first.headers["etag"]
    for tags in (etag, f'"other", W/{etag}', "*"):
        again = await client.get(path_of(file), headers={"If-None-Match": tags})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await client.get(path_of(file), headers={"If-None-Match": '"other"'})).status_code == 200
    resumed = await client.get(path_of(file), headers={"Range": "bytes=1-2", "If-Range": etag})
    assert (resumed.status_code, resumed.content) == (206, PNG[1:3])
    changed = await client.get(path_of(file), headers={"Range": "bytes=1-2", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, PNG)


async def test_a_link_opens_a_private_file_to_whoever_has_it(client: httpx.AsyncClient, people: People) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    file = await uploaded(client, people.owner, resourceId=private["id"])
    told = (await client.get(f"{path_of(file)}/signed?seconds=60", headers=people.owner.headers)).json()
    assert MOMENT.match(told["expiresAt"])
    opened = await client.get(told["url"])
    assert (opened.status_code, opened.content) == (200, PNG)
    assert opened.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (await client.head(told["url"])).status_code == 200
    assert (await client.get(f"{path_of(file)}/signed")).status_code == 401
    assert (await client.delete(told["url"])).status_code == 401


async def test_a_link_is_for_one_file_and_its_time(client: httpx.AsyncClient, people: People) -> None:
    file, other = await uploaded(client, people.owner), await uploaded(client, people.owner)
    url = httpx.URL((await client.get(f"{path_of(file)}/signed", headers=people.owner.headers)).json()["url"])
    expires, signature = url.params["expires"], url.params["signature"]
    wrong = [
        (path_of(other), {"expires": expires, "signature": signature}),
        (path_of(file), {"expires": str(int(expires) + 1), "signature": signature}),
        (path_of(file), {"expires": "1", "signature": signature}),
        (path_of(file), {"expires": expires, "signature": signature[:-4]}),
        (path_of(file), {"expires": expires, "signature": ""}),
        (path_of(file), {"expires": expires, "signature": "é"}),
        (path_of(file), {"expires": expires}),
        (path_of(file), {"signature": signature}),
        (path_of(file), {"expires": "99999999999999999999", "signature": signature}),
        (path_of(file), {"expires": "x", "signature": signature}),
    ]
    for path, params in wrong:
        answer = await client.get(path, params=params)
        assert (answer.status_code, answer.json()["code"]) == (403, "INVALID_FILE_LINK"), params
    assert (await client.get(path_of(file), params=dict(url.params))).status_code == 200
    for seconds in ("0", "604801", "x"):
        refused = await client.get(f"{path_of(file)}/signed?seconds={seconds}", headers=people.owner.headers)
        assert refused.json()["code"] == "VALIDATION_ERROR"


async def test_a_link_dies_with_its_file(client: httpx.AsyncClient, people: People) -> None:
    file = await uploaded(client, people.owner)
    url = (await client.get(f"{path_of(file)}/signed", headers=people.owner.headers)).json()["url"]
    await client.delete(path_of(file), headers=people.owner.headers)
    assert (await client.get(url)).status_code == 403


async def test_a_file_that_is_too_large_leaves_nothing_behind(cheap: Settings, directory: Path) -> None:
    app = await with_files(cheap, max_bytes=1000)
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        before = lying(directory)
        assert (await sent(client, member, b"a" * 1000, "text/plain", "a.txt")).status_code == 201
        kept = lying(directory)
        assert len(kept) == len(before) + 1
        for size in (1001, 500_000):
            answer = await sent(client, member, b"a" * size, "text/plain", "a.txt")
            assert (answer.status_code, answer.json()["code"]) == (400, "FILE_TOO_LARGE")
            assert answer.json()["error"] == "Fichier trop volumineux"
        assert lying(directory) == kept


async def test_uploads_may_be_larger_than_other_bodies(cheap: Settings) -> None:
    small = with_group(cheap, "http", body_limit_bytes=2048)
    app = create_app(with_group(small, "files", max_bytes=1024 * 1024))
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        file = await uploaded(client, member, b"a" * 300_000, "text/plain", "a.txt")
        assert (await client.get(path_of(file))).content == b"a" * 300_000
        answer = await client.post("/api/files", content=b"a" * 4096)
        assert answer.json()["code"] == "BODY_TOO_LARGE"


async def test_the_files_of_one_user_come_to_no_more_than_their_quota(cheap: Settings, directory: Path) -> None:
    app = await with_files(cheap, quota_bytes=5000)
    async with started(app), client_of(app) as client:
        member, other = await signed_up(client), await signed_up(client)
        before = len(lying(directory))
        answers = await asyncio.gather(*(sent(client, member, b"a" * 1000, "text/plain", "a.txt") for _ in range(20)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [201] * 5 + [403] * 15
        assert {answer.json().get("code") for answer in answers} == {None, "FILE_QUOTA_EXCEEDED"}
        assert len(lying(directory)) == before + 5
        assert (await sent(client, other, b"a" * 1000, "text/plain", "a.txt")).status_code == 201
        first = next(answer for answer in answers if answer.status_code == 201).json()["file"]
        await client.delete(path_of(first), headers=member.headers)
        assert (await sent(client, member, b"a" * 1000, "text/plain", "a.txt")).status_code == 201


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((), "NO_FILE"),
        ((('Content-Disposition: form-data; name="other"', b"x"),), "NO_FILE"),
        ((('Content-Disposition: form-data; name="file"', b"no name, no file"),), "NO_FILE"),
        ((('Content-Disposition: form-data; name="file"; filename=""', b""),), "NO_FILE"),
        ((('Content-Disposition: form-data; name="image"; filename="a.txt"', b"x"),), "MALFORMED_REQUEST"),
        (((FILE_PART, b"x"), (FILE_PART, b"y")), "TOO_MANY_FILES"),
        ((("Content-Type: text/plain", b"x"),), "MALFORMED_REQUEST"),
        ((("Content-Disposition: attachment; name=file", b"x"),), "MALFORMED_REQUEST"),
        ((("no header", b"x"),), "MALFORMED_REQUEST"),
        (((FILE_PART + "\r\n continued: x", b"x"),), "MALFORMED_REQUEST"),
        (((FILE_PART + "\r\nContent-Transfer-Encoding: base64", b"eA=="),), "MALFORMED_REQUEST"),
        (((FILE_PART + "\r\nX: " + "a" * 10_000, b"x"),), "MALFORMED_REQUEST"),
        ((('Content-Disposition: form-data; name="a"', b"x" * 5000), (FILE_PART, b"x")), "MALFORMED_REQUEST"),
        (tuple((f'Content-Disposition: form-data; name="{n}"', b"x") for n in range(40)), "MALFORMED_REQUEST"),
        (((FILE_PART.replace("filename", "filename*=UTF-16''x; y"), b"x"),), "MALFORMED_REQUEST"),
    ],
)
async def test_a_form_that_is_none_is_refused_and_leaves_nothing_behind(
    client: httpx.AsyncClient, people: People, directory: Path, parts: tuple[tuple[str, bytes], ...], code: str
) -> None:
    before = lying(directory)
    body, headers = form(*parts)
    answer = await client.post("/api/files/upload", content=body, headers={**headers, **people.owner.headers})
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert lying(directory) == before


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="é"',
        "multipart/form-data; boundary=" + "a" * 71,
        "multipart/mixed; boundary=a",
    ],
)
async def test_what_is_no_form_holds_no_file(client: httpx.AsyncClient, people: People, content_type: str) -> None:
    headers = {"Content-Type": content_type.encode("latin-1"), **people.owner.headers}
    answer = await client.post("/api/files/upload", content=b"x", headers=headers)  # pyright: ignore
    assert (answer.status_code, answer.json()["code"]) == (400, "NO_FILE")


async def test_an_upload_that_breaks_off_leaves_nothing_behind(
    app: FastAPI, client: httpx.AsyncClient, people: People, directory: Path
) -> None:
    before = lying(directory)
    body, headers = form((FILE_PART, b"x" * 700_000))
    came_in = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not came_in.is_set():
            came_in.set()
            return {"type": "http.request", "body": body[:600_000], "more_body": True}
        assert len(lying(directory)) == len(before) + 1, "what has come in is on the disk, not in memory"
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        assert message.get("status", 400) == 400

    raw = [(name.lower().encode(), value.encode()) for name, value in {**headers, **people.owner.headers}.items()]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
             "path": "/api/files/upload", "raw_path": b"/api/files/upload", "query_string": b"", "root_path": "",
             "headers": [(b"host", b"relais.test"), *raw], "client": ("127.0.0.1", 1),
             "server": ("relais.test", 80)}  # fmt: skip
    await app(scope, receive, send)
    assert came_in.is_set()
    assert lying(directory) == before


async def test_an_upload_that_takes_too_long_leaves_nothing_behind(cheap: Settings, directory: Path) -> None:
    app = await with_files(cheap, transfer_seconds=0.3)
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        before = lying(directory)
        body, headers = form((FILE_PART, b"x" * 1000))

        async def slowly() -> AsyncIterator[bytes]:
            yield body[:500]
            await asyncio.sleep(3600)

        answer = await client.post("/api/files/upload", content=slowly(), headers={**headers, **member.headers})
        assert (answer.status_code, answer.json()["code"]) == (503, "REQUEST_TIMEOUT")
        assert lying(directory) == before


async def test_files_in_storage_are_nobody_elses(client: httpx.AsyncClient, people: People, directory: Path) -> None:
    file = await uploaded(client, people.owner)
    (path,) = (path for path in lying(directory) if path.name == file["fileName"])
    assert path.read_bytes() == PNG
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert not any((directory / "incoming").iterdir())


async def test_a_file_whose_bytes_are_gone_is_not_found(
    client: httpx.AsyncClient, people: People, directory: Path
) -> None:
    file = await uploaded(client, people.owner)
    next(path for path in lying(directory) if path.name == file["fileName"]).unlink()
    answer = await client.get(path_of(file))
    assert (answer.status_code, answer.json()["code"]) == (404, "FILE_NOT_FOUND")
    assert (await client.delete(path_of(file), headers=people.owner.headers)).status_code == 200


async def test_a_disk_that_fails_is_no_mistake_of_ours(
    client: httpx.AsyncClient, people: People, cheap: Settings, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    app = await with_files(cheap, directory=str(blocked))
    async with started(app), client_of(app) as other:
        member: Member = await signed_up(other)
        answer = await sent(other, member)
        assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")
