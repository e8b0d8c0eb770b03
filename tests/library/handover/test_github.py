"""`/api/github`: the linked account, its repositories, and resources that become commits."""

import asyncio
import base64
import os
import threading
from typing import Annotated, Any, get_args

import httpx
import pytest
from app.adapters.storage import key_of
from app.modules.library.callers import Caller, calling
from app.modules.library.handover.desk import Desk, Transferring
from app.modules.library.handover.papers import File
from fastapi import Depends, FastAPI

from tests.accounts.conftest import NOBODYS, Member, bearer
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource
from tests.library.file_samples import PDF, data_url, path_of, uploaded
from tests.library.github_server import GitHubServer
from tests.library.handover.conftest import Link, asked, with_file_in_its_row
from tests.library.provider_http import Answer, told

ROUTES = (
    ("GET", "/api/github/user", None),
    ("GET", "/api/github/repositories", None),
    ("POST", "/api/github/repositories", {"name": "neuf"}),
    ("GET", "/api/github/repositories/lea/notes/exists", None),
)
SHARE = "/api/github/share-resource"
DATA = "data:application/pdf;base64," + base64.b64encode(b"%PDF-1.7 \x00\xff").decode()


async def shared(client: httpx.AsyncClient, member: Member, resource: dict[str, Any], **fields: Any) -> httpx.Response:
    body = {"resourceId": resource["id"], "owner": "lea", "repo": "notes", **fields}
    return await asked(client, member, "POST", SHARE, json=body)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("method", "path", "body"), [*ROUTES, ("POST", SHARE, {"resourceId": NOBODYS})])
