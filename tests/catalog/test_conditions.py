"""What of policies holds for everybody, as PostgreSQL writes them out; and that it is never more than they allow."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest
from app.catalog.conditions import for_everybody, part_for_everybody
from app.catalog.policies import policies_of
from app.catalog.types import Name

from tests.conftest import Urls

MINE = "owner_id = (select relais.user_id())"
#: A condition as it is given, and what PostgreSQL writes of the part that is found; None: nothing is.
CONDITIONS = [
    ("true", "true"),
    ("is_public", "is_public"),
    ("kind = 'open'", "kind = 'open'::text"),
    (MINE, None),
    (f"is_public or {MINE}", "(is_public)"),
    (f"{MINE} or is_public or title like 'a''b or %'", "(is_public) OR (title ~~ 'a''b or %'::text)"),
    (f"is_public and {MINE}", None),
    (
        f"tenant_id = (select relais.tenant_id()) and (is_public or {MINE})",
        "(tenant_id = ( SELECT relais.tenant_id() AS tenant_id)) AND ((is_public))",
    ),
    ("tenant_id = relais.tenant_id()", "tenant_id = relais.tenant_id()"),
    (f"(is_public and kind = 'a') or (kind = 'b' and {MINE})", "((is_public) AND (kind = 'a'::text))"),
    (f"not (is_public or {MINE})", None),
    (f"not is_public or {MINE}", "(NOT is_public)"),
    ("title is not null and kind is distinct from 'x'", "(title IS NOT NULL) AND (kind IS DISTINCT FROM 'x'::text)"),
    ("kind in ('a', 'b')", "kind = ANY (ARRAY['a'::text, 'b'::text])"),
    ("meta ->> 'shown' = 'yes'", "(meta ->> 'shown'::text) = 'yes'::text"),
    (r"title = E'a\\'' or true'", r"title = 'a\'' or true'::text"),
    ('"Owner" = 1', '"Owner" = 1'),
    (
        "made_at < '2020-01-01Z'::timestamptz + '1 day'",
        "made_at < ('2020-01-01 00:00:00+00'::timestamp with time zone + '1 day'::interval)",
    ),
    ("kind = any ('{a,b}'::varchar[])", "kind = ANY (('{a,b}'::character varying[])::text[])"),
    # Who asks, when, and from where.
    ("title = current_user", None),
    (f"made_at < now() or {MINE}", None),
    ("made_at < current_timestamp", None),
    ("title = current_setting('request.jwt.claims', true)", None),
    ("made_at < 'now'::text::timestamptz", None),
    ("made_at < '2020-01-01'::timestamp at time zone current_setting('request.zone')", None),
    ("made_at < '2020-01-01'::timestamp at time zone title", None),
    # Other tables, functions, and what could be one.
    ("exists (select from relais.tenants where is_public)", None),
    ("lower(title) = 'a'", None),
    ("case when is_public then true else owner_id = relais.user_id() end", None),
    ("row(id, title) = row(id, 'x'::text)", "(id = id) AND (title = 'x'::text)"),
    ("pg_has_role(current_user, 'service', 'member') or is_public", "(is_public)"),
    ("tenant_id = (select relais.user_id())", None),
]


@pytest.fixture
async def connection(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.admin)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "create table public.things (id uuid, owner_id uuid, tenant_id uuid, is_public boolean, kind text, title text,"
        ' made_at timestamptz, meta jsonb, "Owner" integer);'
        "alter table public.things enable row level security; grant select on public.things to authenticated"
    )
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
async def test_part_that_holds_for_everybody(
    connection: asyncpg.Connection, condition: str, expected: str | None
) -> None:
    await connection.execute(f"create policy read on public.things for select using ({condition})")
    policies = await policies_of(connection, Name("public", "things"), "authenticated")
    assert policies is not None
    found = for_everybody(policies)
    assert found == expected
    if found is not None:
        # It is SQL, too.
        await connection.fetch(f"select from public.things where {found}")


OWN = """
    create type public.who as (name text);
    create type public.mood as enum ('good', 'bad');
    create type public.sort as enum ('a', 'b');
    create function public.is_me(public.who) returns boolean language sql stable
      return $1.name = current_setting('request.me', true);
    create cast (public.who as boolean) with function public.is_me(public.who) as assignment;
    create function public.is_mine(public.sort) returns boolean language sql stable
      return $1::text = current_setting('request.me', true);
    create cast (public.sort as boolean) with function public.is_mine(public.sort) as assignment;
    create function public.shown(public.sort) returns text language sql stable
      return current_setting('request.me', true);
    create cast (public.sort as text) with function public.shown(public.sort) as implicit;
    alter table public.things add who public.who, add mood public.mood, add sort public.sort, add public text;
    create function public.like_mine(text, text) returns boolean language sql stable
      return $1 = current_setting('request.me', true);
    create operator public.=== (leftarg = text, rightarg = text, function = public.like_mine);
"""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("mood = 'good'", "mood = 'good'::public.mood"),
        ("mood = any ('{good}')", "mood = ANY ('{good}'::public.mood[])"),
        # Casts, of which nothing is to be seen, or no more than of another one.
        ("who", None),
        ("sort or is_public", None),
        ("'a'::public.sort", None),
        ("lower(sort) = 'a' or is_public", None),
        ("sort::text = 'a'", None),
        # How a row is compared depends on what is in it.
        ("who = '(a)'::public.who", None),
        ("who is not null or is_public", "(is_public)"),
        ("things = things or is_public", "(is_public)"),
        # Operators, in a schema that is called like a column.
        ("title operator(public.===) 'x'", None),
        ("'x'::text operator(public.===) title", None),
    ],
)
async def test_types_operators_and_casts_that_somebody_made_may_ask_who_reads(
    connection: asyncpg.Connection, condition: str, expected: str | None
) -> None:
    await connection.execute(OWN)
    await connection.execute(f"create policy read on public.things for select using ({condition})")
    policies = await policies_of(connection, Name("public", "things"), "authenticated")
    assert policies is not None
    assert for_everybody(policies) == expected


@pytest.mark.parametrize("condition", ["", "is_public OR (", "'open", "is_public; x", "$1", "is_public\0"])
def test_what_nobody_would_write_is_nothing(condition: str) -> None:
    assert part_for_everybody(condition, ("is_public",)) is None


async def test_restrictive_policies_must_speak_of_everybody_as_well(connection: asyncpg.Connection) -> None:
    async def shared() -> str | None:
        policies = await policies_of(connection, Name("public", "things"), "authenticated")
        assert policies is not None
        return for_everybody(policies)

    await connection.execute(
        f"create policy mine on public.things for select using ({MINE});"
        "create policy open on public.things for select using (is_public)"
    )
    assert await shared() == "(is_public)"
    await connection.execute("create policy here on public.things as restrictive using (kind = 'a')")
    assert await shared() == "((is_public)) AND (kind = 'a'::text)"
    await connection.execute(f"create policy me on public.things as restrictive using (title <> 'x' or {MINE})")
    assert await shared() == "((is_public)) AND (kind = 'a'::text) AND ((title <> 'x'::text))"
    await connection.execute("create policy time on public.things as restrictive using (made_at < now())")
    assert await shared() is None
