"""Files that forms write into a row: kept as files, named by the row, gone if the row does not come about."""

import threading
from pathlib import Path

import httpx
import pytest
from app.files.data_urls import DataUrl, read_data_url
from app.modules.library import file_links
from app.settings import Settings

from tests.accounts.conftest import NOBODYS, Member, signed_up, with_group
from tests.conftest import Urls, client_of, run_sql, started
from tests.library.conftest import People, new_resource
from tests.library.file_samples import EXECUTABLE, HTML, PNG, TEXT, data_url, uploaded
from tests.library.test_files import lying, with_files


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_group(settings, "files", directory=str(tmp_path_factory.mktemp("files")))


@pytest.fixture
def directory(cheap: Settings) -> Path:
    return Path(cheap.files.directory)


async def test_a_file_within_a_new_resource_becomes_a_file(client: httpx.AsyncClient, people: People) -> None:
    fields = {"fileUrl": data_url(PNG, "image/png"), "filePath": "hub-lib-file-1736935200000-mon image.png",
              "fileSize": "12 Ko", "resourceType": "file_upload"}  # fmt: skip
    made = await new_resource(client, people.owner, **fields)
    assert made["fileUrl"] == f"http://relais.test/api/files/{made['filePath']}"
    assert made["filePath"].startswith("mon-image_")
    assert made["fileSize"] == str(len(PNG))
    answer = await client.get(made["fileUrl"])
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    (row,) = (await client.get("/api/files", headers=people.owner.headers)).json()["data"]
    assert (row["originalName"], row["resourceId"]) == ("mon image.png", made["id"])


async def test_a_file_within_a_private_resource_is_read_like_it(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, visibility="private", file_url=data_url(TEXT, "text/plain"))
    assert (await client.get(made["fileUrl"])).status_code == 404
    assert (await client.get(made["fileUrl"], headers=people.other.headers)).status_code == 404
    assert (await client.get(made["fileUrl"], headers=people.owner.headers)).content == TEXT


async def test_a_file_within_a_changed_resource_takes_the_place_of_the_one_before(
    client: httpx.AsyncClient, people: People
) -> None:
    made = await new_resource(client, people.owner, fileUrl=data_url(PNG, "image/png"), visibility="private")
    changes = {"fileUrl": data_url(TEXT, "text/plain"), "filePath": made["filePath"]}
    path = f"/api/resources/{made['id']}"
    changed = (await client.put(path, json=changes, headers=people.owner.headers)).json()
    assert changed["filePath"] != made["filePath"]
    for url, content in ((made["fileUrl"], PNG), (changed["fileUrl"], TEXT)):
        assert (await client.get(url)).status_code == 404
        assert (await client.get(url, headers=people.owner.headers)).content == content
    kept = (await client.put(path, json={"fileUrl": changed["fileUrl"]}, headers=people.owner.headers)).json()
    assert (kept["fileUrl"], kept["filePath"]) == (changed["fileUrl"], changed["filePath"])


