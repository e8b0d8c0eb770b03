"""Votes: counted right whoever votes when, told to Redis, and deciding exactly once."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from app.adapters.postgres import SERVICE, Database
from app.adapters.redis import RedisUnavailable
from app.jobs.performing import Performer
from app.modules.library.settling import auto_approval, reconcile_votes
from app.modules.library.vote_counts import Standing, VoteCounts
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up, with_group
from tests.conftest import Urls, run_sql
from tests.library.conftest import People
from tests.library.test_suggestions import proposed, told, voted
from tests.own_redis import OwnRedis, own_redis

THRESHOLD = "auto_approval_vote_threshold_category"


@pytest.fixture(scope="module")
def redis_server() -> Generator[OwnRedis]:
    """A Redis of this file's own: it is emptied."""
    with own_redis() as server:
        yield server


@pytest.fixture(scope="module")
def cheap(cheap: Settings, redis_server: OwnRedis) -> Settings:
    """The same settings with that Redis. Votes wait for each other, on a busy machine for long."""
    patient = with_group(cheap, "database", acquire_timeout_seconds=60.0, statement_timeout_seconds=60.0)
    patient = with_group(patient, "http", timeout_seconds=120.0)
    redis = redis_server.settings.model_copy(update={"timeout_seconds": 10.0})
    return patient.model_copy(update={"redis": redis})


async def until(found: Callable[[], Awaitable[Any]]) -> Any:
    """What is found in the end."""
    for _ in range(400):
        value = await found()
        if value:
            return value
        await asyncio.sleep(0.02)
    raise AssertionError("It never came to be")


