"""The log: in order, without holes, and each change numbered once, whoever numbers it."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from app.adapters.postgres import SERVICE, Database, Stamp
from app.catalog.types import Name
from app.jobs.housekeeping import sweep
from app.realtime import log
from app.realtime.feed import Feed
from app.realtime.filters import Filter
from app.realtime.rules import Readers, Rules
from app.realtime.sights import Eyes
from app.realtime.subscriptions import RowsOf, Sight, Subscription, Told
from app.settings import Settings

from tests.conftest import Urls

NOTES = Name("public", "notes")
MAKE = """
    create table public.notes (id uuid primary key default gen_random_uuid(), owner uuid, body text, words tsvector);
    alter table public.notes enable row level security;
    alter table public.notes force row level security;
    grant select on public.notes to authenticated;
    create policy mine on public.notes for select to authenticated using (owner = (select relais.user_id()));
    select relais.watch_changes('public.notes');
"""


@pytest.fixture(scope="module")
async def notes(urls: Urls) -> None:
    """A table of a user's own."""
    connection = await asyncpg.connect(urls.admin)
    await connection.execute(MAKE)
    await connection.close()


@pytest.fixture
async def database(settings: Settings, notes: None) -> AsyncGenerator[Database]:
    """With an empty log."""
    database = Database(settings.database)
    await database.open()
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute("delete from relais.change_log")
    yield database
    await database.close()


def stamp_of(user_id: str) -> Stamp:
    return Stamp("authenticated", '{"role":"authenticated"}', user_id, "", "public")


async def written(urls: Urls, owner: str, texts: list[str]) -> None:
    connection = await asyncpg.connect(urls.admin)
    try:
        for text in texts:
            async with connection.transaction():
                await connection.execute("insert into public.notes (owner, body) values ($1, $2)", owner, text)
                # Transactions that take longer are committed after later ones.
                await asyncio.sleep(random.random() * 0.004)
    finally:
        await connection.close()


async def test_positions_have_no_holes_and_are_given_once(database: Database, urls: Urls) -> None:
    before = (await log.marks(database)).last
    writers = [
        asyncio.create_task(written(urls, str(uuid4()), [f"{number}" for number in range(40)])) for _ in range(8)
    ]
    seen = list[log.Change]()
    while not all(writer.done() for writer in writers) or (await log.marks(database)).last < before + 320:
        await asyncio.gather(*(log.number(database) for _ in range(4)))
        marks = await log.marks(database)
        # Whatever is told now is never joined by an earlier one.
        seen += await log.read(database, seen[-1].position if seen else before, marks.last)
    assert [change.position for change in seen] == list(range(before + 1, before + 321))
    by_owner = dict[str, list[int]]()
    for change in seen:
        assert change.new is not None
        by_owner.setdefault(change.new["owner"], []).append(int(change.new["body"]))
    assert all(bodies == sorted(bodies) for bodies in by_owner.values())


async def test_images_leave_out_what_nobody_reads_and_what_is_too_long(database: Database, urls: Urls) -> None:
    connection = await asyncpg.connect(urls.admin)
    await connection.execute(
        "insert into public.notes (owner, body, words) values ($1, repeat('x', 40000), 'a b')", uuid4()
    )
    await connection.execute("insert into public.notes (owner, body, words) values ($1, 'kurz', 'a b')", uuid4())
    await connection.execute("update public.notes set body = body where body = 'kurz'")
    await connection.close()
    last = await log.number(database)
    long, short = await log.read(database, last - 2, last)
    assert long.new is not None
    assert short.new is not None
    assert long.new.keys() == {"id", "owner"}
    assert short.new.keys() == {"id", "owner", "body"}


async def test_what_is_no_longer_in_the_log_is_said_to_be_missing(database: Database, urls: Urls) -> None:
    await written(urls, str(uuid4()), ["a", "b", "c"])
    last = await log.number(database)
    assert (await log.marks(database)).floor == last - 3
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute("delete from relais.change_log where position < $1", last)
    assert await log.marks(database) == log.Marks(last, last - 1)


async def test_what_is_old_goes_from_the_beginning_so_that_there_are_no_holes(database: Database, urls: Urls) -> None:
    await written(urls, str(uuid4()), ["a", "b", "c", "d"])
    last = await log.number(database)
    # The third was written by a transaction that took long.
    make_old = "update relais.change_log set created_at = now() - interval '1 year' where position = any ($1)"
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(make_old, [last - 3, last - 1])
    await sweep({"database": database})
    assert await log.marks(database) == log.Marks(last, last - 3)
    assert [change.position for change in await log.read(database, 0, last)] == [last - 2, last - 1, last]
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(make_old, [last - 2, last])
    await sweep({"database": database})
    assert await log.marks(database) == log.Marks(last, last)


