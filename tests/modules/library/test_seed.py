"""What `relais seed` puts into the library, by itself and at a scale, in databases of its own."""

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from app.adapters.postgres import SERVICE, Database
from app.auth.accounts import put_account
from app.auth.tables import TenantRole
from app.embedded import Servers
from app.modules.library import MODULE
from app.modules.library.seed import seed
from app.modules.library.seeding import invention
from app.prepare import seed_database
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import TEMPLATE, Urls, run_sql, with_database

ACCOUNTS = ("admin", "alice", "bruno", "chloe")
SCALE = 1_000
#: Every table that the demo fills, and columns that are not the seed's but the moment's or a trigger's.
FILLED = {
    "resources": (),
    "resource_versions": (),
    "resource_shares": (),
    "resource_ratings": (),
    "resource_comments": (),
    "resource_templates": (),
    "saved_resources": (),
    "collections": (),
    "collection_resources": (),
    "groups": (),
    "group_members": ("id", "added_at", "created_at", "updated_at"),
    "notifications": (),
    "category_tag_suggestions": (),
    "suggestion_votes": (),
    "category_hierarchy": (),
    "category_filters": (),
    "profiles": ("created_at", "updated_at"),
    "user_roles": ("id", "created_at", "updated_at"),
}
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
SUGGESTIONS = {
    ("category", "approved", 10): "Développement, Design, Documentation, Outils, Templates, Médias, Données, Learning",
    ("tag", "approved", 8): "react, typescript, javascript, python, api, database, frontend, backend, mobile, devops,"
    " ui, ux, open-source, tutorial, library",
    ("resource_type", "approved", 5): "github_repo, external_link, file_upload",
    ("filter", "approved", 7): "Popularité, Date, Note, Langue, Licence, Visibilité",
}
PENDING = {("category", "Sécurité"), ("tag", "Machine Learning"), ("tag", "Docker"), ("filter", "API REST")}
FORM_CATEGORIES = {
    "Documents & Fichiers",
    "Liens & Favoris",
    "Médias & Images",
    "Templates & Modèles",
    "Code & Scripts",
    "Formations & Tutoriels",
    "Outils & Utilitaires",
    "Données & Références",
}


@dataclass(frozen=True, slots=True)
class Library:
    """A database with accounts in it, and the words to seed and read it with."""

    database: Database
    users: list[str]

    async def seed(self, scale: int = 0) -> dict[str, int]:
        async with self.database.transaction(SERVICE) as connection:
            await connection.execute("set local statement_timeout = 0")
            return dict(await seed(connection, self.users, scale))

    async def rows(self, statement: str, *args: Any) -> list[Any]:
        return list(await self.database.fetch(SERVICE, statement, *args))

    async def column(self, statement: str, *args: Any) -> list[Any]:
        return [row[0] for row in await self.rows(statement, *args)]

    async def write(self, statement: str, *args: Any) -> None:
        async with self.database.transaction(SERVICE) as connection:
            await connection.execute(statement, *args)

    async def everything(self, *, ids: bool = True) -> dict[str, list[str]]:
        """All rows of the demo's tables as text, with the names of users for their identifiers."""
        found: dict[str, list[str]] = {}
        for table, passing in FILLED.items():
            left_out = ["tenant_id", *passing, *(() if ids else ("id",))]
            found[table] = await self.column(
                f"select (to_jsonb(t) - $1::text[])::text from library.{table} as t order by 1", left_out
            )
        return {table: sorted(self._named(text) for text in texts) for table, texts in found.items()}

    def _named(self, text: str) -> str:
        for name, user in zip(ACCOUNTS, self.users, strict=False):
            text = text.replace(user, name)
        return text


Opener = Callable[..., Awaitable[Library]]


async def test_the_demo_has_resources_of_every_category_kind_and_visibility(demo: Library) -> None:
    resources = await demo.rows("select category, resource_type::text as kind, visibility::text from library.resources")
    seeder_categories = set(SUGGESTIONS["category", "approved", 10].split(", "))
    assert len(resources) == 200
    assert {row["category"] for row in resources} == FORM_CATEGORIES | seeder_categories
    assert {row["kind"] for row in resources} == {"external_link", "github_repo", "file_upload"}
    assert {row["visibility"] for row in resources} == {"public", "private", "shared_users", "shared_groups"}


