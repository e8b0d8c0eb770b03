"""Each request leaves one line that tells what happened and nothing that was said."""

import httpx
import pytest


def access_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "request"]


async def test_a_request_leaves_one_line(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "relais"):
        answer = await client.get("/api")
    [line] = access_lines(caplog)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api", 200)
    assert line["bytes"] == len(answer.content)
    assert line["caller"] == "anonymous"


async def test_what_a_request_was_for_is_told_of_each_kind(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "relais"):
        await client.post("/rest/v1/batch", json=[])
        await client.post("/rest/v1/resources/query", content="select=id", headers={"Content-Type": "text/plain"})
        await client.get("/rest/v1/resources?limit=1")
    routes = [line["route"] for line in access_lines(caplog)]
    assert routes == ["/rest/v1/batch", "/rest/v1/{table}/query", "/rest/v1/{table}"]


async def test_the_line_holds_no_value_of_the_request(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "relais"):
        await client.post(
            "/api/s3cr3t-path?q=s3cr3t-query", content=b"s3cr3t-body", headers={"Authorization": "Bearer s3cr3t-token"}
        )
    assert "s3cr3t" not in str([record.__dict__ for record in caplog.records if record.name == "relais"])


async def test_probes_are_only_told_of_when_they_fail(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "relais"):
        await client.get("/live")
        await client.get("/api/health")
        await client.get("/metrics")
        await client.get("/api/monitoring/health")
        await client.post("/live")
    assert [line["status"] for line in access_lines(caplog)] == [405]


async def test_a_given_request_id_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/live", headers={"X-Request-Id": "web-01:42.a_b"})
    assert answer.headers["x-request-id"] == "web-01:42.a_b"


@pytest.mark.parametrize("hostile", ["a b", 'x"}\n', "é", "x" * 65, ""])
async def test_a_hostile_request_id_is_replaced(client: httpx.AsyncClient, hostile: str) -> None:
    answer = await client.get("/live", headers={b"X-Request-Id": hostile.encode()})
    assert len(answer.headers["x-request-id"]) == 32


async def test_timings_are_sent(client: httpx.AsyncClient) -> None:
    answer = await client.get("/live")
    assert answer.headers["server-timing"].startswith("total;dur=")