@pytest.fixture
async def feed(database: Database) -> AsyncGenerator[Feed]:
    """A process's part."""
    feed = Feed(database, Eyes(database, Readers(database)), frozenset({NOTES}))
    feed.start()
    yield feed
    await feed.stop()


async def subscribed(
    feed: Feed, user_id: str, *, since: int | None = None, rows: RowsOf | None = None
) -> tuple[list[Any], Subscription, int | None]:
    heard = list[Any]()

    def deliver(told: Told) -> bool:
        heard.append(told.payload)
        return True

    subscription = Subscription(rows or RowsOf("notes", NOTES), stamp_of(user_id), deliver)
    gap = await feed.subscribe(subscription, since)
    if subscription.catching_up:
        feed.go_on_apart(subscription)
    return heard, subscription, gap


async def until(found: Any) -> None:
    for _ in range(1000):
        if found():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("It never came to be")


async def test_two_processes_tell_their_readers_everything_once_and_in_order(
    database: Database, settings: Settings, urls: Urls, feed: Feed
) -> None:
    owner, other = str(uuid4()), str(uuid4())
    elsewhere = Feed(database, Eyes(database, Readers(database)), frozenset({NOTES}))
    elsewhere.start()
    try:
        (mine, _, _), (theirs, _, _) = await subscribed(feed, owner), await subscribed(elsewhere, other)
        texts = [str(number) for number in range(60)]
        await asyncio.gather(written(urls, owner, texts), written(urls, other, texts))
        for heard in (mine, theirs):
            await until(lambda heard=heard: len(heard) >= 60)
            assert [item["new"]["body"] for item in heard] == texts
            positions = [item["position"] for item in heard]
            assert positions == sorted(set(positions))
        assert {item["new"]["owner"] for item in mine} == {owner}
    finally:
        await elsewhere.stop()


async def test_who_comes_back_while_others_write_misses_nothing(database: Database, urls: Urls, feed: Feed) -> None:
    owner = str(uuid4())
    heard, subscription, _ = await subscribed(feed, owner)
    began = subscription.position
    writing = asyncio.create_task(written(urls, owner, [str(number) for number in range(150)]))
    while not writing.done():
        await asyncio.sleep(0.05)
        feed.unsubscribe(subscription)
        more, subscription, gap = await subscribed(feed, owner, since=heard[-1]["position"] if heard else began)
        assert gap is None
        await asyncio.sleep(0.03)
        feed.unsubscribe(subscription)
        heard += more
    more, _, _ = await subscribed(feed, owner, since=heard[-1]["position"])
    await until(lambda: len(heard) + len(more) >= 150)
    assert [item["new"]["body"] for item in heard + more] == [str(number) for number in range(150)]


async def test_one_readers_trouble_is_nobody_elses(database: Database, urls: Urls, feed: Feed) -> None:
    owner = str(uuid4())
    heard, _, _ = await subscribed(feed, owner)
    broken = Subscription(RowsOf("notes", NOTES), Stamp("no such role", "{}", owner, "", "public"), lambda _: True)
    await feed.subscribe(broken, None)
    await written(urls, owner, ["a", "b"])
    await until(lambda: len(heard) == 2)


async def test_what_an_image_leaves_out_is_not_taken_for_null(database: Database, urls: Urls) -> None:
    drafts = Name("public", "drafts")
    connection = await asyncpg.connect(urls.admin)
    await connection.execute("""
        create table public.drafts (id int primary key, body text not null, is_closed boolean not null, warning text,
          "is 'hidden'" boolean generated always as (is_closed) stored);
        alter table public.drafts enable row level security;
        grant select on public.drafts to authenticated, anon;
        create policy not_warned on public.drafts for select to authenticated using (warning is null);
        create policy not_hidden on public.drafts for select to anon using ("is 'hidden'" is not true);
        select relais.watch_changes('public.drafts');
        insert into public.drafts values
          (1, repeat('x', 40000), false, repeat('y', 4000)), (2, 'open', false, null), (3, 'closed', true, 'careful')
    """)
    await connection.close()
    last = await log.number(database)
    images = [change.new_text or "" for change in await log.read(database, last - 3, last, [drafts])]
    readers, readable = Readers(database), dict[str, list[set[int]]]()
    for role in ("authenticated", "anon"):
        stamp = Stamp(role, f'{{"role":"{role}"}}', "", "", "public")
        ask = (readers.readable, readers.readable_by_all)
        readable[role] = [await each(drafts, stamp, images) for each in ask]
    # What is generated is never there; so nobody can be told by it.
    assert readable == {"authenticated": [{1}, {1}], "anon": [set(), set()]}


