"""`python -m benchmarks.accounts`: what checking sessions costs reads, sign-ins a second, and reads beside sign-ins.

Reads are lists of resources as the gateway is asked for in the shape `list-all`, by a thousand users. Tokens of another
issuer belong to no session of ours, so nothing is looked up for them: the yardstick.
"""

import argparse
import asyncio
import dataclasses
import itertools
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
from app.auth.passwords import hash_password
from app.settings import AuthSettings

from benchmarks import machine, report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, ratio, summary_of
from benchmarks.ground import Ground, ground
from benchmarks.load import Request, post
from benchmarks.processes import Command, end_in_order, free_port, serving
from benchmarks.shapes import Shape
from benchmarks.tokens import claims, signed
from benchmarks.turns import Pace, server_order, server_turn

PASSWORD = "Une-Phrase-Pour-Mesurer-1"
#: Everybody comes from one address here.
WIDE = {"RELAIS_LIMITS_READS": "100000000/1", "RELAIS_LIMITS_AUTH": "100000000/1"}
HEADINGS = (
    *("what", "req/s", "slowest–fastest", "p50 ms", "p95 ms", "p99 ms", "errors", "server CPU ms", "PG CPU ms"),
    *("of no session", "others' CPU"),
)
NO_SESSION, CHECKED = "reads: no session", "reads: session checked"
ALONE, BESIDE = "reads: a quarter of the connections", "reads: a quarter, beside sign-ins"
_PREPARE = """
    with known as (
        update relais.users set password_hash = $2, email_verified_at = now() where id::text = any ($1::text[])
        returning id, email),
    opened as (
        insert into relais.sessions (tenant_id, user_id, expires_at)
        select $3::text::uuid, id, now() + interval '1 day' from known
        returning id, user_id)
    select opened.user_id::text as user_id, opened.id::text as session_id, known.email
    from opened join known on known.id = opened.user_id
"""


@dataclass(frozen=True, slots=True)
class People:
    """The users of the ground, able to sign in and signed in: their addresses and the tokens of their sessions."""

    emails: tuple[str, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is measured: a name, and how one turn of it goes."""

    name: str
    turn: Callable[[], Turn]


def prepared(place: Ground, auth: AuthSettings) -> People:
    """Give every user the same password, hashed as these settings say, and a session."""
    assert place.settings.auth.secret is not None
    secret, samples = place.settings.auth.secret.get_secret_value(), place.samples
    kept = hash_password(PASSWORD, auth)
    found = {row["user_id"]: row for row in asyncio.run(_fetched(place, list(samples.users), kept))}
    tokens = (
        signed({**claims(user, samples.tenant_id), "sid": found[user]["session_id"]}, secret) for user in samples.users
    )
    return People(tuple(found[user]["email"] for user in samples.users), tuple(tokens))


async def _fetched(place: Ground, users: list[str], kept: str) -> Sequence[Mapping[str, str]]:
    connection = cast(Any, await asyncpg.connect(place.admin_url))
    try:
        return await connection.fetch(_PREPARE, users, kept, place.samples.tenant_id)
    finally:
        await connection.close()


def reads(place: Ground, tokens: Sequence[str]) -> Sequence[Request]:
    """Lists, by the holders of these tokens."""
    return RELAIS.requests(Shape.LIST_ALL, dataclasses.replace(place.samples, tokens=tuple(tokens)))


def sign_ins(people: People) -> Sequence[Request]:
    """One of each user."""
    bodies = (json.dumps({"email": email, "password": PASSWORD}) for email in people.emails)
    return [post("/api/auth/signin", body, status=200, contains="access_token") for body in bodies]


@contextmanager
def _server(place: Ground, more: Mapping[str, str]) -> Generator[tuple[int, int]]:
    port = free_port()
    started = RELAIS.command(place, port)
    with serving(Command(started.argv, {**started.env, **more}), port, RELAIS.ready_path) as pid:
        yield port, pid


def rows_of(
    place: Ground, people: People, pace: Pace, *, stack: ExitStack, settings: Mapping[str, str] = WIDE
) -> list[Row]:
    """What is measured, each by a server that runs until the stack ends."""
    one = stack.enter_context(_server(place, {**settings, "RELAIS_AUTH_PASSWORD_THREADS": "1"}))
    two = stack.enter_context(_server(place, {**settings, "RELAIS_AUTH_PASSWORD_THREADS": "2"}))
    quarter = dataclasses.replace(pace, concurrency=max(1, pace.concurrency // 4))
    foreign, own, entering = reads(place, place.samples.tokens), reads(place, people.tokens), sign_ins(people)

    def turn(server: tuple[int, int], requests: Sequence[Request], pace: Pace) -> Callable[[], Turn]:
        return lambda: server_turn(server_order(server[0], requests, pace), server[1], place.postgres_pid)

    return [
        Row(NO_SESSION, turn(one, foreign, pace)),
        Row(CHECKED, turn(one, own, pace)),
        Row("sign-ins: one thread", turn(one, entering, pace)),
        Row("sign-ins: two threads", turn(two, entering, pace)),
        Row(ALONE, turn(one, own, quarter)),
        Row(BESIDE, _beside(turn(one, own, quarter), turn(one, entering, pace))),
        Row(f"{BESIDE}, two threads", _beside(turn(two, own, quarter), turn(two, entering, pace))),
    ]


def _beside(measured: Callable[[], Turn], others: Callable[[], Turn]) -> Callable[[], Turn]:
    """A turn while another runs. The CPU of the server is that of both."""

    def both() -> Turn:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(others)
            found = measured()
            if running.result().errors:
                raise RuntimeError(f"sign-ins failed: {dict(running.result().errors)}")
            return found

    return both


def main(argv: Sequence[str] | None = None) -> int:
    """Measure by turns; 1 when any request failed."""
    end_in_order()
    options = _options(argv)
    pace = Pace(options.turns, options.seconds, options.concurrency)
    with ground(options.rows) as place, ExitStack() as stack:
        about = (*machine.description(place.postgres_version), *place.notes, _cost(place.settings.auth))
        print("\n".join(f"- {line}" for line in about), flush=True)
        rows = rows_of(place, prepared(place, place.settings.auth), pace, stack=stack)
        turns: dict[str, list[Turn]] = {row.name: [] for row in rows}
        for _, row in itertools.product(range(pace.turns), rows):
            turns[row.name].append(row.turn())
    lines = [line(name, own, turns[NO_SESSION]) for name, own in turns.items()]
    print(f"\n{report.drawn(HEADINGS, lines)}")
    return 1 if any(turn.errors for own in turns.values() for turn in own) else 0


def _cost(auth: AuthSettings) -> str:
    kept = hash_password(PASSWORD, auth)
    return f"a password costs {kept.split('$')[3]} (argon2id)"


def line(name: str, own: Sequence[Turn], yardstick: Sequence[Turn]) -> tuple[str, ...]:
    """A row of the table."""
    found = summary_of(own)
    compared = f"{ratio(own, yardstick):.0%}" if name in (NO_SESSION, CHECKED) else report.NOTHING
    return (
        *(name, f"{found.rate:,.0f}", f"{found.slowest:,.0f}–{found.fastest:,.0f}"),
        *(f"{value:.2f}" for value in (found.latency.p50, found.latency.p95, found.latency.p99)),
        *(str(found.errors), f"{found.server_ms:.3f}", f"{found.postgres_ms:.3f}"),
        *(compared, f"{found.others:.0%}"),
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accounts", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="resources in the database")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=5, help="turns of each row")
    parser.add_argument("--concurrency", type=int, default=16, help="connections at once")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