async def test_nobody_gets_anywhere_without_a_token(
    client: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    assert code(await client.request(method, path, json=body)) == (401, "AUTH_TOKEN_MISSING")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_whoever_has_linked_nothing_is_told_so(
    client: httpx.AsyncClient, people: People, link: Link, method: str, path: str, body: Any
) -> None:
    await link(people.other, "github")
    await link(people.owner, "google")
    answer = await asked(client, people.owner, method, path, json=body)
    assert code(answer) == (404, "GITHUB_ACCOUNT_NOT_FOUND")
    assert answer.json()["error"] == answer.json()["message"] == "Aucun compte GitHub lié"


async def test_the_linked_account_is_told_without_what_is_nobodys_business(
    client: httpx.AsyncClient, people: People, link: Link
) -> None:
    await link(people.owner, "github", login="lea")
    answer = await asked(client, people.owner, "GET", "/api/github/user")
    assert answer.json() == {"login": "lea", "name": None, "email": "x@example.org", "avatar_url": None}


async def test_the_primary_account_of_several_is_asked(client: httpx.AsyncClient, people: People, link: Link) -> None:
    await link(people.owner, "github", login="first")
    await link(people.owner, "github", login="second", is_primary=False)
    assert (await asked(client, people.owner, "GET", "/api/github/user")).json()["login"] == "first"


# --- Repositories ---------------------------------------------------------------------------------------------------


async def test_repositories_come_in_pages_in_an_object(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    for number in range(3):
        github.add("lea", f"repo-{number}", private=number == 0)
    query = {"type": "owner", "sort": "updated", "direction": "desc", "per_page": "2"}
    first = (await asked(client, people.owner, "GET", "/api/github/repositories", params=query)).json()
    assert first.keys() == {"repositories", "hasMore", "nextPage"}
    assert (first["hasMore"], first["nextPage"]) == (True, 2)
    assert [row["name"] for row in first["repositories"]] == ["repo-0", "repo-1"]
    assert first["repositories"][0] == {
        "id": 1,
        "name": "repo-0",
        "full_name": "lea/repo-0",
        "description": None,
        "private": True,
        "html_url": "https://github.com/lea/repo-0",
        "clone_url": "https://github.com/lea/repo-0.git",
        "default_branch": "main",
        "owner": {"login": "lea"},
    }
    assert github.listed == [{**query, "page": "1"}]
    last = (await asked(client, people.owner, "GET", "/api/github/repositories", params={**query, "page": 2})).json()
    assert ([row["name"] for row in last["repositories"]], last["hasMore"]) == (["repo-2"], False)
    assert "nextPage" not in last


@pytest.mark.parametrize(
    "query", [{"type": "public"}, {"sort": "x"}, {"direction": "up"}, {"page": 0}, {"per_page": 101}, {"page": "a"}]
)
async def test_a_list_that_makes_no_sense_is_refused_before_anybody_is_asked(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, query: dict[str, Any]
) -> None:
    await link(member, "github")
    answer = await asked(client, member, "GET", "/api/github/repositories", params=query)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert not github.http.steps


async def test_a_list_is_kept_for_its_user_until_a_repository_is_made(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer, app: FastAPI
) -> None:
    await link(people.owner, "github", login="lea")
    await link(people.other, "github", login="bob")
    github.add("lea", "notes")

    async def names(member: Member) -> list[str]:
        answer = await asked(client, member, "GET", "/api/github/repositories")
        return [row["name"] for row in answer.json()["repositories"]]

    assert await names(people.owner) == await names(people.owner) == ["notes"]
    assert github.http.steps["list"] == 1
    assert await names(people.other) == []
    redis = app.state.relais.redis
    (seconds,) = await redis.run(("TTL", redis.key("cache", "github", "repositories", people.owner.id)))
    assert 0 < seconds <= 300
    made = await asked(client, people.owner, "POST", "/api/github/repositories", json={"name": "neuf"})
    assert made.status_code == 201
    assert await names(people.owner) == ["notes", "neuf"]


async def test_a_list_that_was_asked_for_before_a_change_is_not_kept(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    gate = github.http.gates["list"] = threading.Event()
    listing = asyncio.create_task(asked(client, people.owner, "GET", "/api/github/repositories"))
    while not github.http.steps["list"]:
        await asyncio.sleep(0.005)
    # What it answers is of before, though it comes after.
    github.http.faults["list"] = lambda: told([])
    await asked(client, people.owner, "POST", "/api/github/repositories", json={"name": "neuf"})
    gate.set()
    assert (await listing).json()["repositories"] == []
    del github.http.faults["list"], github.http.gates["list"]
    again = await asked(client, people.owner, "GET", "/api/github/repositories")
    assert [row["name"] for row in again.json()["repositories"]] == ["neuf"]


async def test_what_was_kept_of_one_account_is_not_told_of_another(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer, database: Any
) -> None:
    await link(people.owner, "github", login="lea")
    github.add("lea", "secret", private=True)
    await asked(client, people.owner, "GET", "/api/github/repositories")
    await database.execute("delete from relais.oauth_accounts where user_id = $1", people.owner.id)
    assert code(await asked(client, people.owner, "GET", "/api/github/repositories"))[0] == 404
    await link(people.owner, "github", login="autre")
    assert (await asked(client, people.owner, "GET", "/api/github/repositories")).json()["repositories"] == []


async def test_a_repository_is_made_as_it_is_wished(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    body = {"name": " mes.notes_1-a ", "description": "Été", "private": True, "license_template": "", "extra": 1}
    answer = await asked(client, people.owner, "POST", "/api/github/repositories", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["full_name"], told["description"], told["private"]) == ("lea/mes.notes_1-a", "Été", True)
    assert github.repositories["lea/mes.notes_1-a"].heads, "auto_init is what is meant without a word"
    again = await asked(client, people.owner, "POST", "/api/github/repositories", json=body)
    assert code(again) == (422, "GITHUB_API_ERROR")
    assert again.json()["error"] == "GitHub a refusé la demande"
    words = "Repository creation failed. name already exists on this account"
    assert again.json()["details"] == {"status": 422, "message": words}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "é"},
        {"name": "a/b"},
        {"name": ".."},
        {"name": "a" * 101},
        {"name": "a\x00"},
        {"name": 7},
        {"name": "ok", "description": "d" * 501},
        {"name": "ok", "private": "peut-être"},
        {"name": "ok", "gitignore_template": "../x"},
    ],
)
async def test_a_repository_that_cannot_be_is_refused(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, body: Any
) -> None:
    await link(member, "github")
    answer = await asked(client, member, "POST", "/api/github/repositories", json=body)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["path"]
    assert not github.http.steps


async def test_whether_a_repository_exists_is_told(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    github.add("lea", "notes", private=True)
    for path, there in {
        "lea/notes": True,
        "lea/rien": False,
        "lea/..": False,
        "lea/" + "x" * 2000: False,
        "%00/x": False,
        "le%20a/x": False,
        "é/x": False,
    }.items():
        answer = await asked(client, people.owner, "GET", f"/api/github/repositories/{path}/exists")
        if path == "lea/..":
            assert answer.status_code in (200, 404)
            continue
        assert (answer.status_code, answer.json()) == (200, {"exists": there}), path
    github.http.faults["repository"] = lambda: Answer(301, b"{}", {"Location": "https://evil.example.org/"})
    moved = await asked(client, people.owner, "GET", "/api/github/repositories/lea/notes/exists")
    assert moved.json() == {"exists": False}


# --- Sharing --------------------------------------------------------------------------------------------------------


async def test_a_resource_becomes_one_commit(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    repository = github.add("lea", "notes")
    repository.put("main", {"autre.txt": b"reste"}, "autre")
    before = repository.history("main")
    resource = await new_resource(
        client,
        people.owner,
        title="Étude  de cas",
        readme="# Été\n",
        fileUrl=DATA,
        filePath="hub-lib-file-1736935200000-rapport final.pdf",
    )
    answer = await shared(client, people.owner, resource)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["success"] is True
    assert told["repository"] == {"owner": "lea", "name": "notes", "url": "https://github.com/lea/notes"}
    assert told["files"] == ["README.md", "rapport-final.pdf"]
    assert repository.files("main") == {
        "README.md": "# Été\n".encode(),
        "rapport-final.pdf": b"%PDF-1.7 \x00\xff",
        "autre.txt": b"reste",
    }
    assert repository.history("main") == [told["commit"]["sha"], *before]
    assert told["commit"]["html_url"].endswith(told["commit"]["sha"])
    assert repository.commits[told["commit"]["sha"]][2] == "Partage de « Étude de cas »"
    seen = (await asked(client, people.owner, "GET", f"/api/resources/{resource['id']}")).json()
    assert seen["githubUrl"] == "https://github.com/lea/notes"


async def test_an_address_that_the_resource_has_is_kept(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    github.add("lea", "notes")
    for before, after in {
        "https://example.org/mien": "https://example.org/mien",
        "": "https://github.com/lea/notes",
    }.items():
        resource = await new_resource(client, people.owner, githubUrl=before)
        assert (await shared(client, people.owner, resource)).status_code == 200
        seen = (await asked(client, people.owner, "GET", f"/api/resources/{resource['id']}")).json()
        assert seen["githubUrl"] == after


async def test_a_resource_without_a_text_is_introduced_by_what_is_known_of_it(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    repository = github.add("lea", "notes")
    fields = {"category": "Art", "tags": ["a", "b"], "externalUrl": "https://example.org", "license": "MIT"}
    resource = await new_resource(client, people.owner, fileUrl="https://example.org/a.zip", **fields)
    answer = await shared(client, people.owner, resource, path="docs/été/LISEZ.md", branch="main")
    assert answer.json()["files"] == ["docs/été/LISEZ.md"]
    text = repository.files("main")["docs/été/LISEZ.md"].decode()
    assert text.startswith("# Une ressource\n\nCe qu'elle contient\n\n- **Catégorie** : Art\n- **Mots-clés** : a, b\n")
    assert "- **Fichier** : https://example.org/a.zip\n" in text


@pytest.mark.parametrize(
    ("address", "path", "name", "data"),
    [
        ("data:text/plain,Bonjour%20%C3%A9", "notes.txt", "notes.txt", "Bonjour é".encode()),
        ("data:;base64,AAE=", None, "Une-ressource.bin", b"\x00\x01"),
        ("data:image/png;base64,AAE%3D", "a/../../.git/x.png", "x.png", b"\x00\x01"),
        ("data:text/markdown,x", "readme.md", "fichier-readme.md", b"x"),
        ("data:text/plain;charset=utf-8,", "vide.txt", "vide.txt", b""),
        ("DATA:application/zip;base64,UEs=", "C:\\temp\\..zip", "zip.zip", b"PK"),
    ],
)
async def test_a_file_goes_beside_the_text_under_a_harmless_name(
    client: httpx.AsyncClient,
    member: Member,
    link: Link,
    github: GitHubServer,
    address: str,
    path: Any,
    name: str,
    data: bytes,
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    resource = await with_file_in_its_row(client, member, address, path)
    answer = await shared(client, member, resource, path="doc/README.md")
    assert answer.status_code == 200, answer.text
    assert answer.json()["files"] == ["doc/README.md", f"doc/{name}"]
    assert repository.files("main")[f"doc/{name}"] == data


async def test_a_large_file_that_was_imported_arrives_whole(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer, urls: Urls
) -> None:
    await link(people.owner, "github", login="lea")
    repository, data = github.add("lea", "notes"), os.urandom(3 * 1024 * 1024)
    address = "data:application/zip;base64," + base64.b64encode(data).decode()
    resource = await new_resource(client, people.owner, filePath="grand.zip")
    await run_sql(urls.admin, f"update library.resources set file_url = '{address}' where id = '{resource['id']}'")
    assert (await shared(client, people.owner, resource)).status_code == 200
    assert repository.files("main")["grand.zip"] == data


async def test_a_repository_is_made_for_a_resource_by_the_user_or_their_organisation(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="Lea", organisations=["equipe"])
    for owner, branch in (("lea", "main"), ("equipe", "essai/une-branche")):
        resource = await new_resource(client, people.owner)
        wish = {"createRepo": True, "repoDescription": "Été", "repoPrivate": True, "branch": branch}
        answer = await shared(client, people.owner, resource, owner=owner, repo="neuf", **wish)
        assert answer.status_code == 200, answer.text
        repository = github.repositories[f"{owner}/neuf"]
        assert (repository.private, repository.description) == (True, "Été")
        assert len(repository.history(branch)) == 2
        assert answer.json()["repository"]["name"] == "neuf"
    again = await shared(client, people.owner, resource, repo="neuf", createRepo=True)
    assert code(again) == (422, "GITHUB_API_ERROR")
    assert len(github.repositories["lea/neuf"].history("main")) == 2


async def test_a_new_repository_may_take_a_moment(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    late = iter([404, 409])

    def not_yet() -> Answer:
        status = next(late, None)
        if status is None:
            del github.http.faults["head"]
            status = 404
        return told({"message": "Git Repository is empty."}, status)

    github.http.faults["head"] = not_yet
    github.http.begins["head"] = 2
    resource = await new_resource(client, people.owner)
    answer = await shared(client, people.owner, resource, repo="neuf", createRepo=True, branch="autre")
    assert answer.status_code == 200, answer.text
    assert github.http.steps["head"] == 5


async def test_a_branch_that_is_missing_begins_at_the_default_one(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    repository = github.add("lea", "notes", default_branch="master")
    before = repository.history("master")
    resource = await new_resource(client, people.owner)
    answer = await shared(client, people.owner, resource)
    assert repository.history("main") == [answer.json()["commit"]["sha"], *before]
    assert repository.history("master") == before


async def test_a_push_of_somebody_else_meanwhile_is_kept(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    repository = github.add("lea", "notes")
    github.http.meanwhile["move"] = lambda: repository.put("main", {"leur.txt": b"leur"}, "leur") and None
    resource = await new_resource(client, people.owner, readme="le mien")
    assert (await shared(client, people.owner, resource)).status_code == 200
    assert repository.files("main") == {"README.md": b"le mien", "leur.txt": b"leur"}
    assert len(repository.history("main")) == 3


async def test_only_owners_share_and_what_is_not_shown_is_not_there(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    github.add("lea", "notes")
    public = await new_resource(client, people.owner)
    private = await new_resource(client, people.owner, visibility="private")
    for member in (people.other, people.moderator, people.admin):
        await link(member, "github", login="lea")
        answer = await shared(client, member, public)
        assert code(answer) == (403, "FORBIDDEN")
        assert answer.json()["error"] == "Vous n'êtes pas autorisé à partager cette ressource"
    assert code(await shared(client, people.other, private)) == (404, "RESOURCE_NOT_FOUND")
    assert code(await shared(client, people.other, {"id": NOBODYS})) == (404, "RESOURCE_NOT_FOUND")
    assert code(await shared(client, people.owner, public)) == (404, "GITHUB_ACCOUNT_NOT_FOUND")
    assert not github.http.steps


@pytest.mark.parametrize(
    "fields",
    [
        {"resourceId": "nope"},
        {"resourceId": 7},
        {"owner": ""},
        {"owner": "../lea"},
        {"owner": "le a"},
        {"repo": ".."},
        {"repo": "a?b"},
        {"repo": None},
        {"path": "../README.md"},
        {"path": "/README.md"},
        {"path": "a//b"},
        {"path": ".git/config"},
        {"path": "a/.GIT/hooks/x"},
        {"path": "p" * 501},
        {"path": "a\x00"},
        {"branch": "a..b"},
        {"branch": "-x"},
        {"branch": "a b"},
        {"branch": "x.lock"},
        {"branch": "a/"},
        {"branch": "b" * 201},
        {"createRepo": "peut-être"},
        {"repoDescription": "d" * 501},
    ],
)
async def test_a_place_that_cannot_be_is_refused(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, fields: dict[str, Any]
) -> None:
    await link(member, "github", login="lea")
    answer = await shared(client, member, {"id": NOBODYS}, **fields)
    assert code(answer) == (400, "VALIDATION_ERROR"), answer.text
    assert not github.http.steps


@pytest.mark.parametrize(
    "address", ["/api/files/x.pdf", "data:application/pdf;base64,*", "/ailleurs/x.pdf", "http://[x/"]
)
async def test_a_file_that_cannot_be_read_stops_everything(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, address: str
) -> None:
    await link(member, "github", login="lea")
    resource = await with_file_in_its_row(client, member, address)
    answer = await shared(client, member, resource)
    assert code(answer) == (409, "RESOURCE_FILE_UNREADABLE")
    assert not github.http.steps


async def test_an_account_that_may_not_write_is_told_what_it_lacks(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea", scopes=["read:user", "user:email"])
    github.add("lea", "notes")
    resource = await new_resource(client, people.owner)
    answer = await shared(client, people.owner, resource)
    assert code(answer) == (403, "INSUFFICIENT_OAUTH_SCOPES")
    assert answer.json()["error"] == (
        "Scopes OAuth insuffisants pour le partage sur GitHub. Scopes requis: repo. Veuillez re-lier votre compte"
        " GitHub avec les permissions appropriées."
    )
    for method, path, body in ROUTES[2:]:
        assert code(await asked(client, people.owner, method, path, json=body)) == (403, "INSUFFICIENT_OAUTH_SCOPES")
    for method, path, _ in ROUTES[:2]:
        assert (await asked(client, people.owner, method, path)).status_code == 200


async def test_tokens_of_installed_applications_have_no_scopes_and_are_left_to_github(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea", scopes=[], token="ghu_0123456789")
    await link(people.other, "github", login="bob", scopes=[])
    path = "/api/github/repositories/lea/notes/exists"
    assert (await asked(client, people.owner, "GET", path)).json() == {"exists": False}
    assert code(await asked(client, people.other, "GET", path)) == (403, "INSUFFICIENT_OAUTH_SCOPES")


async def test_a_token_that_only_reads_hands_nothing_over(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer
) -> None:
    await link(people.owner, "github", login="lea")
    made = await asked(client, people.owner, "POST", "/api/api-tokens", json={"name": "lit", "scopes": ["read"]})
    headers = bearer(made.json()["token"])
    assert (await client.get("/api/github/user", headers=headers)).status_code == 200
    answer = await client.post(SHARE, json={"resourceId": NOBODYS, "owner": "a", "repo": "b"}, headers=headers)
    assert code(answer) == (403, "INSUFFICIENT_SCOPE")
    assert not github.http.steps["create"]


async def test_a_file_that_is_stored_with_us_is_read_as_the_caller(
    client: httpx.AsyncClient,
    member: Member,
    link: Link,
    github: GitHubServer,
    app: FastAPI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await link(member, "github", login="lea")
    repository, read = github.add("lea", "notes"), list[tuple[str, str, int]]()

    async def stored(caller: Caller, name: str, most_bytes: int) -> File:
        read.append((caller.user_id, name, most_bytes))
        return File("rapport.pdf", "application/pdf", b"%PDF")

    async def at_a_desk_with_files(caller: Annotated[Caller, Depends(calling())]) -> Desk:
        return Desk(caller, app.state.accounts, app.state.relais.redis, stored)

    monkeypatch.setitem(app.dependency_overrides, get_args(Transferring)[1].dependency, at_a_desk_with_files)
    for address in ("/api/files/a%20b.pdf", "https://relais.example.org/api/files/a%20b.pdf?expires=1&signature=x"):
        resource = await new_resource(client, member, fileUrl=address)
        answer = await shared(client, member, resource)
        assert answer.json()["files"] == ["README.md", "rapport.pdf"]
        assert "Fichier" not in repository.files("main")["README.md"].decode()
    assert read == [(member.id, "a b.pdf", 10 * 1024 * 1024)] * 2


async def test_files_that_are_stored_with_us_arrive_whole_under_their_shown_names(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github", login="lea")
    repository, data = github.add("lea", "notes"), PDF + os.urandom(3 * 1024 * 1024)
    file = await uploaded(client, member, data, "application/pdf", "Bilan été.pdf")
    by_upload = await new_resource(client, member, fileUrl=file["url"])
    written = {"fileUrl": data_url(data, "application/pdf"), "filePath": "hub-lib-file-1736935200000-Écrit.pdf"}
    by_form = await new_resource(client, member, **written)
    for resource, name in ((by_upload, "Bilan-été.pdf"), (by_form, "Écrit.pdf")):
        assert "/api/files/" in resource["fileUrl"]
        answer = await shared(client, member, resource)
        assert answer.status_code == 200, answer.text
        assert answer.json()["files"] == ["README.md", name]
        assert repository.files("main")[name] == data


async def test_files_that_the_address_does_not_name_are_handed_over_as_well(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    hung = await new_resource(client, member)
    for name, data in (("plan.pdf", PDF), ("PLAN.pdf", PDF + b"2"), ("README.md", b"le mien")):
        kind = "text/markdown" if name.endswith("md") else "application/pdf"
        await uploaded(client, member, data, kind, name, resourceId=hung["id"])
    answer = await shared(client, member, hung)
    assert answer.json()["files"] == ["README.md", "plan.pdf", "fichier-PLAN.pdf", "fichier-README.md"], answer.text
    contents = repository.files("main")
    assert contents["fichier-PLAN.pdf"] == PDF + b"2"
    assert contents["fichier-README.md"] == b"le mien"
    named = await uploaded(client, member, PDF, "application/pdf", "nommé.pdf")
    by_path = await new_resource(client, member, filePath=named["fileName"])
    await uploaded(client, member, PDF, "application/pdf", "autre.pdf", resourceId=by_path["id"])
    assert (await shared(client, member, by_path)).json()["files"] == ["README.md", "nommé.pdf"]
    emptied = await new_resource(client, member, fileUrl=data_url(PDF, "application/pdf"))
    changes = {"fileUrl": None, "filePath": None}
    await asked(client, member, "PUT", f"/api/resources/{emptied['id']}", json=changes)
    assert (await shared(client, member, emptied)).json()["files"] == ["README.md"]
    elsewhere = "https://example.org/ailleurs.pdf"
    linked = await new_resource(client, member, filePath=named["fileName"], fileUrl=elsewhere)
    assert (await shared(client, member, linked)).json()["files"] == ["README.md", "nommé.pdf"]
    assert elsewhere in repository.files("main")["README.md"].decode()


async def test_files_of_a_resource_come_to_no_more_than_one_may(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github", login="lea")
    resource = await new_resource(client, member)
    for name in ("a.txt", "b.txt"):
        await uploaded(client, member, b"a" * 6 * 1024 * 1024, "text/plain", name, resourceId=resource["id"])
    assert code(await shared(client, member, resource)) == (413, "RESOURCE_FILE_TOO_LARGE")
    assert not github.http.steps


async def test_a_stored_file_of_somebody_else_or_without_its_bytes_stops_everything(
    client: httpx.AsyncClient, people: People, link: Link, github: GitHubServer, app: FastAPI, database: Any
) -> None:
    await link(people.owner, "github", login="lea")
    theirs = await new_resource(client, people.other, fileUrl=data_url(PDF, "application/pdf"), visibility="private")
    lost = await uploaded(client, people.owner, PDF, "application/pdf", "perdu.pdf")
    query = "select tenant_id::text from library.files where file_name = $1"
    tenant_id = await database.fetchval(query, lost["fileName"])
    await app.state.relais.storage.remove(key_of(tenant_id, lost["fileName"]))
    for address in (theirs["fileUrl"], path_of(lost)):
        resource = await new_resource(client, people.owner, fileUrl=address)
        assert code(await shared(client, people.owner, resource)) == (409, "RESOURCE_FILE_UNREADABLE")
    assert not github.http.steps