async def test_every_demo_account_takes_part(demo: Library) -> None:
    for table, column in (
        ("resources", "user_id"),
        ("resource_ratings", "user_id"),
        ("resource_comments", "user_id"),
        ("saved_resources", "user_id"),
        ("collections", "user_id"),
        ("groups", "owner_id"),
        ("notifications", "user_id"),
    ):
        people = await demo.column(f"select distinct {column}::text from library.{table}")
        assert set(people) == set(demo.users), table


async def test_demo_people_are_presented_and_the_first_one_administers(demo: Library) -> None:
    people = await demo.rows(
        "select p.user_id::text, p.full_name, p.bio, r.role::text from library.profiles p"
        " join library.user_roles r on r.user_id = p.user_id"
    )
    assert {row["user_id"]: row["role"] for row in people} == {
        user: "super_admin" if place == 0 else "user" for place, user in enumerate(demo.users)
    }
    assert all(row["full_name"].endswith("(démo)") and row["bio"] for row in people)


async def test_the_suggestions_are_those_that_the_interface_expects(demo: Library) -> None:
    rows = await demo.rows(
        "select type::text, name, status::text, votes_count, suggested_by, action from library.category_tag_suggestions"
    )
    expected = {
        (kind, name): (status, votes)
        for (kind, status, votes), names in SUGGESTIONS.items()
        for name in names.split(", ")
    }
    assert {(row["type"], row["name"]) for row in rows} == expected.keys() | PENDING
    assert len(rows) == 36
    assert {(row["suggested_by"], row["action"]) for row in rows} == {(None, "add")}
    for row in rows:
        if (row["type"], row["name"]) not in PENDING:
            assert (row["status"], row["votes_count"]) == expected[row["type"], row["name"]]


async def test_open_suggestions_have_votes_that_decide_nothing_yet(demo: Library) -> None:
    rows = await demo.rows(
        "select s.type::text, s.name, count(v.id) as votes from library.category_tag_suggestions s"
        " left join library.suggestion_votes v on v.suggestion_id = s.id where s.status = 'pending' group by 1, 2"
    )
    assert {(row["type"], row["name"]) for row in rows} == PENDING
    assert all(row["votes"] > 0 for row in rows)


async def test_the_four_templates_are_public_and_belong_to_nobody(demo: Library) -> None:
    rows = await demo.rows("select * from library.resource_templates order by name")
    assert [(row["name"], row["category"], row["language"]) for row in rows] == [
        ("Template API REST", "Code & Scripts", "JavaScript"),
        ("Template Configuration", "Outils & Utilitaires", "JSON"),
        ("Template Documentation", "Documents & Fichiers", "Markdown"),
        ("Template React Component", "Code & Scripts", "TypeScript"),
    ]
    assert {(row["is_public"], row["created_by"], row["usage_count"]) for row in rows} == {(True, None, 0)}
    data = json.loads(rows[3]["template_data"])
    assert (data["resource_type"], data["visibility"], data["tags"]) == (
        "external_link",
        "public",
        ["react", "typescript", "component", "template"],
    )


