"""What is found in a database: every table in one pass, views by what they show, relationships by keys."""

import pytest
from app.catalog.types import AnyRelationship, Catalog, ComputedRelationship, Name, Relationship
from app.settings import Settings

from tests.conftest import Urls, run_sql

from .conftest import picture

MANY = """
do $$
begin
    for number in 1..1000 loop
        execute format('create table many.t%s (id integer primary key, name text not null,'
                       ' before_id integer references many.t%s)', number, greatest(number - 1, 1));
    end loop;
end
$$
"""
KEYS = """
create schema keys;
create schema away;
create table keys.people (id integer primary key, name text, boss_id integer references keys.people);
create table keys.houses (id integer primary key, owner_id integer references keys.people,
                          town text, street text, unique (town, street));
create table keys.passports (person_id integer primary key references keys.people, number text);
create table keys.seats (id integer primary key, person_id integer unique references keys.people);
create table keys.desks (id integer primary key, person_id integer references keys.people);
create unique index on keys.desks (person_id);
create table keys.clubs (id integer primary key);
create table keys.members (club_id integer references keys.clubs, person_id integer references keys.people,
                           primary key (club_id, person_id));
create table keys.visits (id integer primary key, club_id integer references keys.clubs,
                          person_id integer references keys.people);
create table keys.letters (id integer primary key, town text, street text,
                           foreign key (town, street) references keys.houses (town, street));
create table keys.days (id integer, day date, person_id integer references keys.people, primary key (id, day))
    partition by range (day);
create table keys.days_2024 partition of keys.days for values from ('2024-01-01') to ('2025-01-01');
create table away.secrets (id integer primary key, person_id integer references keys.people);
create function keys.neighbours(keys.people) returns setof keys.people language sql stable as 'select $1';
create function keys.home(keys.people) returns setof keys.houses rows 1 language sql stable
    as 'select * from keys.houses where owner_id = $1.id';
create function keys.initial(keys.people) returns text language sql immutable as 'select left($1.name, 1)';
create function keys.named(a integer, b text default 'x', variadic c integer[] default '{}') returns integer
    language sql immutable as 'select 1';
create function keys.whole(jsonb) returns integer language sql immutable as 'select 1';
create function keys.unnamed(integer) returns integer language sql immutable as 'select 1';
create function keys.on_change() returns trigger language plpgsql as 'begin return new; end';
create procedure keys.work() language sql as 'select 1';

create view keys.first_view as select name as called, id as number from keys.people;
create view keys.second_view as select number as no, called from keys.first_view;
create view keys.third_view as select s.no, h.id as house, h.owner_id as owner
    from keys.second_view s join keys.houses h on h.owner_id = s.no;
create view away.between as select id as x, owner_id as y from keys.houses;
create view keys.through_away as select x as house, y as owner from away.between;
create view keys.computed as select id + 0 as id, name from keys.people;
create view keys.united as select id from keys.people union select id from keys.houses;
create view keys.twice as select id, id as same, name from keys.people;
create view keys.part as select town from keys.houses;
create materialized view keys.stored as select id, owner_id from keys.houses;
create view keys."odd {view}" as select id as "the } id", name as ":targetList" from keys.people;
create view keys.nested as select id, owner from
    (select id, owner_id as owner from (select * from keys.houses) a where owner_id > 0) b;
create view keys.grouped as select owner_id, count(*) as number from keys.houses group by owner_id;
"""


@pytest.fixture(scope="module")
async def keys(plain: Urls) -> None:
    """The schema `keys`, made once."""
    await run_sql(plain.admin, KEYS)


@pytest.fixture
async def catalog(plain_settings: Settings, keys: None) -> Catalog:
    """A picture of it."""
    catalog, _ = await picture(plain_settings, "keys")
    return catalog


def between(catalog: Catalog, source: str, target: str) -> list[tuple[str, str]]:
    """How one table leads to another: kind, and constraint or junction."""
    found = [item for item in catalog.relationships.get(Name("keys", source), ()) if item.target.name == target]
    return sorted(_told(item) for item in found)


def _told(item: AnyRelationship) -> tuple[str, str]:
    if isinstance(item, ComputedRelationship):
        return ("to one" if item.to_one else "to many", item.function.name)
    assert isinstance(item, Relationship)
    return (item.kind, item.junction.table.name if item.junction else item.constraint)


def key_of(catalog: Catalog, name: str) -> tuple[str, ...]:
    return catalog.tables[Name("keys", name)].primary_key


async def test_a_thousand_tables_take_as_many_statements_as_none(plain: Urls, plain_settings: Settings) -> None:
    await run_sql(plain.admin, "create schema many")
    empty, few = await picture(plain_settings, "many")
    await run_sql(plain.admin, MANY)
    full, many = await picture(plain_settings, "many")
    assert (len(empty.tables), len(full.tables)) == (0, 1000)
    assert many == few
    assert len(few) <= 11
    last = full.tables[Name("many", "t1000")]
    assert (list(last.columns), last.primary_key) == (["id", "name", "before_id"], ("id",))
    assert not last.columns["name"].nullable
    assert sum(len(items) for items in full.relationships.values()) == 2 * 1000