async def fetched(urls: Urls, query: str, *args: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(urls.admin)
    try:
        return await connection.fetch(query, *args)
    finally:
        await connection.close()


async def state_of(urls: Urls, suggestion: str) -> tuple[int, str]:
    query = "select votes_count, status::text from library.category_tag_suggestions where id = $1"
    return tuple((await fetched(urls, query, suggestion))[0])


async def set_config(client: httpx.AsyncClient, admin: Member, key: str, value: Any) -> None:
    answer = await client.put(f"/api/admin/config/{key}", json={"value": value}, headers=admin.headers)
    assert answer.status_code == 200, answer.text


async def totals(client: httpx.AsyncClient, suggestion: str, who: Member | None = None) -> dict[str, Any]:
    answer = await client.get(f"/api/suggestions/{suggestion}/votes", headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def counts(app: FastAPI) -> VoteCounts:
    """The counts of this process, once it hears of everything."""
    found: VoteCounts = app.state.vote_counts

    async def trusted() -> bool:
        return found.trusted

    await until(trusted)
    return found


async def kept(app: FastAPI, suggestion: str) -> dict[str, Any] | None:
    """What is counted on, if anything."""
    redis = app.state.relais.redis
    keys = redis.key("suggestion", suggestion, "votes"), redis.key("suggestion", "epoch")
    value, epoch = await redis.run(*(("GET", key) for key in keys))
    found = json.loads(value) if value and not value.startswith(b"?") else None
    return found if found is not None and found["epoch"] == (epoch or b"").decode() else None


async def test_the_same_vote_again_takes_it_back_and_the_other_replaces_it(
    client: httpx.AsyncClient, people: People
) -> None:
    made = await proposed(client, people.owner, "Bascule")
    first = await voted(client, people.other, made["id"])
    assert (first["message"], first["suggestion"]["votesCount"]) == ("Vote enregistré", 1)
    assert first["votes"] == {"totalUpvotes": 1, "totalDownvotes": 0, "userVote": "upvote"}
    assert {key: first[key] for key in first["votes"]} == first["votes"]
    assert first["suggestion"]["_count"] == {"suggestionVotes": 1}
    assert first["suggestion"]["suggested_by"] == people.owner.id
    switched = await voted(client, people.other, made["id"], "downvote")
    assert switched["votes"] == {"totalUpvotes": 0, "totalDownvotes": 1, "userVote": "downvote"}
    assert switched["suggestion"]["votesCount"] == -1
    assert await totals(client, made["id"], people.other) == switched["votes"]
    assert (await totals(client, made["id"]))["userVote"] is None
    back = await voted(client, people.other, made["id"], "downvote")
    assert back["message"] == "Vote supprimé"
    assert back["votes"] == {"totalUpvotes": 0, "totalDownvotes": 0, "userVote": None}


async def test_a_vote_is_taken_back(client: httpx.AsyncClient, people: People) -> None:
    made = await proposed(client, people.owner, "Retour")
    await voted(client, people.other, made["id"])
    path = f"/api/suggestions/{made['id']}/vote"
    assert (await client.delete(path)).status_code == 401
    gone = await client.delete(path, headers=people.other.headers)
    assert gone.status_code == 200, gone.text
    assert gone.json()["message"] == "Vote supprimé"
    assert gone.json()["votes"] == {"totalUpvotes": 0, "totalDownvotes": 0, "userVote": None}
    again = await client.delete(path, headers=people.other.headers)
    assert (again.status_code, again.json()["code"]) == (404, "VOTE_NOT_FOUND")


async def test_a_vote_that_is_taken_back_while_its_suggestion_goes_is_not_there(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Croisement")
    await voted(client, people.other, made["id"])
    connection = await asyncpg.connect(urls.admin)
    try:
        async with connection.transaction():
            which = "from library.category_tag_suggestions where id = $1"
            await connection.execute(f"select {which} for update", made["id"])
            path = f"/api/suggestions/{made['id']}/vote"
            taking = asyncio.create_task(client.delete(path, headers=people.other.headers))
            # It has its vote and waits for the suggestion: it is the first to find out that it waits in a circle.
            waiting = "select exists (select from pg_locks where not granted and pid <> pg_backend_pid())"
            await until(lambda: connection.fetchval(waiting))
            await connection.execute(f"delete {which}", made["id"])
    finally:
        await connection.close()
    gone = await taking
    assert (gone.status_code, gone.json()["code"]) == (404, "VOTE_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"voteType": "x"}, {"voteType": None}, {"voteType": 1}, []])
async def test_a_vote_for_nothing_is_refused(client: httpx.AsyncClient, people: People, body: Any) -> None:
    made = (await client.get("/api/suggestions", params={"limit": 1})).json()["data"]
    path = f"/api/suggestions/{made[0]['id'] if made else people.owner.id}/vote"
    answer = await client.post(path, json=body, headers=people.other.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (await client.post(path, json={"vote_type": "upvote"})).status_code == 401


async def test_two_hundred_voters_at_once_are_counted_and_approve_once(
    client: httpx.AsyncClient, people: People, counts: VoteCounts, urls: Urls, redis_server: OwnRedis
) -> None:
    made = await proposed(client, people.owner, "Tempête", "category")
    voters = [await signed_up(client) for _ in range(200)]

    async def cast(number: int, voter: Member) -> None:
        await voted(client, voter, made["id"], "downvote" if number % 4 == 3 else "upvote")
        if number % 50 == 25:
            assert await asyncio.to_thread(redis_server.say, "FLUSHALL") == "+OK"

    await asyncio.gather(*(cast(number, voter) for number, voter in enumerate(voters)))
    assert await state_of(urls, made["id"]) == (100, "approved")
    assert await totals(client, made["id"]) == {"totalUpvotes": 150, "totalDownvotes": 50, "userVote": None}
    assert await told(client, people.owner) == [("suggestion_approved", "Votre suggestion « Tempête » a été approuvée")]


async def test_toggles_and_switches_at_once_leave_the_count_that_the_rows_have(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Course", "filter")
    voters = [people.owner, people.other, people.moderator]
    casts = [
        voted(client, voter, made["id"], vote) for voter in voters for vote in ("upvote", "downvote", "upvote") * 4
    ]
    await asyncio.gather(*casts)
    rows = await fetched(
        urls, "select vote_type::text from library.suggestion_votes where suggestion_id = $1", made["id"]
    )
    score = sum(1 if row["vote_type"] == "upvote" else -1 for row in rows)
    assert (await state_of(urls, made["id"]))[0] == score
    found = await totals(client, made["id"])
    assert found["totalUpvotes"] - found["totalDownvotes"] == score
    assert found["totalUpvotes"] + found["totalDownvotes"] == len(rows)


async def test_counts_are_kept_in_redis_and_right_again_after_it_was_emptied(
    client: httpx.AsyncClient, app: FastAPI, people: People, counts: VoteCounts
) -> None:
    made = await proposed(client, people.owner, "Mémoire")
    await voted(client, people.other, made["id"])
    await totals(client, made["id"])
    redis = app.state.relais.redis
    known = await kept(app, made["id"])
    assert known is not None
    assert (known["totalUpvotes"], known["totalDownvotes"]) == (1, 0)
    (seconds,) = await redis.run(("TTL", redis.key("suggestion", made["id"], "votes")))
    assert 0 < seconds <= 300
    await redis.run(("FLUSHALL",))
    assert (await totals(client, made["id"]))["totalUpvotes"] == 1
    assert await kept(app, made["id"]) is not None


async def test_what_redis_knows_is_what_is_told(
    client: httpx.AsyncClient, app: FastAPI, people: People, counts: VoteCounts
) -> None:
    made = await proposed(client, people.owner, "Lecture")
    await totals(client, made["id"])
    known = await kept(app, made["id"])
    redis = app.state.relais.redis
    key = redis.key("suggestion", made["id"], "votes")
    await redis.run(("SET", key, json.dumps({**known, "totalUpvotes": 7}), "EX", 60))
    assert (await totals(client, made["id"]))["totalUpvotes"] == 7
    # Another tenant's, under the same id, is not told here.
    await redis.run(("SET", key, json.dumps({**known, "totalUpvotes": 7, "tenantId": made["id"]}), "EX", 60))
    assert (await totals(client, made["id"]))["totalUpvotes"] == 0


async def test_votes_on_other_roads_are_heard_of(
    client: httpx.AsyncClient, people: People, counts: VoteCounts, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Routes")
    assert (await totals(client, made["id"]))["totalUpvotes"] == 0

    async def stands_at(number: int) -> bool:
        return (await totals(client, made["id"]))["totalUpvotes"] == number

    row = {"suggestion_id": made["id"], "vote_type": "upvote"}
    posted = await client.post("/rest/v1/suggestion_votes", json=row, headers=people.other.headers)
    assert posted.status_code == 201, posted.text
    await until(lambda: stands_at(1))
    await run_sql(
        urls.admin,
        "insert into library.suggestion_votes (tenant_id, suggestion_id, user_id) select tenant_id, id, suggested_by"
        f" from library.category_tag_suggestions where id = '{made['id']}'",
    )
    await until(lambda: stands_at(2))
    await run_sql(urls.admin, f"delete from library.suggestion_votes where suggestion_id = '{made['id']}'")
    await until(lambda: stands_at(0))
    await run_sql(urls.admin, f"delete from library.category_tag_suggestions where id = '{made['id']}'")

    async def is_gone() -> bool:
        return (await client.get(f"/api/suggestions/{made['id']}/votes")).status_code == 404

    await until(is_gone)


async def test_whoever_read_before_a_vote_writes_nothing_over_it(
    client: httpx.AsyncClient, app: FastAPI, people: People, counts: VoteCounts
) -> None:
    made = await proposed(client, people.owner, "Retard")
    suggestion = made["id"]
    tenant = (await fetched_tenant(app, suggestion)) or ""
    old = Standing("pending", 0, 0, 0, "2000-01-01T00:00:00.000Z", "1:1:")

    async def reads_before() -> Standing:
        await voted(client, people.other, suggestion)
        return old

    await counts.renew(tenant, suggestion, reads_before)
    assert (await totals(client, suggestion))["totalUpvotes"] == 1


async def test_whoever_read_before_a_vote_on_another_road_keeps_nothing(
    client: httpx.AsyncClient, app: FastAPI, people: People, counts: VoteCounts
) -> None:
    made = await proposed(client, people.owner, "Détour")
    suggestion = made["id"]
    tenant = (await fetched_tenant(app, suggestion)) or ""
    old = Standing("pending", 0, 0, 0, "2000-01-01T00:00:00.000Z", "1:1:")

    async def reads_before() -> Standing:
        row = {"suggestion_id": suggestion}
        answer = await client.post("/rest/v1/suggestion_votes", json=row, headers=people.other.headers)
        assert answer.status_code == 201
        return old

    await counts.renew(tenant, suggestion, reads_before)

    async def is_right() -> bool:
        return (await totals(client, suggestion))["totalUpvotes"] == 1

    await until(is_right)


async def fetched_tenant(app: FastAPI, suggestion: str) -> str | None:
    database: Database = app.state.relais.database
    async with database.connection(SERVICE, "read") as connection:
        query = "select tenant_id::text from library.category_tag_suggestions where id = $1::text::uuid"
        return await connection.fetchval(query, suggestion)


@pytest.mark.parametrize(
    ("snapshot", "knows"),
    [
        ("10:20:12,15", {9: True, 10: True, 12: False, 15: False, 16: True, 20: False, 21: False}),
        ("7:7:", {6: True, 7: False}),
    ],
)
def test_a_snapshot_tells_which_transactions_it_knows_of(snapshot: str, knows: dict[int, bool]) -> None:
    standing = Standing("pending", 0, 0, 0, "", snapshot)
    assert {number: standing.knows(number) for number in knows} == knows


async def test_votes_are_published_without_saying_whose_they_are(
    client: httpx.AsyncClient, app: FastAPI, people: People
) -> None:
    made = await proposed(client, people.owner, "Nouvelles")
    redis = app.state.relais.redis
    listening = redis.client.pubsub()
    await listening.subscribe(redis.key("suggestions", "votes"))

    async def message() -> dict[str, Any] | None:
        heard = await listening.get_message(ignore_subscribe_messages=True, timeout=0.05)
        return json.loads(heard["data"]) if heard else None

    try:
        await voted(client, people.other, made["id"])
        first = await until(message)
        assert (first["suggestionId"], first["voteType"], first["userVote"]) == (made["id"], "upvote", "upvote")
        assert (first["totalUpvotes"], first["totalDownvotes"], first["votesCount"]) == (1, 0, 1)
        assert first["status"] == "pending"
        assert first["timestamp"].endswith("Z")
        assert people.other.id not in json.dumps(first)
        await client.delete(f"/api/suggestions/{made['id']}/vote", headers=people.other.headers)
        second = await until(message)
        assert (second["voteType"], second["userVote"], second["totalUpvotes"]) == ("upvote", None, 0)
    finally:
        await listening.aclose()


async def test_a_threshold_that_was_changed_decides_what_is_pending_once(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls, redis_server: OwnRedis
) -> None:
    made = await proposed(client, people.owner, "Seuil", "category")
    for voter in (people.other, people.moderator):
        await voted(client, voter, made["id"])
    assert await state_of(urls, made["id"]) == (2, "pending")
    redis_server.kill()
    try:
        await set_config(client, people.admin, THRESHOLD, 2)
    finally:
        redis_server.start()
    state = app.state.relais
    performer = Performer(
        state.database, state.settings.jobs, {"auto_approval": auto_approval}, {"database": state.database}
    )
    assert await performer.perform()
    assert not await performer.perform()
    assert await state_of(urls, made["id"]) == (2, "approved")
    tenant = (await fetched_tenant(app, made["id"])) or ""
    assert await auto_approval({"database": state.database}, tenant) == {"mended": 0, "decided": 0}
    assert [kind for kind, _ in await told(client, people.owner)] == ["suggestion_approved"]
    await set_config(client, people.admin, THRESHOLD, 5)


async def test_a_verdict_of_many_workers_is_one(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Ouvriers", "category")
    for voter in (people.other, people.moderator):
        await voted(client, voter, made["id"], "downvote")
    # As if nobody had been there to hear of it.
    await run_sql(
        urls.admin,
        "update library.admin_config set value = '1' where key = 'auto_rejection_downvote_threshold_category'",
    )
    tenant = (await fetched_tenant(app, made["id"])) or ""
    context = {"database": app.state.relais.database}
    done = await asyncio.gather(*(auto_approval(context, tenant) for _ in range(5)), reconcile_votes(context))
    assert sum(item["decided"] for item in done) == 1
    assert await state_of(urls, made["id"]) == (-2, "rejected")
    assert [kind for kind, _ in await told(client, people.owner)] == ["suggestion_rejected"]
    await run_sql(
        urls.admin,
        "update library.admin_config set value = '3' where key = 'auto_rejection_downvote_threshold_category'",
    )


async def test_what_is_muted_is_not_told_when_the_worker_decides_either(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls
) -> None:
    muted = {"muted": ["suggestion_rejected", "suggestion_vote"]}
    await client.put("/api/notifications/preferences", json=muted, headers=people.owner.headers)
    made = await proposed(client, people.owner, "Muet", "filter")
    for voter in (people.other, people.moderator):
        await voted(client, voter, made["id"], "downvote")
    threshold = "update library.admin_config set value = '{}' where key = 'auto_rejection_downvote_threshold_filter'"
    await run_sql(urls.admin, threshold.format(1))
    tenant = (await fetched_tenant(app, made["id"])) or ""
    assert (await auto_approval({"database": app.state.relais.database}, tenant))["decided"] == 1
    await run_sql(urls.admin, threshold.format(3))
    assert await state_of(urls, made["id"]) == (-2, "rejected")
    assert await told(client, people.owner) == []


async def test_votes_count_without_redis_and_afterwards(
    client: httpx.AsyncClient, app: FastAPI, people: People, counts: VoteCounts, redis_server: OwnRedis
) -> None:
    made = await proposed(client, people.owner, "Sans Redis")
    assert (await totals(client, made["id"]))["totalUpvotes"] == 0
    assert await kept(app, made["id"]) is not None
    redis_server.kill()
    try:
        cast = await voted(client, people.other, made["id"])
        assert cast["votes"]["totalUpvotes"] == 1
        assert (await totals(client, made["id"]))["totalUpvotes"] == 1

        async def is_in_doubt() -> bool:
            return not counts.trusted

        await until(is_in_doubt)
    finally:
        # What it knew before, it knows again: the count of then is not told.
        redis_server.start()

    async def is_trusted() -> bool:
        assert (await totals(client, made["id"]))["totalUpvotes"] == 1
        return counts.trusted

    await until(is_trusted)
    assert (await totals(client, made["id"]))["totalUpvotes"] == 1


#: It answers what it knows, and takes nothing.
REFUSES = "min-replicas-to-write"


@pytest.mark.parametrize("options", [(), (f"--{REFUSES}", "1")], ids=["as before", "and takes nothing"])
async def test_a_redis_that_comes_back_with_what_it_knew_before_is_not_believed(
    client: httpx.AsyncClient,
    app: FastAPI,
    people: People,
    counts: VoteCounts,
    redis_server: OwnRedis,
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    made = await proposed(client, people.owner, f"Revenant {len(options)}")
    await voted(client, people.other, made["id"])
    redis_server.keep(tmp_path)
    await voted(client, people.moderator, made["id"])
    assert (await totals(client, made["id"]))["totalUpvotes"] == 2
    redis_server.fall_back(tmp_path, *options)
    redis, asked = app.state.relais.redis, 0

    async def is_back() -> bool:
        try:
            await redis.run(("PING",))
        except RedisUnavailable:
            return False
        return True

    while not await is_back():
        assert (await totals(client, made["id"]))["totalUpvotes"] == 2
        asked += 1
        assert asked < 1000
        await asyncio.sleep(0.02)
    assert (await totals(client, made["id"]))["totalUpvotes"] == 2
    assert counts.trusted is not bool(options)
    assert redis_server.say(f"CONFIG SET {REFUSES} 0") == "+OK"

    async def is_kept() -> dict[str, Any] | None:
        assert (await totals(client, made["id"]))["totalUpvotes"] == 2
        return await kept(app, made["id"]) if counts.trusted else None

    assert (await until(is_kept))["totalUpvotes"] == 2


@pytest.mark.parametrize("in_time", [True, False], ids=["at once", "before the news of the vote has come"])
async def test_counts_of_a_redis_that_refuses_to_forget_are_not_believed(
    client: httpx.AsyncClient,
    people: People,
    counts: VoteCounts,
    redis_server: OwnRedis,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_time: bool,
) -> None:
    made = await proposed(client, people.owner, "Plein" if in_time else "Plein trop tôt")
    assert (await totals(client, made["id"]))["totalUpvotes"] == 0
    assert redis_server.say(f"CONFIG SET {REFUSES} 1") == "+OK"
    come, drop = asyncio.Event(), counts.drop

    async def late(changed: Mapping[str, Iterable[int]]) -> None:
        await come.wait()
        await drop(changed)

    if not in_time:
        monkeypatch.setattr(counts, "drop", late)
    try:
        await voted(client, people.other, made["id"])
        for _ in range(5):
            assert (await totals(client, made["id"]))["totalUpvotes"] == 1
            assert not counts.trusted
            await asyncio.sleep(0.05)
    finally:
        come.set()
        assert redis_server.say(f"CONFIG SET {REFUSES} 0") == "+OK"

    async def is_trusted() -> bool:
        return counts.trusted

    await until(is_trusted)
    assert (await totals(client, made["id"]))["totalUpvotes"] == 1


async def test_downvotes_that_no_longer_count_are_counted_anew(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Négatifs", "filter")
    await voted(client, people.other, made["id"], "downvote")
    await voted(client, people.moderator, made["id"])
    assert (await state_of(urls, made["id"]))[0] == 0
    tenant = (await fetched_tenant(app, made["id"])) or ""
    context = {"database": app.state.relais.database}
    await set_config(client, people.admin, "consider_downvotes", value=False)
    await auto_approval(context, tenant)
    assert (await state_of(urls, made["id"]))[0] == 1
    await set_config(client, people.admin, "consider_downvotes", value=True)
    await auto_approval(context, tenant)
    assert (await state_of(urls, made["id"]))[0] == 0


async def test_reconciliation_mends_counts_and_leaves_seeded_ones(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Faussé")
    await voted(client, people.other, made["id"])
    items = [{"name": "Semé", "type": "tag", "votesCount": 8}]
    seeded = await client.post("/api/admin/seed-suggestions", json={"suggestions": items}, headers=people.admin.headers)
    await run_sql(urls.admin, f"update library.category_tag_suggestions set votes_count = 41 where id = '{made['id']}'")
    context = {"database": app.state.relais.database}
    assert (await reconcile_votes(context))["mended"] == 1
    assert (await reconcile_votes(context)) == {"mended": 0, "decided": 0}
    assert (await state_of(urls, made["id"]))[0] == 1
    assert (await state_of(urls, seeded.json()["suggestions"][0]["id"]))[0] == 8
