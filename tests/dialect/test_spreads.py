"""Whatever is spread is what the same select without spreads would have shown, taken apart by hand."""

import json
from collections.abc import AsyncGenerator
from random import Random

import httpx
import pytest
from app.gateway.parse import PREFIX
from app.settings import Settings

from .spread_trees import KEYS, Row, Tree, grouped, random_tree
from .test_openapi import serving

TREES = 200


@pytest.fixture
async def tracker(settings: Settings, tracker_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the tracker's tables."""
    async with serving(settings, tracker_url, db_schemas="tracker", db_aggregates_enabled=True) as (_, client):
        yield client


async def both(client: httpx.AsyncClient, tree: Tree, order: str) -> tuple[list[Row], list[Row]]:
    """The rows with spreads, and those with embeds, taken apart."""
    found: list[list[Row]] = []
    for spread in (True, False):
        query = "&".join((f"select={tree.select(spread=spread)}", order, *tree.orders(spread=spread)))
        answer = await client.get(f"{PREFIX}/{tree.table}?{query}")
        assert answer.status_code == 200, f"{query}\n{answer.text}"
        found.append(answer.json())
    return found[0], [tree.spread_out(row) for row in found[1]]


async def test_spreads_are_embeds_taken_apart(tracker: httpx.AsyncClient) -> None:
    for seed in range(TREES):
        rng = Random(seed)
        tree = random_tree(rng, rng.choice(sorted(KEYS)), aggregates=False)
        spread, expected = await both(tracker, tree, f"order={KEYS[tree.table]}")
        assert spread == expected, tree.select(spread=True)


async def test_aggregates_in_spreads_group_what_they_are_spread_into(tracker: httpx.AsyncClient) -> None:
    for seed in range(TREES):
        rng = Random(seed)
        tree = random_tree(rng, rng.choice(("projects", "tasks", "remarks")), aggregates=True)
        spread, rows = await both(tracker, tree, "")
        functions = tree.functions()
        expected = grouped(rows, functions) if any(functions.values()) else rows
        assert sorted(map(_text, spread)) == sorted(map(_text, expected)), tree.select(spread=True)


async def test_totals_count_what_inner_spreads_leave(tracker: httpx.AsyncClient) -> None:
    for seed in range(TREES // 2):
        rng = Random(seed)
        tree = random_tree(rng, rng.choice(sorted(KEYS)), aggregates=False)
        query = "&".join((f"select={tree.select(spread=True)}", *tree.orders(spread=True)))
        everything = await tracker.get(f"{PREFIX}/{tree.table}?{query}")
        first = await tracker.get(f"{PREFIX}/{tree.table}?{query}&limit=1", headers={"Prefer": "count=exact"})
        assert first.headers["content-range"].endswith(f"/{len(everything.json())}"), query


def _text(row: Row) -> str:
    return json.dumps(row, sort_keys=True)
