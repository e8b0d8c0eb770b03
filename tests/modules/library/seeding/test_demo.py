"""What the demo consists of."""

import json
import re

from .library import Library

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


async def test_accounts_of_the_demo_say_of_themselves_what_their_profiles_say(demo: Library) -> None:
    people = await demo.rows(
        "select u.user_metadata ->> 'full_name' as full_name, u.user_metadata ->> 'username' as username,"
        " p.full_name as shown, p.username as known"
        " from relais.users u join library.profiles p on p.user_id = u.id"
    )
    assert len(people) == len(demo.users)
    for row in people:
        assert (row["full_name"], row["username"]) == (row["shown"], row["known"])


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


async def test_resources_are_written_in_french_and_each_says_something_of_its_own(demo: Library) -> None:
    rows = await demo.rows("select title, description, tags from library.resources")
    french = re.compile(r"[àâçéèêëîïôûùœ]|\b(le|la|les|un|une|des|et|pour|en|qui|de|du)\b", re.IGNORECASE)
    assert all(french.search(row["description"]) and row["description"][-1] in ".!?" for row in rows)
    assert len({row["title"] for row in rows}) == len({row["description"] for row in rows}) == 200
    assert all(
        1 <= len(row["tags"]) <= 10 and row["tags"] == [tag.lower().strip() for tag in row["tags"]] for row in rows
    )


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
