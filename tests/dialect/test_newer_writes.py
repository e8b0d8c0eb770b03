"""Writes: what neither 12.0.2 nor the generator can tell."""

import httpx
import pytest

MANY = ",".join(["id", *(f"c{number}" for number in range(1, 121))])
SHOWN = "c1,c50,c51,c120"


async def test_a_key_that_holds_line_ends_is_told_whole(lab_client: httpx.AsyncClient) -> None:
    answer = await lab_client.post("/words", json={"word": "two\nlines=1"}, headers={"Prefer": "return=headers-only"})
    assert (answer.status_code, answer.headers["location"]) == (201, "/words?word=eq.two%0Alines%3D1")


@pytest.mark.parametrize("body", [{"id": 1, "c50": 0}, [{"id": 1, "c50": 0}]])
async def test_more_defaults_than_a_function_takes_arguments(lab_client: httpx.AsyncClient, body: object) -> None:
    headers = {"Prefer": "missing=default, return=representation"}
    answer = await lab_client.post(f"/wide?select={SHOWN}&columns={MANY}", json=body, headers=headers)
    assert (answer.status_code, answer.json()) == (201, [{"c1": 1, "c50": 0, "c51": 51, "c120": 120}])


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([{"id": 1, "size": 1}, {"id": 90, "size": 1}], 201),
        ([{"id": 1, "size": 1}, {"id": 2, "size": 1}], 200),
        ([], 200),
        ("no rows either", 200),
    ],
)
async def test_a_merge_that_inserts_nothing_is_no_creation(
    lab_client: httpx.AsyncClient, rows: object, status: int
) -> None:
    answer = await lab_client.post("/things", json=rows, headers={"Prefer": "resolution=merge-duplicates"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (status, "resolution=merge-duplicates")


async def test_ignored_duplicates_are_a_creation_all_the_same(lab_client: httpx.AsyncClient) -> None:
    headers = {"Prefer": "resolution=ignore-duplicates, return=representation"}
    answer = await lab_client.post("/things?select=id", json=[{"id": 1}, {"id": 91}], headers=headers)
    assert (answer.status_code, answer.json()) == (201, [{"id": 91}])


async def test_the_window_of_a_change_protects_nothing(lab_client: httpx.AsyncClient) -> None:
    changed = await lab_client.patch("/things?limit=1&offset=1", json={"size": 1}, headers={"Prefer": "count=exact"})
    deleted = await lab_client.delete("/things?limit=1", headers={"Prefer": "count=exact"})
    assert (changed.status_code, changed.headers["content-range"]) == (204, "0-4/5")
    assert (deleted.status_code, deleted.headers["content-range"]) == (204, "*/5")


async def test_more_than_was_said_may_be_affected_is_undone(lab_client: httpx.AsyncClient) -> None:
    headers = {"Prefer": "handling=strict, max-affected=4, tx=commit"}
    refused = await lab_client.delete("/things", headers=headers)
    left = await lab_client.get("/things?select=count")
    allowed = await lab_client.delete("/things?id=lt.5", headers={"Prefer": "handling=strict, max-affected=4"})
    assert told(refused) == (400, "PGRST124", "The query affects 5 rows")
    assert left.json() == [{"count": 5}]
    assert (allowed.status_code, allowed.headers["preference-applied"]) == (204, "handling=strict, max-affected=4")


@pytest.mark.parametrize("value", ["--5", "5-", "", "five", "5 5"])
async def test_a_bound_that_is_no_number_is_none(lab_client: httpx.AsyncClient, value: str) -> None:
    answer = await lab_client.delete("/things", headers={"Prefer": f"handling=strict, max-affected={value}"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (204, "handling=strict")


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("id=eq.1&name=eq.a", {"id": 1}, (405, "PGRST105")),
        ("id=not.eq.1", {"id": 1}, (405, "PGRST105")),
        ("id=eq(any).{1}", {"id": 1}, (405, "PGRST105")),
        ("id=eq.1&and=(id.eq.1)", {"id": 1}, (405, "PGRST105")),
        ("id=eq.1&limit=1", {"id": 1}, (400, "PGRST114")),
        ("id=eq.1", {"id": 2}, (400, "PGRST115")),
        ("id=eq.1", {"name": "z"}, (400, "42703")),
        ("id=eq.1", [], (400, "42703")),
        ("id=eq.1", {"id": 1, "none": 1}, (400, "PGRST204")),
    ],
)
async def test_what_is_put_is_one_row_with_the_key_of_its_address(
    lab_client: httpx.AsyncClient, query: str, body: object, expected: tuple[int, str]
) -> None:
    answer = await lab_client.put(f"/things?{query}", json=body)
    assert (answer.status_code, answer.json()["code"]) == expected


async def test_a_put_tells_no_range_and_whether_it_inserted(lab_client: httpx.AsyncClient) -> None:
    headers = {"Prefer": "return=representation, count=exact"}
    inserted = await lab_client.put("/things?id=eq.95&columns=name", json={"id": 95, "size": 1}, headers=headers)
    updated = await lab_client.put("/things?id=eq.1", json={"id": 1, "size": 1}, headers=headers)
    silent = await lab_client.put("/things?id=eq.96", json={"id": 96})
    assert (inserted.status_code, inserted.json()) == (201, [{"id": 95, "name": None, "size": 1}])
    assert (updated.status_code, updated.json()) == (200, [{"id": 1, "name": "a", "size": 1}])
    assert (silent.status_code, silent.content) == (204, b"")
    assert not any("content-range" in answer.headers for answer in (inserted, updated, silent))


def told(answer: httpx.Response) -> tuple[int, str, str | None]:
    """The status, code and details of a refusal."""
    error = answer.json()
    return answer.status_code, error["code"], error["details"]