async def test_filters_find_nothing_out_that_is_not_shown(database: Database, urls: Urls) -> None:
    ballots, owner, other = Name("public", "ballots"), str(uuid4()), str(uuid4())
    connection = await asyncpg.connect(urls.admin)
    await connection.execute("""
        create table public.ballots (id int primary key, owner uuid, body text, voter text);
        alter table public.ballots enable row level security;
        grant select (id, owner, body) on public.ballots to authenticated;
        create policy mine on public.ballots for select to authenticated using (owner = (select relais.user_id()));
        select relais.watch_changes('public.ballots');
    """)
    feed = Feed(database, Eyes(database, Readers(database)), frozenset({ballots}))
    feed.start()
    try:
        heard = dict[str, list[Any]]()
        for column, value in (("body", "before"), ("body", "after"), ("voter", "somebody"), ("id", 2)):
            rows = RowsOf("ballots", ballots, frozenset({"DELETE"}), Filter(column, "eq", (value,)))
            heard[f"{column}={value}"], _, _ = await subscribed(feed, owner, rows=rows)
        await connection.execute(
            "insert into public.ballots select id, $1, 'before', 'somebody' from generate_series(1, 2) id", owner
        )
        # Out of sight, with a text and a key that its former reader never sees.
        await connection.execute("update public.ballots set id = 3, owner = $1, body = 'after' where id = 1", other)
        await connection.execute("delete from public.ballots where id = 2")
        await until(lambda: heard["id=2"])
        assert {name: [told["old"]["id"] for told in found] for name, found in heard.items()} == {
            "body=before": [1, 2],
            "body=after": [],
            "voter=somebody": [],
            "id=2": [2],
        }
    finally:
        await connection.close()
        await feed.stop()


async def test_values_that_cannot_be_passed_on_hold_nothing_up(database: Database, urls: Urls) -> None:
    sheets, owner = Name("public", "sheets"), str(uuid4())
    connection = await asyncpg.connect(urls.admin)
    await connection.execute("""
        create table public.sheets (id int primary key, total numeric, cells jsonb);
        grant select on public.sheets to authenticated;
        select relais.watch_changes('public.sheets');
    """)
    feed = Feed(database, Eyes(database, Readers(database)), frozenset({sheets}))
    feed.start()
    try:
        heard, _, _ = await subscribed(feed, owner, rows=RowsOf("sheets", sheets))
        await connection.execute("insert into public.sheets values (1, 1e400, null)")
        for depth in (1200, 253):
            deep = "[" * depth + "]" * depth
            await connection.execute("insert into public.sheets values ($1, 2, $2::text::jsonb)", depth, deep)
        await connection.execute("insert into public.sheets values (3, 3, '[3]')")
        await until(lambda: len(heard) == 4)
        assert [told["new"] for told in heard[:3]] == [{"id": 1}, {"id": 1200}, {"id": 253}]
        assert heard[3]["new"] == {"id": 3, "total": 3, "cells": [3]}
    finally:
        await connection.close()
        await feed.stop()


async def test_a_token_that_is_renewed_at_that_moment_loses_nothing(database: Database, urls: Urls) -> None:
    owner = str(uuid4())
    again = Stamp("authenticated", '{"role":"authenticated","iat":2}', owner, "", "public")

    class Asked(Readers):
        async def readable(self, table: Name, stamp: Stamp, images: Sequence[str]) -> set[int]:
            subscription.stamp = again
            return await super().readable(table, stamp, images)

    feed = Feed(database, Eyes(database, Asked(database)), frozenset({NOTES}))
    feed.start()
    try:
        heard, subscription, _ = await subscribed(feed, owner)
        await written(urls, owner, ["a", "b"])
        await until(lambda: heard and heard[-1]["new"]["body"] == "b")
        assert [told["new"]["body"] for told in heard] == ["a", "b"]
        assert subscription.stamp == again
    finally:
        await feed.stop()


