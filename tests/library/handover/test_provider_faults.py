"""Providers that are down, slow, busy or out of their minds; tokens that have expired; and nothing left behind."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.middleware import limits
from app.settings import Settings

from tests.accounts.conftest import Member, with_group
from tests.accounts.oauth_provider import ProviderServer, json_answer
from tests.conftest import client_of, started
from tests.library import drive_server, github_server
from tests.library.conftest import new_resource
from tests.library.drive_server import DriveServer
from tests.library.github_server import GitHubServer
from tests.library.handover.conftest import Link, asked, with_file_in_its_row
from tests.library.provider_http import Answer, Fault, told

GITHUB_SHARE, DRIVE_SHARE = "/api/github/share-resource", "/api/google-drive/share-resource"
DOWN: dict[str, Fault] = {
    "breaks off": lambda: None,
    "500": lambda: told({"message": "oops"}, 500),
    "503": lambda: Answer(503, b"<html>busy</html>"),
    "no JSON": lambda: Answer(200, b"<html>"),
    "another shape": lambda: told({"unexpected": [1]}),
    "a list": lambda: told([None]),
    "compressed": lambda: Answer(200, b"x", {"Content-Encoding": "gzip"}),
    "too long": lambda: Answer(200, b'"' + b"x" * (8 * 1024 * 1024) + b'"'),
}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- What somebody is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", DOWN)
async def test_a_provider_that_fails_is_a_bad_gateway(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, drive: DriveServer, fault: str
) -> None:
    await link(member, "github")
    await link(member, "google")
    for http, step in ((github.http, "user"), (github.http, "list"), (drive.http, "about"), (drive.http, "list")):
        http.faults[step] = DOWN[fault]
    for path, expected in (
        ("/api/github/user", "GITHUB_API_ERROR"),
        ("/api/github/repositories", "GITHUB_API_ERROR"),
        ("/api/google-drive/user", "GOOGLE_DRIVE_API_ERROR"),
        ("/api/google-drive/folders", "GOOGLE_DRIVE_API_ERROR"),
    ):
        answer = await asked(client, member, "GET", path)
        assert code(answer) == (502, expected), path
        assert answer.json().keys() == {"code", "details", "error", "hint", "message"}


async def test_what_was_refused_is_told_with_the_providers_status_and_words(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github")
    for theirs, ours in {
        400: 400,
        403: 403,
        404: 404,
        410: 404,
        409: 409,
        422: 422,
        451: 403,
        405: 502,
        302: 404,
    }.items():
        github.http.faults["user"] = lambda status=theirs: told({"message": "Because"}, status)
        answer = await asked(client, member, "GET", "/api/github/user")
        assert code(answer) == (ours, "GITHUB_API_ERROR"), theirs
        assert answer.json()["details"] == {"status": theirs, "message": "Because"}
        assert answer.json()["error"] != "Because"


async def test_limits_of_a_provider_are_passed_on(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, drive: DriveServer
) -> None:
    await link(member, "github")
    await link(member, "google")
    reset = str(int(time.time()) + 90)
    cases: list[tuple[Any, str, str, Fault, range]] = [
        (github, "/api/github/user", "user", lambda: told({}, 429, retry_after="7"), range(7, 8)),
        (github, "/api/github/user", "user", lambda: told({}, 403, retry_after="8"), range(8, 9)),
        (
            github,
            "/api/github/user",
            "user",
            lambda: told({}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset),
            range(60, 92),
        ),
        (github, "/api/github/user", "user", lambda: told({}, 429, retry_after="-1"), range(60, 61)),
        (
            github,
            "/api/github/user",
            "user",
            lambda: told({"message": "You have exceeded a secondary rate limit."}, 403),
            range(60, 61),
        ),
        (github, "/api/github/user", "user", lambda: told({}, 429, retry_after="9" * 50), range(3600, 3601)),
        (
            drive,
            "/api/google-drive/user",
            "about",
            lambda: told({"error": {"errors": [{"reason": "userRateLimitExceeded"}]}}, 403),
            range(60, 61),
        ),
    ]
    for server, path, step, fault, seconds in cases:
        server.http.reset()
        server.http.faults[step] = fault
        answer = await asked(client, member, "GET", path)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) in seconds
        assert answer.json()["retryAfter"] in seconds
        assert answer.json()["code"].endswith("_API_ERROR")
        assert server.http.steps[step] == 1, "whoever says that we ask too often is not asked again"


async def test_what_changes_nothing_is_asked_again_and_what_does_is_not(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github", login="lea")

    def once() -> Answer:
        del github.http.faults["user"]
        return told({"message": "busy"}, 502)

    github.http.faults["user"] = once
    assert (await asked(client, member, "GET", "/api/github/user")).json()["login"] == "lea"
    assert github.http.steps["user"] == 2
    github.http.faults["create"] = lambda: told({"message": "busy"}, 502)
    answer = await asked(client, member, "POST", "/api/github/repositories", json={"name": "neuf"})
    assert code(answer) == (502, "GITHUB_API_ERROR")
    assert github.http.steps["create"] == 1


async def test_nobody_is_followed_to_another_address(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, drive: DriveServer
) -> None:
    await link(member, "github")
    address = f"{drive.http.url}/drive/v3/about"
    github.http.faults["user"] = lambda: Answer(302, b"{}", {"Location": address})
    assert code(await asked(client, member, "GET", "/api/github/user")) == (404, "GITHUB_API_ERROR")
    assert not drive.http.steps


async def test_a_slow_provider_is_waited_for_so_long_and_no_longer(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, handing: Settings
) -> None:
    await link(member, "github")
    async with started(create_app(with_group(handing, "handover", timeout_seconds=0.4))) as app:
        async with client_of(app) as hasty:
            gate = github.http.gates["user"] = threading.Event()
            answer = await asked(hasty, member, "GET", "/api/github/user")
            gate.set()
    assert code(answer) == (502, "GITHUB_API_ERROR")


async def test_a_provider_that_is_not_there_is_a_bad_gateway(
    client: httpx.AsyncClient, member: Member, link: Link, handing: Settings
) -> None:
    await link(member, "google")
    async with started(create_app(with_group(handing, "handover", drive_url="http://127.0.0.1:1"))) as app:
        async with client_of(app) as client_of_nobody:
            answer = await asked(client_of_nobody, member, "GET", "/api/google-drive/user")
    assert code(answer) == (502, "GOOGLE_DRIVE_API_ERROR")


async def test_tokens_are_neither_told_nor_logged(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = await link(member, "github")
    texts: list[str] = []
    for status in (200, 401, 404, 500):
        github.http.faults["user"] = lambda status=status: told({"message": f"Bearer {token} is no good"}, status)
        texts.append((await asked(client, member, "GET", "/api/github/user")).text)
    texts += [json.dumps({**record.__dict__, "args": str(record.args)}, default=str) for record in caplog.records]
    assert "provider_failed" in "".join(texts)
    assert token not in "".join(texts)


# --- Tokens that expire ---------------------------------------------------------------------------------------------


def renews_to(issuer: ProviderServer, drive: DriveServer, token: str, refresh: str = "refresh-1") -> None:
    issuer.refresh_tokens[refresh] = issuer.who
    issuer.grant = {"access_token": token, "refresh_token": None, "scope": None}
    drive.tokens[token] = drive_server.Account("lea@example.org")


@pytest.mark.parametrize("expires_in", [-10, 30, 3600])
async def test_an_expired_token_is_renewed_once_and_kept(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, issuer: ProviderServer, expires_in: int
) -> None:
    token = await link(member, "google", refresh="refresh-1", expires_in=expires_in)
    del drive.tokens[token]
    renews_to(issuer, drive, f"token-new-{expires_in}")
    for _ in range(2):
        answer = await asked(client, member, "GET", "/api/google-drive/user")
        assert answer.json() == {"email": "lea@example.org", "name": "Léa"}
    assert issuer.asked.count("/token") == 1
    # A token that was thought to be good is found out by asking.
    assert drive.http.steps["about"] == (3 if expires_in > 60 else 2)


async def test_a_token_that_expires_halfway_is_renewed_halfway(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, issuer: ProviderServer
) -> None:
    token = await link(member, "google", refresh="refresh-1", login="lea@example.org")
    renews_to(issuer, drive, "token-halfway")
    drive.http.meanwhile["upload"] = lambda: drive.tokens.pop(token) and None
    resource = await new_resource(client, member)
    answer = await asked(client, member, "POST", DRIVE_SHARE, json={"resourceId": resource["id"], "createFolder": True})
    assert answer.status_code == 200, answer.text
    assert len(drive.entries) == 2


async def test_without_a_way_to_renew_it_an_expired_token_asks_to_link_again(
    client: httpx.AsyncClient,
    member: Member,
    link: Link,
    drive: DriveServer,
    github: GitHubServer,
    issuer: ProviderServer,
) -> None:
    words = "Token expiré et aucun refresh token disponible. Veuillez re-lier votre compte {}."
    drive.tokens.pop(await link(member, "google", refresh="refresh-unknown"))
    github.tokens.pop(await link(member, "github"))
    for path, title in (("/api/google-drive/user", "Google"), ("/api/github/user", "GitHub")):
        answer = await asked(client, member, "GET", path)
        assert code(answer) == (401, "TOKEN_EXPIRED")
        assert answer.json()["error"] == words.format(title)


async def test_a_renewed_token_that_is_refused_too_is_not_renewed_again(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, issuer: ProviderServer
) -> None:
    await link(member, "google", refresh="refresh-1", expires_in=-10)
    renews_to(issuer, drive, "token-refused")
    drive.tokens.clear()
    issuer.asked.clear()
    answer = await asked(client, member, "GET", "/api/google-drive/user")
    assert code(answer) == (401, "TOKEN_EXPIRED")
    assert issuer.asked.count("/token") <= 2


async def test_a_provider_that_cannot_renew_at_the_moment_is_a_bad_gateway(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, issuer: ProviderServer
) -> None:
    await link(member, "google", refresh="refresh-1", expires_in=-10)
    issuer.faults["/token"] = lambda: json_answer({}, 503)
    answer = await asked(client, member, "GET", "/api/google-drive/user")
    assert code(answer) == (502, "GOOGLE_DRIVE_API_ERROR")
    assert not drive.http.steps


async def test_of_two_who_renew_a_token_that_is_good_once_both_get_on(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, issuer: ProviderServer
) -> None:
    await link(member, "github", refresh="ghr-1", expires_in=-10)
    github.tokens["token-rotated"] = github_server.Account("lea")
    both, used = threading.Barrier(2), threading.Lock()
    granted = {"access_token": "token-rotated", "refresh_token": "ghr-2", "token_type": "bearer", "expires_in": 3600}

    def once() -> Any:
        both.wait(10)
        if used.acquire(blocking=False):
            return json_answer(granted)
        time.sleep(0.3)  # the other's tokens are kept meanwhile
        return json_answer({"error": "bad_refresh_token"})

    issuer.faults["/login/oauth/access_token"] = once
    answers = await asyncio.gather(*(asked(client, member, "GET", "/api/github/user") for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_token_that_was_sealed_with_a_key_that_is_gone_asks_to_link_again(
    client: httpx.AsyncClient, member: Member, link: Link, database: asyncpg.Connection
) -> None:
    await link(member, "github")
    await database.execute("update relais.oauth_accounts set access_token = 'x' where user_id = $1", member.id)
    assert code(await asked(client, member, "GET", "/api/github/user")) == (401, "TOKEN_EXPIRED")


# --- Nothing is left behind -----------------------------------------------------------------------------------------


async def to_github(client: httpx.AsyncClient, member: Member, resource: Any, **fields: Any) -> httpx.Response:
    body = {"resourceId": resource["id"], "owner": "lea", "repo": "notes", **fields}
    return await asked(client, member, "POST", GITHUB_SHARE, json=body)


async def github_url_of(client: httpx.AsyncClient, member: Member, resource: Any) -> str | None:
    return (await asked(client, member, "GET", f"/api/resources/{resource['id']}")).json()["githubUrl"]


@pytest.mark.parametrize("step", ["repository", "blob", "head", "read commit", "tree", "commit", "move", "branch"])
async def test_a_failure_at_any_step_leaves_the_branches_as_they_were(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, step: str
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    before = dict(repository.heads)
    resource = await new_resource(client, member, fileUrl="data:text/plain,x")
    faults = {**DOWN, "404": lambda: told({"message": "Not Found"}, 404), "422": lambda: told({"message": "No"}, 422)}
    for name, fault in faults.items():
        if name == "404" and step == "head":
            continue  # a branch that is not there is made
        if name in ("no JSON", "another shape", "a list", "compressed", "too long") and step in ("move", "branch"):
            continue  # the next test: what it answers says nothing of what it did
        github.http.reset()
        github.http.faults[step] = fault
        answer = await to_github(client, member, resource, branch="essai" if step == "branch" else "main")
        assert answer.status_code == {"404": 404, "422": 422}.get(name, 502), (name, answer.text)
        assert answer.json()["code"] == "GITHUB_API_ERROR"
        assert repository.heads == before
    assert await github_url_of(client, member, resource) is None


@pytest.mark.parametrize(("step", "branch"), [("move", "main"), ("branch", "essai")])
async def test_a_branch_that_was_moved_by_a_request_without_an_answer_goes_back(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, step: str, branch: str
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    before = dict(repository.heads)
    resource = await new_resource(client, member)
    github.http.lost = {step}
    github.http.begins[step] = 1
    # What takes it back is answered again.
    github.http.meanwhile["head"] = lambda: None

    def undoing() -> None:
        github.http.meanwhile["head"] = github.http.lost.clear

    github.http.meanwhile[step] = undoing
    answer = await to_github(client, member, resource, branch=branch)
    assert code(answer) == (502, "GITHUB_API_ERROR")
    assert github.http.steps[step] >= 1
    assert repository.heads == before
    assert await github_url_of(client, member, resource) is None


async def test_what_others_pushed_on_top_is_not_taken_back(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    resource = await new_resource(client, member)
    github.http.lost = {"move"}

    def push() -> None:
        github.http.lost.clear()
        repository.put("main", {"leur.txt": b"leur"}, "leur")

    github.http.meanwhile["move"] = lambda: github.http.meanwhile.update(head=push)
    assert code(await to_github(client, member, resource)) == (502, "GITHUB_API_ERROR")
    assert len(repository.history("main")) == 3
    assert repository.files("main")["leur.txt"] == b"leur"


async def test_a_branch_goes_back_if_the_resource_cannot_be_written_afterwards(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, database: asyncpg.Connection
) -> None:
    await link(member, "github", login="lea")
    repository = github.add("lea", "notes")
    before = dict(repository.heads)
    resource = await new_resource(client, member, title="Interdit")
    await database.execute("""
        create function library.forbid() returns trigger language plpgsql as $$
        begin raise internal_error; end $$;
        create trigger forbid before update of github_url on library.resources for each row
        when (new.title = 'Interdit') execute function library.forbid();
    """)
    try:
        assert (await to_github(client, member, resource)).status_code >= 400
    finally:
        await database.execute("drop function library.forbid() cascade")
    assert github.http.steps["move"] == 2
    assert repository.heads == before


@pytest.mark.parametrize(("scopes", "stays"), [(["repo", "delete_repo"], False), (["repo"], True)])
async def test_a_repository_that_was_made_for_nothing_goes_or_is_named(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, scopes: list[str], stays: bool
) -> None:
    await link(member, "github", login="lea", scopes=scopes)
    resource = await new_resource(client, member)
    for step in ("blob", "tree", "move"):
        github.http.reset()
        github.repositories.clear()
        github.http.faults[step] = lambda: told({"message": "oops"}, 500)
        answer = await to_github(client, member, resource, repo="neuf", createRepo=True)
        assert code(answer) == (502, "GITHUB_API_ERROR")
        assert ("lea/neuf" in github.repositories) is stays
        left = answer.json()["details"].get("left")
        assert left == (["https://github.com/lea/neuf"] if stays else None)
    github.http.reset()
    github.repositories.clear()
    github.http.lost = {"create"}
    answer = await to_github(client, member, resource, repo="perdu", createRepo=True)
    assert answer.json()["details"] == {"left": ["lea/perdu"]}, "nobody knows whose it is: it is only named"


@pytest.mark.parametrize("step", ["ids", "folder", "upload", "second upload", "permission"])
async def test_a_failure_at_any_step_leaves_nothing_in_a_drive(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer, step: str
) -> None:
    await link(member, "google", login="lea@example.org")
    top = drive.add("lea@example.org", "Haut")
    resource = await new_resource(client, member, fileUrl="data:text/plain,x")
    begins, step = (2, "upload") if step == "second upload" else (1, step)
    faults = {**DOWN, "403": lambda: told({"error": {"message": "No"}}, 403), "lost": None}
    for name, fault in faults.items():
        if step == "permission" and name not in ("500", "503", "breaks off", "403", "no JSON", "compressed"):
            continue  # nothing is read in what it answers
        for create in (True, False):
            if step == "folder" and not create:
                continue
            drive.http.reset()
            drive.http.begins[step] = begins
            if fault is None:
                drive.http.lost = {step}
            else:
                drive.http.faults[step] = fault
            body = {"resourceId": resource["id"], "folderId": top.id, "createFolder": create, "sharePublic": True}
            answer = await asked(client, member, "POST", DRIVE_SHARE, json=body)
            assert code(answer) == (403 if name == "403" else 502, "GOOGLE_DRIVE_API_ERROR"), name
            assert list(drive.entries) == [top.id], name


async def test_what_cannot_be_taken_away_is_named(
    client: httpx.AsyncClient, member: Member, link: Link, drive: DriveServer
) -> None:
    await link(member, "google")
    resource = await new_resource(client, member)
    drive.http.faults = {"upload": lambda: told({}, 500), "delete": lambda: told({}, 500)}
    body = {"resourceId": resource["id"], "createFolder": True}
    answer = await asked(client, member, "POST", DRIVE_SHARE, json=body)
    assert code(answer) == (502, "GOOGLE_DRIVE_API_ERROR")
    assert answer.json()["details"]["status"] == 500
    assert set(drive.entries) < set(answer.json()["details"]["left"])


async def settled(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to it")


class Clock:
    """The time of requests, which is over when a test says so."""

    def __init__(self) -> None:
        self._last = asyncio.timeout(None)

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """In the place of `asyncio.timeout`."""
        self._last = asyncio.timeout(seconds)
        return self._last

    def is_over(self) -> None:
        """The time of the request that began last."""
        self._last.reschedule(0)


async def test_a_request_that_is_given_up_on_takes_back_what_it_did(
    client: httpx.AsyncClient,
    member: Member,
    link: Link,
    github: GitHubServer,
    drive: DriveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(limits, "asyncio", clock)
    await link(member, "github", login="lea")
    await link(member, "google")
    repository = github.add("lea", "notes")
    before = dict(repository.heads)
    resource = await new_resource(client, member)
    github.http.late["move"], drive.http.late["upload"] = threading.Event(), threading.Event()
    sharing = asyncio.create_task(to_github(client, member, resource))
    await settled(lambda: repository.heads != before)
    clock.is_over()
    assert code(await sharing) == (503, "REQUEST_TIMEOUT")
    github.http.late["move"].set()
    await settled(lambda: repository.heads == before)
    storing = asyncio.create_task(asked(client, member, "POST", DRIVE_SHARE, json={"resourceId": resource["id"]}))
    await settled(lambda: bool(drive.entries))
    clock.is_over()
    assert code(await storing) == (503, "REQUEST_TIMEOUT")
    await settled(lambda: not drive.entries)
    drive.http.late["upload"].set()


async def test_a_file_that_is_too_large_is_not_handed_over(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, drive: DriveServer, handing: Settings
) -> None:
    await link(member, "github", login="lea")
    await link(member, "google")
    stored = await new_resource(client, member, fileUrl="data:text/plain,12345")
    assert "/api/files/" in stored["fileUrl"]
    written = await with_file_in_its_row(client, member, "data:text/plain,12345")
    longer = await with_file_in_its_row(client, member, "data:text/plain," + "%31" * 100)
    async with started(create_app(with_group(handing, "handover", file_limit_bytes=4))) as app:
        async with client_of(app) as narrow:
            for each in (stored, written, longer):
                body = {"resourceId": each["id"]}
                answers = (
                    await to_github(narrow, member, each),
                    await asked(narrow, member, "POST", DRIVE_SHARE, json=body),
                )
                assert [code(answer) for answer in answers] == [(413, "RESOURCE_FILE_TOO_LARGE")] * 2
    assert not github.http.steps
    assert not drive.http.steps


async def test_names_that_lead_elsewhere_are_not_followed(
    client: httpx.AsyncClient, member: Member, link: Link, github: GitHubServer, drive: DriveServer
) -> None:
    await link(member, "github", login="lea")
    await link(member, "google")
    shown = github._shown(github.add("lea", "notes"))
    resource = await new_resource(client, member)
    for name in ("..", ""):
        github.http.faults["repository"] = lambda name=name: told({**shown, "name": name})
        assert code(await to_github(client, member, resource)) == (502, "GITHUB_API_ERROR")
        drive.http.faults["ids"] = lambda name=name: told({"ids": [name, name]})
        body = {"resourceId": resource["id"], "sharePublic": True}
        answer = await asked(client, member, "POST", DRIVE_SHARE, json=body)
        assert code(answer) == (502, "GOOGLE_DRIVE_API_ERROR")
    assert not github.http.steps["blob"]
    assert not drive.entries