async def test_only_the_schemas_asked_for_are_seen(catalog: Catalog) -> None:
    assert {name.schema for name in catalog.tables} == {"keys"}
    assert between(catalog, "people", "secrets") == []


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("houses", "people", [("m2o", "houses_owner_id_fkey")]),
        ("people", "passports", [("o2o", "passports_person_id_fkey")]),
        ("passports", "people", [("o2o", "passports_person_id_fkey")]),
        ("people", "seats", [("o2o", "seats_person_id_fkey")]),
        ("people", "desks", [("o2m", "desks_person_id_fkey")]),
        ("letters", "houses", [("m2o", "letters_town_street_fkey")]),
        ("people", "clubs", [("m2m", "members")]),
        ("clubs", "people", [("m2m", "members")]),
        ("visits", "clubs", [("m2o", "visits_club_id_fkey")]),
        ("days", "people", [("m2o", "days_person_id_fkey")]),
        ("people", "days", [("o2m", "days_person_id_fkey")]),
        ("people", "days_2024", []),
        (
            "people",
            "people",
            [("m2o", "people_boss_id_fkey"), ("o2m", "people_boss_id_fkey"), ("to many", "neighbours")],
        ),
        ("people", "letters", []),
    ],
)
async def test_relationships_follow_from_keys(
    catalog: Catalog, source: str, target: str, expected: list[tuple[str, str]]
) -> None:
    # What a function leads to takes the place of what keys do.
    assert between(catalog, source, target) == expected


async def test_a_function_of_a_row_that_returns_one_leads_to_one(catalog: Catalog) -> None:
    assert ("to one", "home") in between(catalog, "people", "houses")


async def test_composite_keys_keep_their_pairs(catalog: Catalog) -> None:
    [item] = [r for r in catalog.relationships[Name("keys", "letters")] if r.target.name == "houses"]
    assert isinstance(item, Relationship)
    assert item.pairs == (("town", "town"), ("street", "street"))


@pytest.mark.parametrize(
    ("view", "key"),
    [
        ("first_view", ("number",)),
        ("second_view", ("no",)),
        ("through_away", ()),
        ("nested", ("id",)),
        ("stored", ("id",)),
        ("twice", ("id",)),
        ("computed", ()),
        ("united", ()),
        ("part", ()),
        ("grouped", ()),
        ("odd {view}", ("the } id",)),
    ],
)
async def test_a_view_has_the_key_that_it_shows(catalog: Catalog, view: str, key: tuple[str, ...]) -> None:
    # `away` is neither exposed nor searched, so what its view shows is not known.
    assert key_of(catalog, view) == key


async def test_a_view_of_several_tables_has_all_their_keys(catalog: Catalog) -> None:
    assert sorted(key_of(catalog, "third_view")) == ["house", "no"]


async def test_views_lead_where_their_columns_do(catalog: Catalog) -> None:
    assert ("m2o", "houses_owner_id_fkey") in between(catalog, "third_view", "people")
    assert between(catalog, "stored", "second_view") == [("m2o", "houses_owner_id_fkey")]
    assert between(catalog, "second_view", "clubs") == [("m2m", "members")]
    assert between(catalog, "grouped", "people") == [("m2o", "houses_owner_id_fkey")]
    assert between(catalog, "computed", "houses") == []
    assert between(catalog, "united", "houses") == []


async def test_a_column_that_a_view_shows_twice_leads_twice(catalog: Catalog) -> None:
    ways = [r for r in catalog.relationships[Name("keys", "twice")] if r.target.name == "houses"]
    assert sorted(way.pairs for way in ways if isinstance(way, Relationship)) == [
        (("id", "owner_id"),),
        (("same", "owner_id"),),
    ]


async def test_what_can_be_written_is_known(catalog: Catalog) -> None:
    def writable(name: str) -> tuple[bool, bool, bool]:
        table = catalog.tables[Name("keys", name)]
        return table.insertable, table.updatable, table.deletable

    assert writable("people") == writable("days") == writable("second_view") == (True, True, True)
    assert writable("united") == writable("stored") == writable("grouped") == (False, False, False)


async def test_functions_that_can_be_called_by_name(catalog: Catalog) -> None:
    assert {name.name for name in catalog.functions} == {"named", "whole"}
    [named] = catalog.functions[Name("keys", "named")]
    assert [(p.name, p.required, p.variadic) for p in named.parameters] == [
        ("a", True, False),
        ("b", False, False),
        ("c", False, True),
    ]


async def test_functions_of_a_row_are_columns(catalog: Catalog) -> None:
    assert catalog.tables[Name("keys", "people")].computed == {"initial": "text"}


async def test_views_of_searched_schemas_are_followed(plain_settings: Settings, keys: None) -> None:
    catalog, _ = await picture(plain_settings, "keys", "away")
    assert key_of(catalog, "through_away") == ("house",)