async def test_categories_have_others_under_them_and_filters(demo: Library) -> None:
    roots = await demo.column(
        "select name from library.category_hierarchy where parent_id is null order by order_index"
    )
    bare = await demo.column(
        "select name from library.category_hierarchy c where parent_id is null and not ("
        " exists (select from library.category_hierarchy under where under.parent_id = c.id)"
        " and exists (select from library.category_filters f where f.category_id = c.id))"
    )
    kinds = await demo.column("select distinct filter_type from library.category_filters")
    assert set(roots) == FORM_CATEGORIES
    assert bare == []
    assert set(kinds) == {"text", "select", "multiselect", "range", "date"}


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_no_text_is_empty_or_left_unfinished(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    for table, columns in TEXTS.items():
        for column in columns:
            texts = await library.column(f"select {column} from library.{table}")
            assert texts, table
            assert all((text and text == text.strip()) or column == "readme" for text in texts), (table, column)
            assert not [text for text in texts if re.search(r"\{(topic|angle|slug)|None|TODO", text)], (table, column)


async def test_resources_are_written_in_french_and_each_says_something_of_its_own(demo: Library) -> None:
    rows = await demo.rows("select title, description, tags from library.resources")
    french = re.compile(r"[àâçéèêëîïôûùœ]|\b(le|la|les|un|une|des|et|pour|en|qui|de|du)\b", re.IGNORECASE)
    assert all(french.search(row["description"]) and row["description"][-1] in ".!?" for row in rows)
    assert len({row["title"] for row in rows}) == len({row["description"] for row in rows}) == 200
    assert all(
        1 <= len(row["tags"]) <= 10 and row["tags"] == [tag.lower().strip() for tag in row["tags"]] for row in rows
    )


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_links_lead_to_example_domains_only(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    addresses = await library.column(
        "select address from library.resources"
        " cross join unnest(array[github_url, external_url, file_url]) as address where address is not null"
    )
    inside = await library.column("select readme from library.resources where readme is not null")
    addresses += [address for text in inside for address in re.findall(r"https?://[^\s>)]+", text)]
    assert all(re.match(r"https://[a-z]+\.example\.(org|com)/", address) for address in addresses)


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_a_resource_is_found_where_its_kind_says(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    wrong = await library.column(
        "select title from library.resources where (github_url is not null) <> (resource_type = 'github_repo')"
        " or (external_url is not null) <> (resource_type = 'external_link')"
        " or (num_nonnulls(file_path, file_url, file_size) = 3) <> (resource_type = 'file_upload')"
    )
    assert wrong == []


async def test_a_second_run_changes_nothing(open_library: Opener) -> None:
    library = await open_library()
    first = await library.seed(50)
    before = await library.everything()
    second = await library.seed(50)
    assert first["resources"] == 200
    assert first["generated resources"] == 50
    assert set(second.values()) == {0}
    assert await library.everything() == before


async def test_what_users_changed_stays_as_they_left_it(open_library: Opener) -> None:
    library = await open_library()
    await library.seed()
    await library.write(
        "update library.resources set title = 'À moi' where id = (select min(id::text)::uuid from library.resources)"
    )
    await library.write(
        "update library.profiles set full_name = 'Moi', bio = null where user_id = $1::text::uuid", library.users[1]
    )
    await library.write(
        "update library.user_roles set role = 'super_admin' where user_id = $1::text::uuid", library.users[1]
    )
    await library.write("update library.user_roles set role = 'user' where user_id = $1::text::uuid", library.users[0])
    # The same shares under other identifiers: taken back and given again, with another permission.
    await library.write("update library.resource_shares set id = gen_random_uuid(), permission = 'write'")
    before = await library.everything()
    await library.seed()
    assert await library.everything() == before


async def test_what_users_deleted_comes_back_whole(open_library: Opener) -> None:
    library = await open_library()
    await library.seed()
    before = await library.everything()
    await library.write("delete from library.resources where category = 'Design'")
    await library.write("delete from library.groups")
    await library.seed()
    assert await library.everything() == before


async def test_suggestions_that_users_made_first_are_voted_on_instead_of_ours(open_library: Opener) -> None:
    library = await open_library()
    await library.write(
        "insert into library.category_tag_suggestions (tenant_id, name, type) values (relais.default_tenant_id(), 'Docker', 'tag')"
    )
    await library.seed()
    assert await library.column("select votes_count from library.category_tag_suggestions where name = 'Docker'") == [1]


async def test_two_databases_get_the_same_rows(open_library: Opener) -> None:
    one, other = await open_library(), await open_library()
    await one.seed(120)
    await other.seed(120)
    assert one.users != other.users
    assert await one.everything() == await other.everything()


async def test_one_account_is_enough(open_library: Opener) -> None:
    library = await open_library(accounts=("admin",))
    counts = await library.seed()
    assert counts["resources"] == 200
    assert counts["groups"] == 4
    assert await library.column("select count(*) from library.resource_ratings") == [0]


async def test_the_demo_cannot_be_nobodys(open_library: Opener) -> None:
    library = await open_library(accounts=())
    with pytest.raises(ValueError, match="at least one account"):
        await library.seed()


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_counters_agree_with_the_rows(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    resources = await library.column(
        "select r.title from library.resources r left join ("
        "  select resource_id, round(avg(rating), 2) as average, count(*) as total from library.resource_ratings group by 1"
        ") x on x.resource_id = r.id"
        " where (r.average_rating, r.ratings_count) is distinct from (coalesce(x.average, 0), coalesce(x.total, 0))"
    )
    collections = await library.column(
        "select c.name from library.collections c where c.resources_count <> ("
        " select count(*) from library.collection_resources e where e.collection_id = c.id) or c.resources_count = 0"
    )
    suggestions = await library.column(
        "select s.name from library.category_tag_suggestions s join ("
        "  select suggestion_id, count(*) filter (where vote_type = 'upvote') - count(*) filter (where vote_type = 'downvote')"
        "  as score from library.suggestion_votes group by 1) v on v.suggestion_id = s.id where s.votes_count <> v.score"
    )
    assert (resources, collections, suggestions) == ([], [], [])


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_nothing_refers_to_what_is_missing(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    keys = await library.rows(
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
        lost = await library.column(
            f"select count(*) from {key['held_by']} h where {set_here} and not exists (select from {key['target']} t where {match})"
        )
        assert lost == [0], key


@pytest.mark.parametrize("where", ["demo", "crowd"])
async def test_replies_are_about_the_same_resource_and_later(where: str, request: pytest.FixtureRequest) -> None:
    library: Library = request.getfixturevalue(where)
    rows = await library.rows(
        "select c.resource_id = p.resource_id as same, c.created_at >= p.created_at as later"
        " from library.resource_comments c join library.resource_comments p on p.id = c.parent_id"
    )
    assert len(rows) > 20
    assert all(row["same"] and row["later"] for row in rows)


async def test_shares_reach_people_and_groups_and_some_have_expired(demo: Library) -> None:
    shares = await demo.rows(
        "select s.*, r.user_id as owner_id, s.expires_at < now() as expired from library.resource_shares s"
        " join library.resources r on r.id = s.resource_id"
    )
    unshared = await demo.column(
        "select title from library.resources r where visibility in ('shared_users', 'shared_groups')"
        " and not exists (select from library.resource_shares s where s.resource_id = r.id)"
    )
    assert {row["shared_with_user_id"] is None for row in shares} == {True, False}
    assert {row["expired"] for row in shares} == {True, False, None}
    assert {row["permission"] for row in shares} == {"read", "write"}
    assert all(row["shared_with_user_id"] != row["owner_id"] for row in shares)
    assert unshared == []


async def test_public_collections_hold_public_resources_in_order(demo: Library) -> None:
    leaks = await demo.column(
        "select r.title from library.collection_resources e join library.collections c on c.id = e.collection_id"
        " join library.resources r on r.id = e.resource_id where c.is_public and r.visibility <> 'public'"
    )
    orders = await demo.column(
        'select array_agg("order" order by order_index) from library.collection_resources group by collection_id'
    )
    assert leaks == []
    assert all(order == list(range(1, len(order) + 1)) for order in orders)
    assert set(await demo.column("select distinct is_public from library.collections")) == {True, False}


async def test_notifications_speak_of_what_their_reader_may_open(demo: Library) -> None:
    strange = await demo.column(
        "select n.message from library.notifications n left join library.resources r on r.id = n.resource_id"
        " left join library.groups g on g.id = n.group_id"
        " where position('« ' || coalesce(r.title, g.name, '?') || ' »' in n.message) = 0 or not ("
        "  r.user_id = n.user_id or exists (select from library.resource_shares s"
        "    where s.resource_id = r.id and s.shared_with_user_id = n.user_id)"
        "  or exists (select from library.group_members m where m.group_id = g.id and m.user_id = n.user_id))"
    )
    unread = await demo.column("select count(*) filter (where not is_read) from library.notifications group by user_id")
    assert strange == []
    assert unread == [4, 4, 4, 4]


async def test_nothing_is_dated_in_the_future_or_changed_before_it_was_made(crowd: Library) -> None:
    for table in FILLED:
        wrong = await crowd.column(
            f"select count(*) from library.{table} where created_at > now() or updated_at > now() or updated_at < created_at"
        )
        assert wrong == [0], table


async def test_versions_are_numbered_from_one_and_belong_to_the_owner(demo: Library) -> None:
    numbers = await demo.column(
        "select array_agg(version_number order by version_number) from library.resource_versions group by resource_id"
    )
    strangers = await demo.column(
        "select v.id from library.resource_versions v join library.resources r on r.id = v.resource_id"
        " where v.created_by <> r.user_id"
    )
    assert len(numbers) >= 20
    assert all(order == list(range(1, len(order) + 1)) for order in numbers)
    assert strangers == []


async def test_a_scale_adds_that_many_resources_among_generated_people(crowd: Library) -> None:
    rows = await crowd.rows(
        "select r.visibility::text, r.created_at, p.username from library.resources r"
        " join library.profiles p on p.user_id = r.user_id where p.username like 'user0%'"
    )
    people = await crowd.rows(
        "select u.password_hash, m.role::text, ranks.role::text as rank from library.profiles p"
        " join relais.users u on u.id = p.user_id join relais.memberships m on m.user_id = u.id"
        " join library.user_roles ranks on ranks.user_id = u.id where u.email like 'user_____@load.test'"
    )
    public = sum(row["visibility"] == "public" for row in rows) / SCALE
    oldest = datetime.now(UTC) - min(row["created_at"] for row in rows)
    assert len(rows) == SCALE
    assert {tuple(row) for row in people} == {(None, "member", "user")}
    assert len(people) == SCALE // 20
    assert 0.8 < public < 0.9
    assert timedelta(days=720) < oldest < timedelta(days=732)


async def test_interest_is_uneven_as_in_life(crowd: Library) -> None:
    for number in ("views_count", "ratings_count"):
        values = sorted(await crowd.column(f"select {number} from library.resources"), reverse=True)
        tenth = len(values) // 10
        assert sum(values[:tenth]) > sum(values[tenth:]), number


async def test_a_larger_scale_keeps_the_resources_and_adds_the_rest(open_library: Opener) -> None:
    library = await open_library()
    await library.seed(40)
    before = await library.rows("select id, title, user_id, created_at from library.resources order by id")
    counts = await library.seed(60)
    after = await library.rows("select id, title, user_id, created_at from library.resources order by id")
    assert counts["generated resources"] == 20
    assert len(after) == len(before) + 20
    assert set(map(tuple, before)) < set(map(tuple, after))


def test_a_generated_resource_is_the_same_in_every_crowd() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    few = invention.Scene([uuid4() for _ in range(20)], now - timedelta(days=730), now, timedelta(days=1))
    many = invention.Scene([UUID(int=n) for n in range(20)], now - timedelta(days=9), now, timedelta(hours=1))
    told = [
        [
            dict(zip(invention.RESOURCE, invention.invent(number, scene).resource, strict=True))
            for number in range(1, 200)
        ]
        for scene in (few, many)
    ]
    for one, other in zip(*told, strict=True):
        own = {name for name in one if name not in ("user_id", "created_at", "updated_at")}
        assert {name: one[name] for name in own} == {name: other[name] for name in own}


def test_a_generated_resource_brings_the_mean_of_its_marks() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    people = [UUID(int=number) for number in range(2_000)]
    scene = invention.Scene(people, now - timedelta(days=730), now, timedelta(hours=1))
    rated = 0
    for number in range(1, 2_000):
        made = invention.invent(number, scene)
        resource = dict(zip(invention.RESOURCE, made.resource, strict=True))
        marks = [int(str(row[3])) for row in made.ratings]
        mean = Decimal(sum(marks)) / len(marks) if marks else Decimal(0)
        assert Decimal(str(resource["average_rating"])) == mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert resource["ratings_count"] == len(marks)
        rated += len(marks) > 1
    assert rated > 300


async def test_the_command_seeds_the_library(settings: Settings) -> None:
    assert MODULE.seed is seed
    lines = await seed_database(settings)
    assert any(line.startswith("library: ") and "200 resources" in line for line in lines), lines


@pytest_asyncio.fixture(scope="module")
async def demo(template: Urls, servers: Servers) -> AsyncGenerator[Library]:
    """A library with the demo in it, to be read only."""
    async with opened(template, servers, ACCOUNTS) as library:
        await library.seed()
        yield library


@pytest_asyncio.fixture(scope="module")
async def crowd(template: Urls, servers: Servers) -> AsyncGenerator[Library]:
    """A library with generated resources besides, to be read only."""
    async with opened(template, servers, ACCOUNTS) as library:
        await library.seed(SCALE)
        yield library


@pytest_asyncio.fixture
async def open_library(template: Urls, servers: Servers) -> AsyncGenerator[Opener]:
    """Make libraries with nothing but accounts, to be changed at will."""
    async with AsyncExitStack() as stack:

        async def open_one(accounts: tuple[str, ...] = ACCOUNTS) -> Library:
            return await stack.enter_async_context(opened(template, servers, accounts))

        yield open_one


@asynccontextmanager
async def opened(template: Urls, servers: Servers, accounts: tuple[str, ...]) -> AsyncGenerator[Library]:
    """A new database with these accounts."""
    name = f"seed_{uuid4().hex[:12]}"
    await run_sql(servers.admin_url, f"create database {name} template {TEMPLATE}")
    url = SecretStr(with_database(template.login, name))
    database = Database(Settings().database.model_copy(update={"url": url}))
    await database.open()
    try:
        async with database.transaction(SERVICE) as connection:
            users = [
                (await put_account(connection, f"{account}@demo.test", "-", role=_role(account))).user_id
                for account in accounts
            ]
        yield Library(database, users)
    finally:
        await database.close()
        await run_sql(servers.admin_url, f"drop database {name} with (force)")


def _role(account: str) -> TenantRole:
    return TenantRole.OWNER if account == "admin" else TenantRole.MEMBER
