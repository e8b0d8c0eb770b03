"""Seeding again, elsewhere, for others: what is added and what is left alone."""

import pytest
from app.modules.library import MODULE
from app.modules.library.seed import seed
from app.prepare import seed_database
from app.settings import Settings

from .library import Opener


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
    await library.write("delete from library.category_tag_suggestions where name in ('Docker', 'Sécurité')")
    await library.write(
        "insert into library.category_tag_suggestions (tenant_id, name, type)"
        " values (relais.default_tenant_id(), 'Docker', 'tag')"
    )
    await library.seed()
    assert await library.column("select votes_count from library.category_tag_suggestions where name = 'Docker'") == [1]
    # What an administrator took away is not voted on.
    assert await library.column("select id from library.category_tag_suggestions where name = 'Sécurité'") == []


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


async def test_a_larger_scale_keeps_the_resources_and_adds_the_rest(open_library: Opener) -> None:
    library = await open_library()
    await library.seed(40)
    before = await library.rows("select id, title, user_id, created_at from library.resources order by id")
    counts = await library.seed(60)
    after = await library.rows("select id, title, user_id, created_at from library.resources order by id")
    assert counts["generated resources"] == 20
    assert len(after) == len(before) + 20
    assert set(map(tuple, before)) < set(map(tuple, after))


async def test_the_command_seeds_the_library(settings: Settings) -> None:
    assert MODULE.seed is seed
    lines = await seed_database(settings)
    assert any(line.startswith("library: ") and "200 resources" in line for line in lines), lines
