"""`python -m benchmarks.accounts`: what checking sessions costs reads, sign-ins a second, and reads beside sign-ins.

Reads are lists of resources as the gateway is asked for in the shape `list-all`, by a thousand users. Tokens of another
issuer belong to no session of ours, so nothing is looked up for them: the yardstick.
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
from app.auth.passwords import hash_password
from app.settings import AuthSettings

from benchmarks import report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, ratio
from benchmarks.ground import Ground
from benchmarks.load import Request, post
from benchmarks.rounds import Row, Server, measure, options, others, server, turns_of
from benchmarks.shapes import Shape
from benchmarks.tokens import claims, signed
from benchmarks.turns import Pace

PASSWORD = "Une-Phrase-Pour-Mesurer-1"
#: Everybody comes from one address here.
WIDE = {"RELAIS_LIMITS_READS": "100000000/1", "RELAIS_LIMITS_AUTH": "100000000/1"}
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


def rows_of(
    place: Ground, people: People, pace: Pace, *, stack: ExitStack, settings: Mapping[str, str] = WIDE
) -> list[Row]:
    """What is measured, each by a server that runs until the stack ends."""
    one = stack.enter_context(server(place, {**settings, "RELAIS_AUTH_PASSWORD_THREADS": "1"}))
    two = stack.enter_context(server(place, {**settings, "RELAIS_AUTH_PASSWORD_THREADS": "2"}))
    quarter = dataclasses.replace(pace, concurrency=max(1, pace.concurrency // 4))
    foreign, own, entering = reads(place, place.samples.tokens), reads(place, people.tokens), sign_ins(people)

    def turn(running: Server, requests: Sequence[Request], pace: Pace) -> Callable[[], Turn]:
        return turns_of(place, running, requests, pace)

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
    """Measure what the arguments say."""
    chosen = options(__doc__, rows=20_000, turns=5).parse_args(argv)

    def made(place: Ground, pace: Pace, stack: ExitStack) -> list[Row]:
        return rows_of(place, prepared(place, place.settings.auth), pace, stack=stack)

    return measure(
        chosen, made, ("of no session", "others' CPU"), line, about=lambda place: (_cost(place.settings.auth),)
    )


def _cost(auth: AuthSettings) -> str:
    kept = hash_password(PASSWORD, auth)
    return f"a password costs {kept.split('$')[3]} (argon2id)"


def line(name: str, turns: Mapping[str, Sequence[Turn]]) -> tuple[str, ...]:
    """What the table says beyond the figures."""
    compared = f"{ratio(turns[name], turns[NO_SESSION]):.0%}" if name in (NO_SESSION, CHECKED) else report.NOTHING
    return compared, others(turns[name])


if __name__ == "__main__":
    raise SystemExit(main())