async def pictured(client: httpx.AsyncClient, who: Member, picture: str) -> str:
    """Where the picture is that somebody has put into their profile."""
    answer = await client.put(f"/api/profiles/{who.id}", json={"avatarUrl": picture}, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["avatarUrl"]


async def test_a_new_picture_takes_the_place_of_the_one_before(client: httpx.AsyncClient, people: People) -> None:
    alone = await uploaded(client, people.owner)
    first, second, third = [await pictured(client, people.owner, data_url(PNG, "image/png")) for _ in range(3)]
    for url, status in ((first, 404), (second, 404), (third, 200)):
        assert (await client.get(url)).status_code == status
    listed = (await client.get("/api/files", headers=people.owner.headers)).json()["data"]
    assert [row["url"] for row in listed] == [third, alone["url"]]
    assert await pictured(client, people.other, third) == third
    # What somebody uploaded by itself is theirs to delete.
    await pictured(client, people.owner, alone["url"])
    await pictured(client, people.owner, "https://example.org/a.png")
    assert (await client.get(alone["url"])).status_code == 200
    assert (await client.get(third)).status_code == 200, "somebody else shows it"
    await pictured(client, people.other, "")
    assert (await client.get(third)).status_code == 404


async def test_ten_megabytes_go_through(client: httpx.AsyncClient, people: People, cheap: Settings) -> None:
    content = b"abcdefghi\n" * (cheap.files.max_bytes // 10)
    made = await new_resource(client, people.owner, fileUrl=data_url(content, "text/plain"))
    assert (await client.get(made["fileUrl"])).content == content
    refused = await client.post(
        "/api/resources",
        json={"title": "a", "description": "b", "fileUrl": data_url(content + b"a" * 10, "text/plain")},
        headers=people.owner.headers,
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "FILE_TOO_LARGE")
    elsewhere = await client.post("/api/auth/signin", content=b"a" * (cheap.http.body_limit_bytes + 1))
    assert elsewhere.status_code == 413


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (data_url(HTML, "image/png"), "FILE_TYPE_MISMATCH"),
        (data_url(EXECUTABLE, ""), "FILE_TYPE_REFUSED"),
        ("data:image/png;base64,####", "VALIDATION_ERROR"),
        ("data:image/png;base64", "VALIDATION_ERROR"),
        ("data:", "VALIDATION_ERROR"),
        ("DATA:image/png;base64,é", "VALIDATION_ERROR"),
        ("data:" + "x" * 10_000, "VALIDATION_ERROR"),
        ("data:text/plain," + "%41" * 30_000, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_no_file_is_refused_and_leaves_nothing_behind(
    client: httpx.AsyncClient, people: People, directory: Path, url: str, code: str
) -> None:
    before = lying(directory)
    body = {"title": "a", "description": "b", "fileUrl": url}
    answer = await client.post("/api/resources", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    if code == "VALIDATION_ERROR":
        assert answer.json()["details"][0]["path"] == "fileUrl"
    assert lying(directory) == before
    listed = await client.get("/api/resources", headers=people.owner.headers, params={"authorId": people.owner.id})
    assert not listed.json()["data"]


@pytest.mark.parametrize("url", ["data:,D%C3%A9j%C3%A0%20vu%0A", "data:text/plain;charset=utf-8,Déjà vu%0A"])
async def test_files_that_are_written_out_are_files_too(client: httpx.AsyncClient, people: People, url: str) -> None:
    made = await new_resource(client, people.owner, fileUrl=url)
    assert (await client.get(made["fileUrl"])).content == TEXT


async def test_a_change_that_is_refused_leaves_no_file_behind(
    client: httpx.AsyncClient, people: People, directory: Path, urls: Urls
) -> None:
    public = await new_resource(client, people.owner)
    before = lying(directory)
    body = {"fileUrl": data_url(PNG, "image/png")}
    for resource, status in ((public["id"], 403), (NOBODYS, 404), ("malformed", 404)):
        answer = await client.put(f"/api/resources/{resource}", json=body, headers=people.other.headers)
        assert answer.status_code == status
    await run_sql(urls.admin, f"update library.user_roles set role = 'guest' where user_id = '{people.other.id}'")
    made = await client.post(
        "/api/resources", json={"title": "a", "description": "b", **body}, headers=people.other.headers
    )
    assert made.status_code == 403
    assert lying(directory) == before
    assert (await client.get("/api/files", headers=people.other.headers)).json()["data"] == []


async def test_files_within_rows_count_towards_the_quota(cheap: Settings, directory: Path) -> None:
    app = await with_files(cheap, quota_bytes=3 * len(PNG))
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        body = {"title": "a", "description": "b", "fileUrl": data_url(PNG, "image/png")}
        answers = [await client.post("/api/resources", json=body, headers=member.headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 403]
        assert answers[3].json()["code"] == "FILE_QUOTA_EXCEEDED"


async def test_links_name_the_address_that_browsers_reach(cheap: Settings) -> None:
    app = await with_files(with_group(cheap, "oauth", callback_url="https://api.example.org/"))
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        made = await new_resource(client, member, fileUrl=data_url(PNG, "image/png"))
        assert made["fileUrl"] == f"https://api.example.org/api/files/{made['filePath']}"


async def test_nobody_s_file_is_read_before_they_may_write_it(
    client: httpx.AsyncClient, people: People, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(url: str) -> None:
        raise AssertionError(url[:20])

    monkeypatch.setattr(file_links, "read_data_url", unread)
    body = {"title": "a", "description": "b", "fileUrl": data_url(PNG, "image/png")}
    missing = await client.put(f"/api/resources/{NOBODYS}", json=body, headers=people.owner.headers)
    assert missing.status_code == 404
    await run_sql(urls.admin, f"update library.user_roles set role = 'guest' where user_id = '{people.other.id}'")
    answer = await client.post("/api/resources", json=body, headers=people.other.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_ROLE")


async def test_a_file_is_read_away_from_the_loop(
    client: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def noted(url: str) -> DataUrl:
        threads.append(threading.get_ident())
        return read_data_url(url)

    monkeypatch.setattr(file_links, "read_data_url", noted)
    await new_resource(client, people.owner, fileUrl=data_url(PNG, "image/png"))
    assert threads
    assert threading.get_ident() not in threads
