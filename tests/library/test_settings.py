"""`/api/admin/config` and `/api/admin_config`: who changes settings, to what, and what is remembered of it."""

from typing import Any

import httpx
import pytest

from tests.library.conftest import People

THRESHOLD = "auto_approval_vote_threshold_tag"
SWITCH = "auto_approval_enabled"


async def put(client: httpx.AsyncClient, who: dict[str, str], key: str, body: Any) -> httpx.Response:
    return await client.put(f"/api/admin/config/{key}", json=body, headers=who)


async def test_administrators_see_settings_by_their_keys(client: httpx.AsyncClient, people: People) -> None:
    known = (await client.get("/api/admin/config", headers=people.admin.headers)).json()
    assert known["consider_downvotes"]["value"] is True
    assert known["auto_rejection_downvote_threshold_tag"]["value"] == 3
    assert known[THRESHOLD].keys() == {"value", "description", "updatedAt"}
    assert (await client.get("/api/admin/config", headers=people.moderator.headers)).status_code == 403
    assert (await client.get("/api/admin/config")).status_code == 401


async def test_one_setting_is_changed_or_made(client: httpx.AsyncClient, people: People) -> None:
    who = people.admin.headers
    changed = await put(client, who, THRESHOLD, {"value": 7})
    assert (changed.status_code, changed.json()["value"]) == (200, 7)
    assert changed.json()["description"] == "Score qui approuve un tag"
    described = await put(client, who, THRESHOLD, {"value": "8", "description": "Autre"})
    assert (described.json()["value"], described.json()["description"]) == (8, "Autre")
    for value in ("texte", "", 1.5, True, ["a", {"b": None}], {"c": 1}):
        made = await put(client, who, "a_free_one", {"value": value})
        assert (made.status_code, made.json()["value"]) == (200, value), made.text
    assert made.json().keys() == {"id", "key", "value", "description", "createdAt", "updatedAt"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((THRESHOLD, value) for value in (0, -1, 1.5, "x", "", True, [1], 10**10, "1e3")),
        ("auto_rejection_downvote_threshold_filter", 0),
        *((SWITCH, value) for value in ("yes", 1, "", None)),
        ("consider_downvotes", "TRUE"),
        ("a_free_one", None),
        ("a_free_one", "x" * 10_001),
        ("a_free_one", "a\0b"),
        ("a_free_one", {"a\0b": 1}),
        ("a_free_one", 10**30),
        ("k" * 256, 1),
        ("%00", 1),
        ("%20", 1),
    ],
)
async def test_a_value_that_no_rule_understands_is_refused(
    client: httpx.AsyncClient, people: People, key: str, value: Any
) -> None:
    before = (await client.get("/api/admin/config", headers=people.admin.headers)).json()
    answer = await put(client, people.admin.headers, key, {"value": value})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text
    assert answer.json()["details"]
    assert (await client.get("/api/admin/config", headers=people.admin.headers)).json() == before


async def test_several_settings_are_changed_all_or_none(client: httpx.AsyncClient, people: People) -> None:
    who = people.admin.headers
    answer = await client.put("/api/admin/config", json={THRESHOLD: 4, "consider_downvotes": True}, headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.json()[THRESHOLD]["value"] == 4
    refused = await client.put("/api/admin/config", json={THRESHOLD: 9, SWITCH: "x"}, headers=who)
    assert refused.status_code == 400
    assert (await client.get("/api/admin/config", headers=who)).json()[THRESHOLD]["value"] == 4
    assert (await client.put("/api/admin/config", json={}, headers=who)).json() == {}
    for wrong in ([], "x", {"": 1}, {"k": None}):
        assert (await client.put("/api/admin/config", json=wrong, headers=who)).status_code == 400
    for other in (people.moderator, people.other):
        assert (await client.put("/api/admin/config", json={"k": 1}, headers=other.headers)).status_code == 403
        assert (await put(client, other.headers, "k", {"value": 1})).status_code == 403


async def test_whoever_changed_what_is_known_to_super_administrators(client: httpx.AsyncClient, people: People) -> None:
    key = "auto_approval_vote_threshold_filter"
    for value in (6, 6, 9):
        assert (await put(client, people.admin.headers, key, {"value": value})).status_code == 200
    rest = await client.patch(
        f"/rest/v1/admin_config?key=eq.{key}", json={"value": "2"}, headers=people.super_admin.headers
    )
    assert rest.status_code == 204
    path, params = "/api/admin/config/audit", {"key": key}
    found = (await client.get(path, params=params, headers=people.super_admin.headers)).json()
    changes = [(row["oldValue"], row["newValue"], row["actorUserId"]) for row in found["data"]]
    admin, boss = people.admin.id, people.super_admin.id
    assert changes == [("9", "2", boss), ("6", "9", admin), ("5", "6", admin)]
    assert found["data"][0]["actor"]["userId"] == boss
    assert found["meta"]["total"] == 3
    assert (await client.get(path, headers=people.admin.headers)).status_code == 403
    assert (await client.get(path)).status_code == 401
    # The gateway shows it to nobody else, either.
    rows = await client.get("/rest/v1/admin_config_audit_logs", headers=people.admin.headers)
    assert rows.json() == []


async def test_the_table_has_texts_for_everybody_who_has_signed_in(client: httpx.AsyncClient, people: People) -> None:
    rows = (await client.get("/api/admin_config?", headers=people.other.headers)).json()
    values = {row["key"]: row["value"] for row in rows}
    assert values["consider_downvotes"] == "true"
    assert all(isinstance(value, str) for value in values.values())
    assert rows[0].keys() == {"id", "key", "value", "description", "created_at", "updated_at"}
    assert rows[0]["created_at"].endswith("Z")
    one = await client.get("/api/admin_config", params={"key": SWITCH}, headers=people.other.headers)
    assert [row["key"] for row in one.json()] == [SWITCH]
    assert (await client.get("/api/admin_config")).status_code == 401


async def test_their_panel_puts_rows_by_their_keys(client: httpx.AsyncClient, people: People) -> None:
    who = people.admin.headers
    row = {"id": "config-3", "key": THRESHOLD, "value": "3", "description": "Trois", "updated_at": "2020-01-01"}
    stored = await client.post("/api/admin_config", json=row, headers=who)
    assert (stored.status_code, stored.json()["value"], stored.json()["description"]) == (200, "3", "Trois")
    assert not stored.json()["updated_at"].startswith("2020")
    for value, told in ((True, "true"), (4, "4"), ("x", "x")):
        made = await client.post("/api/admin_config", json={"key": f"new_{told}", "value": value}, headers=who)
        assert (made.status_code, made.json()["value"]) == (201, told)
    for wrong in ({"key": THRESHOLD, "value": "0"}, {"key": "x"}, {"value": "x"}, {"key": "", "value": "x"}, []):
        refused = await client.post("/api/admin_config", json=wrong, headers=who)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (await client.post("/api/admin_config", json=row, headers=people.moderator.headers)).status_code == 403
    assert (await client.post("/api/admin_config", json=row)).status_code == 401