async def test_who_comes_from_a_process_that_is_ahead_is_told_nothing_twice(
    database: Database, urls: Urls, feed: Feed
) -> None:
    owner, goes_on = str(uuid4()), asyncio.Event()

    class Slow(Readers):
        async def readable(self, table: Name, stamp: Stamp, images: Sequence[str]) -> set[int]:
            await goes_on.wait()
            return await super().readable(table, stamp, images)

    behind = Feed(database, Eyes(database, Slow(database)), frozenset({NOTES}))
    behind.start()
    try:
        await subscribed(behind, str(uuid4()))
        heard, _, _ = await subscribed(feed, owner)
        for text in ("a", "b", "c"):
            await written(urls, owner, [text])
            await until(lambda text=text: heard and heard[-1]["new"]["body"] == text)
        assert behind.position < heard[-1]["position"]
        more, _, gap = await subscribed(behind, owner, since=heard[-1]["position"])
        goes_on.set()
        await written(urls, owner, ["d"])
        await until(lambda: more and more[-1]["new"]["body"] == "d")
        assert gap is None
        assert [told["new"]["body"] for told in more] == ["d"]
    finally:
        goes_on.set()
        await behind.stop()


async def test_rules_that_change_while_they_are_looked_up_are_not_remembered(database: Database, urls: Urls) -> None:
    pages = Name("public", "pages")
    connection = await asyncpg.connect(urls.admin)
    await connection.execute("""
        create table public.pages (id int primary key, is_open boolean);
        alter table public.pages enable row level security;
        grant select on public.pages to authenticated;
        create policy read on public.pages for select to authenticated using (true);
    """)

    class Changed(Readers):
        async def _looked_up(self, table: Name, role: str) -> Rules:
            found = await super()._looked_up(table, role)
            await connection.execute("alter policy read on public.pages using (is_open)")
            self.forget()
            return found

    readers, stamp = Changed(database), stamp_of(str(uuid4()))
    await readers.rules(pages, stamp.role)
    assert not await readers.readable(pages, stamp, ['{"id": 1, "is_open": false}'])
    await connection.close()


async def test_who_goes_while_they_are_let_in_is_not_kept(database: Database, urls: Urls, feed: Feed) -> None:
    heard = list[Told]()

    def deliver(told: Told) -> bool:
        heard.append(told)
        return True

    _, other, _ = await subscribed(feed, owner := str(uuid4()))
    subscription = Subscription(RowsOf("notes", NOTES), stamp_of(owner), deliver)
    coming = asyncio.create_task(feed.subscribe(subscription, 0))
    await asyncio.sleep(0)
    feed.unsubscribe(subscription)
    await coming
    assert {one for found in feed._subscriptions.values() for one in found} == {other}
    assert not heard


class Clumsy(RowsOf):
    """Makes a mistake when it is told of a certain row."""

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        assert sight.new is not None
        assert sight.new["body"] != "unforeseen"
        return super().told(sight, found)


async def test_after_a_mistake_of_ours_what_is_missing_is_said_and_telling_goes_on(urls: Urls, feed: Feed) -> None:
    owner = str(uuid4())
    heard, subscription, _ = await subscribed(feed, owner, rows=Clumsy("notes", NOTES))
    began, gaps = subscription.position, list[tuple[int, int]]()
    subscription.gap = lambda since, position: gaps.append((since, position))
    others, _, _ = await subscribed(feed, owner)
    await written(urls, owner, ["unforeseen"])
    await until(lambda: gaps)
    await written(urls, owner, ["after"])
    await until(lambda: heard)
    assert [item["new"]["body"] for item in heard] == ["after"]
    assert gaps == [(began, began + 1)]
    await until(lambda: any(item["new"]["body"] == "after" for item in others))
    # Whoever comes back to it is told the same, and is one of all again.
    feed.unsubscribe(subscription)
    gaps.clear()
    again = Subscription(Clumsy("notes", NOTES), stamp_of(owner), subscription.deliver)
    again.gap = subscription.gap
    await feed.subscribe(again, began)
    feed.go_on_apart(again)
    await until(lambda: gaps)
    await written(urls, owner, ["later"])
    await until(lambda: heard[-1]["new"]["body"] == "later")
    assert gaps == [(began, began + 2)]


async def test_a_condition_that_fails_for_a_row_keeps_no_other_from_being_told(urls: Urls, feed: Feed) -> None:
    connection = await asyncpg.connect(urls.admin)
    condition = "(body::jsonb ->> 'n')::int > 0"
    await connection.execute(f"create policy fails on public.notes for select to authenticated using ({condition})")
    feed.eyes.readers.forget()
    try:
        heard, _, _ = await subscribed(feed, str(uuid4()))
        await written(
            urls, str(uuid4()), ['{"n": 1}', "no JSON", '{"n": 2}', '{"n": "x"}', '{"n": 3}', "last", '{"n": 4}']
        )
        await until(lambda: len(heard) == 4)
        assert [item["new"]["body"] for item in heard] == [f'{{"n": {number}}}' for number in (1, 2, 3, 4)]
    finally:
        await connection.execute("drop policy fails on public.notes")
        await connection.close()
