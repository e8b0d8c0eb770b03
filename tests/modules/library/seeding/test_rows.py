"""What holds for every seeded row, written by hand or generated."""

import re

from .library import FILLED, Library

#: Texts that people read, and so may not be empty.
TEXTS = {
    "resources": ("title", "description", "category"),
    "resource_versions": ("title", "description", "change_summary"),
    "resource_comments": ("content",),
    "resource_templates": ("name", "description", "readme"),
    "collections": ("name", "description"),
    "groups": ("name", "description"),
    "notifications": ("title", "message"),
    "category_tag_suggestions": ("name", "description"),
    "category_hierarchy": ("name", "description"),
    "category_filters": ("filter_label",),
    "profiles": ("full_name", "bio"),
}


async def test_no_text_is_empty_or_left_unfinished(crowd: Library) -> None:
    for table, columns in TEXTS.items():
        for column in columns:
            texts = await crowd.column(f"select {column} from library.{table}")
            assert texts, table
            assert all((text and text == text.strip()) or column == "readme" for text in texts), (table, column)
            assert not [text for text in texts if re.search(r"\{(topic|angle|slug)|None|TODO", text)], (table, column)


async def test_links_lead_to_example_domains_only(crowd: Library) -> None:
    addresses = await crowd.column(
        "select address from library.resources"
        " cross join unnest(array[github_url, external_url, file_url]) as address where address is not null"
    )
    inside = await crowd.column("select readme from library.resources where readme is not null")
    addresses += [address for text in inside for address in re.findall(r"https?://[^\s>)]+", text)]
    assert all(re.match(r"https://[a-z]+\.example\.(org|com)/", address) for address in addresses)


async def test_a_resource_is_found_where_its_kind_says(crowd: Library) -> None:
    wrong = await crowd.column(
        "select title from library.resources where (github_url is not null) <> (resource_type = 'github_repo')"
        " or (external_url is not null) <> (resource_type = 'external_link')"
        " or (num_nonnulls(file_path, file_url, file_size) = 3) <> (resource_type = 'file_upload')"
    )
    assert wrong == []


async def test_counters_agree_with_the_rows(crowd: Library) -> None:
    resources = await crowd.column(
        "select r.title from library.resources r left join ("
        "  select resource_id, round(avg(rating), 2) as average, count(*) as total"
        "  from library.resource_ratings group by 1"
        ") x on x.resource_id = r.id"
        " where (r.average_rating, r.ratings_count) is distinct from (coalesce(x.average, 0), coalesce(x.total, 0))"
    )
    collections = await crowd.column(
        "select c.name from library.collections c where c.resources_count <> ("
        " select count(*) from library.collection_resources e where e.collection_id = c.id) or c.resources_count = 0"
    )
    suggestions = await crowd.column(
        "select s.name from library.category_tag_suggestions s join ("
        "  select suggestion_id, sum(case vote_type when 'upvote' then 1 else -1 end) as score"
        "  from library.suggestion_votes group by 1) v on v.suggestion_id = s.id where s.votes_count <> v.score"
    )
    assert (resources, collections, suggestions) == ([], [], [])


async def test_nothing_refers_to_what_is_missing(crowd: Library) -> None:
    keys = await crowd.rows(
        "select conrelid::regclass::text as held_by, confrelid::regclass::text as target,"
        " (select array_agg(attname::text order by place) from unnest(conkey) with ordinality k (number, place)"
        "  join pg_attribute on attrelid = conrelid and attnum = number) as columns,"
        " (select array_agg(attname::text order by place) from unnest(confkey) with ordinality k (number, place)"
        "  join pg_attribute on attrelid = confrelid and attnum = number) as targets"
        " from pg_constraint where contype = 'f' and connamespace = 'library'::regnamespace"
    )
    assert len(keys) > 40
    for key in keys:
        match = " and ".join(
            f"t.{there} = h.{here}" for here, there in zip(key["columns"], key["targets"], strict=True)
        )
        set_here = " and ".join(f"h.{here} is not null" for here in key["columns"])
        lost = await crowd.column(
            f"select count(*) from {key['held_by']} h"
            f" where {set_here} and not exists (select from {key['target']} t where {match})"
        )
        assert lost == [0], key


async def test_replies_are_about_the_same_resource_and_later(crowd: Library) -> None:
    rows = await crowd.rows(
        "select c.resource_id = p.resource_id as same, c.created_at >= p.created_at as later"
        " from library.resource_comments c join library.resource_comments p on p.id = c.parent_id"
    )
    assert len(rows) > 20
    assert all(row["same"] and row["later"] for row in rows)


async def test_nothing_is_dated_in_the_future_or_changed_before_it_was_made(crowd: Library) -> None:
    for table in FILLED:
        wrong = await crowd.column(
            f"select count(*) from library.{table}"
            " where created_at > now() or updated_at > now() or updated_at < created_at"
        )
        assert wrong == [0], table
