"""Generated resources and the people around them."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID, uuid4

from app.adapters.postgres import SERVICE
from app.modules.library.seeding import invention

from .library import SCALE, Library, Opener


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
    assert rated > 200


async def test_a_load_reads_few_rows_to_check_its_foreign_keys(open_library: Opener) -> None:
    library = await open_library()
    await library.seed()
    before = await _read(library)
    counts = await library.seed(SCALE)
    # Plans that were made while the tables were nearly empty read a whole tenant for each row.
    assert await _read(library) - before < 20 * sum(counts.values())


async def _read(library: Library) -> int:
    """How many entries of the indexes of resources have been read so far."""
    async with library.database.connection(SERVICE, "write") as connection:
        await connection.execute("select pg_stat_force_next_flush()")
    entries = "select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relid = 'library.resources'::regclass"
    return (await library.column(entries))[0]
