"""What monitoring is told: by probes, by Prometheus' text, by pages of administrators."""

import re
import time
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
from app.adapters.postgres import NOBODY
from app.main import create_app
from app.monitoring import shared
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import bearer, signed_up, with_group
from tests.conftest import client_of, started
from tests.library.conftest import People
from tests.own_redis import own_redis

SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]+="[^"\n]*"(,[a-zA-Z_]+="[^"\n]*")*\})? -?[0-9.e+-]+\Z')
STATEMENTS = {"select", "insert", "update", "delete", "merge", "with", "values"}
ELSEWHERE = "203.0.113.7"


def from_elsewhere(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(ELSEWHERE, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://relais.test")


async def samples(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert not [line for line in lines if not SAMPLE.match(line)]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def of(found: dict[str, float], name: str, **labels: str) -> float:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(value for key, value in found.items() if key.split("{")[0] == name and all(w in key for w in wanted))


async def test_all_is_well(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/monitoring/health")
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "healthy"
    assert [(check["service"], check["status"]) for check in told["checks"]] == [
        ("database", "healthy"),
        ("redis", "healthy"),
    ]
    assert all(isinstance(check["latency"], int) and check["timestamp"].endswith("Z") for check in told["checks"])


async def test_a_slow_redis_is_degraded_and_one_that_is_gone_unhealthy(settings: Settings) -> None:
    with own_redis() as redis:
        async with started(create_app(settings.model_copy(update={"redis": redis.settings}))) as app:
            async with client_of(app) as client:
                assert (await client.get("/api/monitoring/health")).status_code == 200
                redis.say("CLIENT PAUSE 250 ALL")
                slow = await client.get("/api/monitoring/health")
                redis.kill()
                gone = await client.get("/api/monitoring/health")
                figures = await samples(client)
    assert (slow.status_code, slow.json()["status"]) == (207, "degraded")
    assert slow.json()["checks"][1]["latency"] > 100
    assert (gone.status_code, gone.json()["status"]) == (503, "unhealthy")
    assert gone.json()["checks"][0]["status"] == "healthy"
    assert of(figures, "relais_up", server="redis") == 0
    assert of(figures, "relais_up", server="postgres") == 1


async def test_a_database_that_is_gone_is_unhealthy_and_nothing_is_told_of_why(settings: Settings) -> None:
    gone = settings.database.model_copy(update={"url": SecretStr("postgresql://nobody:nothing@127.0.0.1:9/none")})
    async with started(create_app(settings.model_copy(update={"database": gone}))) as app, client_of(app) as client:
        answer = await client.get("/api/monitoring/health")
        figures = await samples(client)
    assert answer.status_code == 503
    assert "nothing" not in answer.text
    assert "latency" not in answer.json()["checks"][0]
    assert of(figures, "relais_up", server="postgres") == 0


async def test_requests_are_counted_by_template_method_and_status(client: httpx.AsyncClient) -> None:
    before = await samples(client)
    for path in ("/live", "/live", "/nothing", "/rest/v1/resources?limit=1", "/rest/v1/no_such_table"):
        await client.get(path)
    after = await samples(client)

    def grown(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    total = "relais_http_requests_total"
    assert grown(total, route="/live", method="GET", status="2xx") == 2
    assert grown(total, route="-", status="4xx") == 1
    assert grown(total, route="/rest/v1/{table}", status="2xx") == 1
    assert grown(total, route="/rest/v1/{table}", status="4xx") == 1
    seconds = "relais_http_request_duration_seconds"
    assert grown(f"{seconds}_count", route="/rest/v1/{table}") == 2
    assert grown(f"{seconds}_bucket", route="/rest/v1/{table}", le="+Inf") == 2
    assert grown(f"{seconds}_sum", route="/rest/v1/{table}") > 0
    assert "nothing" not in " ".join(after), "paths must not become labels"


async def test_buckets_grow_and_end_with_all(client: httpx.AsyncClient) -> None:
    await client.get("/live")
    found = await samples(client)
    buckets = [value for key, value in found.items() if "_bucket{" in key and 'route="/live"' in key]
    assert buckets == sorted(buckets)
    assert buckets[-1] == of(found, "relais_http_request_duration_seconds_count", route="/live")


async def test_a_strange_method_is_one_of_the_others(client: httpx.AsyncClient) -> None:
    await client.request("BREW", "/live")
    assert of(await samples(client), "relais_http_requests_total", method="other") >= 1
    assert "BREW" not in " ".join(await samples(client))


async def test_servers_pools_mail_and_the_cache_are_measured(client: httpx.AsyncClient) -> None:
    await client.get("/rest/v1/resources?limit=1")
    found = await samples(client)
    for name in (
        "relais_postgres_connections",
        "relais_postgres_database_bytes",
        "relais_redis_memory_bytes",
        "relais_redis_connections",
        "relais_pool_open",
        "process_uptime_seconds",
    ):
        assert of(found, name) > 0, name
    names = {key.split("{")[0] for key in found}
    assert names >= {"relais_queue_jobs", "relais_cache_events_total", "relais_pool_waiting"}
    assert of(found, "relais_http_requests_in_flight") == 1


async def test_both_addresses_tell_the_same(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/monitoring/prometheus")
    assert (answer.status_code, "relais_info{" in answer.text) == (200, True)


async def test_figures_are_for_this_machine_or_for_who_has_the_token(settings: Settings) -> None:
    with_token = with_group(settings, "http", metrics_token=SecretStr("un-jeton-pour-les-mesures"))
    for used, token, status in (
        (settings, "", 403),
        (settings, "None", 403),
        (with_token, "", 403),
        (with_token, "un-autre", 403),
        (with_token, "é", 403),
        (with_token, "un-jeton-pour-les-mesures", 200),
    ):
        async with started(create_app(used)) as app, from_elsewhere(app) as client:
            headers = {b"authorization": f"Bearer {token}".encode()} if token else {}
            for path in ("/metrics", "/api/monitoring/prometheus"):
                answer = await client.get(path, headers=headers)
                assert answer.status_code == status, token
                assert ("relais_info" in answer.text) is (status == 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_what_came_through_a_proxy_is_not_from_here(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/metrics", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "METRICS_CLOSED")


async def test_each_process_tells_of_all(settings: Settings) -> None:
    async with started(create_app(settings)) as first, started(create_app(settings)) as second:
        second.state.relais.told.process = "another:1"
        async with client_of(first) as client, client_of(second) as other:
            for _ in range(3):
                await other.get("/live")
            await second.state.relais.told.tell()
            found = await samples(client)
            assert of(found, "relais_http_requests_total", process="another:1", route="/live") == 3
            assert of(found, "relais_http_requests_total", route="/live") == 3
    async with started(create_app(settings)) as third, client_of(third) as client:
        assert of(await samples(client), "relais_http_requests_total", process="another:1") == 0


async def test_what_a_killed_process_told_is_removed(
    settings: Settings, client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = app.state.relais.redis
    key = redis.key(*shared.KEY)
    killed = replace(app.state.relais.told, process="killed:1")
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: 1.0)
        await killed.tell()
    await samples(client)
    assert await redis.client.hget(key, "killed:1") is None
    await killed.tell()
    await samples(client)
    assert await redis.client.hget(key, "killed:1") is not None
    await redis.client.hdel(key, "killed:1")


@pytest.mark.parametrize("path", ["/api/monitoring/metrics", "/api/monitoring/stats"])
async def test_figures_of_the_installation_are_for_its_administrators(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    for who in (people.other, people.moderator):
        assert (await client.get(path, headers=who.headers)).status_code == 403
    assert (await client.get(path, headers=people.admin.headers)).status_code == 200


async def test_administrators_of_another_tenant_see_nothing_of_the_installation(
    settings: Settings, cheap: Settings
) -> None:
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app, client_of(app) as client:
        member = await signed_up(client)
        body = {"name": "Ailleurs", "slug": "ailleurs-7"}
        made = await client.post("/api/tenants", json=body, headers=member.headers)
        assert made.status_code == 201, made.text
        wanted = {"tenantId": made.json()["tenant"]["id"]}
        moved = await client.post("/api/tenants/switch", json=wanted, headers=member.headers)
        token = moved.json()["access_token"]
        assert (await client.get("/api/admin/stats", headers=bearer(token))).status_code == 200
        for path in ("/api/monitoring/metrics", "/api/monitoring/stats"):
            refused = await client.get(path, headers=bearer(token))
            assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_ROLE"), path


async def test_metrics_have_their_keys_twice(client: httpx.AsyncClient, people: People) -> None:
    told: dict[str, Any] = (await client.get("/api/monitoring/metrics", headers=people.admin.headers)).json()
    assert told["database"]["status"] == "healthy"
    assert isinstance(told["database"]["connections"], int)
    assert isinstance(told["database"]["queryTime"], int)
    assert told["redis"]["memoryUsage"] > 0
    assert told["redis"]["connections"] > 0
    for place in (told, told["system"]):
        assert 0 < place["memory"]["percentage"] < 100
        assert place["memory"]["used"] < place["memory"]["total"]
        assert place["cpu"]["usage"] >= 0
        assert place["uptime"] > 0
    assert told["processes"][0]["requests"] > 0
    assert told["processes"][0]["pools"].keys() == {"read", "write"}
    assert told["timestamp"].endswith("Z")


async def test_counts_are_within_and_beside(client: httpx.AsyncClient, people: People) -> None:
    told = (await client.get("/api/monitoring/stats", headers=people.admin.headers)).json()
    assert told["users"] == told["database"]["users"] >= 5
    assert told["resources"] == told["database"]["resources"]["total"]
    assert isinstance(told["redis"]["total_commands_processed"], str)


async def test_slow_statements_are_remembered_without_their_values(
    cheap: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    quick = with_group(cheap, "log", slow_query_ms=0.0)
    async with started(create_app(quick)) as app, client_of(app) as client:
        with caplog.at_level("WARNING", "relais"):
            await client.get("/rest/v1/resources?title=eq.s3cr3t&limit=1")
        slow = app.state.relais.slow.slowest()
    assert [item for item in slow if '"library"."resources"' in item["query"]]
    assert slow[0]["calls"] >= 1
    assert slow[0]["maxMs"] >= slow[0]["meanMs"]
    assert "s3cr3t" not in str(slow)
    lines = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "slow_statement"]
    assert lines
    assert "s3cr3t" not in str(lines)


async def test_the_memory_of_slow_statements_is_bounded(cheap: Settings) -> None:
    quick = with_group(cheap, "log", slow_query_ms=0.0)
    async with started(create_app(quick)) as app:
        database = app.state.relais.database
        for number in range(150):
            await database.fetch(NOBODY, f"select {number}")
        slow = app.state.relais.slow.slowest()
    assert len(slow) == 100
    assert "select 149" in {item["query"] for item in slow}
    assert "select 1" not in {item["query"] for item in slow}


async def test_postgresql_itself_is_asked_where_it_counts_statements(
    client: httpx.AsyncClient, people: People, settings: Settings
) -> None:
    assert settings.database.admin_url is not None
    connection = await asyncpg.connect(settings.database.admin_url.get_secret_value())
    try:
        await connection.execute("create extension pg_stat_statements schema public")
        told = (await client.get("/api/monitoring/metrics", headers=people.admin.headers)).json()
        assert told["slowQueries"]["source"] == "process", "our login may not ask it yet"
        await connection.execute("grant execute on function public.pg_stat_statements(boolean) to public")
        told = (await client.get("/api/monitoring/metrics", headers=people.admin.headers)).json()
        assert told["slowQueries"]["source"] == "pg_stat_statements"
        assert all(item["query"].split()[0].lower() in STATEMENTS for item in told["slowQueries"]["statements"])
        await connection.execute("drop extension pg_stat_statements")
    finally:
        await connection.close()
    told = (await client.get("/api/monitoring/metrics", headers=people.admin.headers)).json()
    assert told["slowQueries"]["source"] == "process"
