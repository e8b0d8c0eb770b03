"""Headers that browsers act on."""

import httpx
import pytest
from app.main import create_app
from app.settings import Settings

from tests.conftest import client_of, started

OURS, FOREIGN = "http://localhost:5173", "https://elsewhere.example"


@pytest.mark.parametrize("path", ["/live", "/no/such/route", "/api/docs"])
async def test_every_answer_makes_browsers_careful(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


async def test_production_insists_on_https(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"environment": "production"}))
    async with started(app), client_of(app) as client:
        assert "strict-transport-security" in (await client.get("/live")).headers


async def test_a_preflight_from_the_frontend_is_granted(client: httpx.AsyncClient) -> None:
    asked = {
        "Origin": OURS,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,prefer",
    }
    answer = await client.options("/api/health", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "PATCH" in answer.headers["access-control-allow-methods"]


async def test_an_origin_that_is_not_listed_gets_no_permission(client: httpx.AsyncClient) -> None:
    answer = await client.get("/live", headers={"Origin": FOREIGN})
    assert "access-control-allow-origin" not in answer.headers


async def test_errors_can_be_read_by_the_frontend(client: httpx.AsyncClient) -> None:
    answer = await client.get("/no/such/route", headers={"Origin": OURS})
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


async def test_a_preflight_that_is_refused_has_the_one_error_shape(client: httpx.AsyncClient) -> None:
    asked = {"Origin": FOREIGN, "Access-Control-Request-Method": "PATCH"}
    answer = await client.options("/api/health", headers=asked)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["details"]) == ("CORS_REFUSED", "Disallowed CORS origin")
    assert "access-control-allow-origin" not in answer.headers


async def test_all_origins_means_no_credentials(settings: Settings) -> None:
    http = settings.http.model_copy(update={"cors_origins": "*"})
    app = create_app(settings.model_copy(update={"http": http}))
    async with started(app), client_of(app) as client:
        headers = (await client.get("/live", headers={"Origin": FOREIGN})).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


async def test_the_reference_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    api = (await client.get("/api/docs.json")).json()
    assert {"/live", "/ready", "/health", "/api/health"} <= set(api["paths"])


async def test_the_reference_can_be_switched_off(settings: Settings) -> None:
    http = settings.http.model_copy(update={"docs": False})
    app = create_app(settings.model_copy(update={"http": http}))
    async with started(app), client_of(app) as client:
        assert (await client.get("/api/docs")).status_code == 404
        assert (await client.get("/api/docs.json")).status_code == 404
