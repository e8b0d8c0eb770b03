"""Passwords: hashed slowly on purpose, checked whatever scheme they are kept in, a bounded number at once."""

import asyncio
import hashlib
import re
import time
from collections.abc import Generator
from typing import Any

import pytest
from app.auth.passwords import Passwords, Verdict, hash_password, make_hasher
from app.errors import AppError
from app.settings import AuthSettings

PASSWORD = "Été-2024-à-la-mer!"
STANDARD = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")
#: A password as the browsers' own store kept it: the salt is text, not bytes.
SALT = "00112233445566778899aabbccddeeff"


def settings(**values: Any) -> AuthSettings:
    quick = {"argon2_memory_kib": 8 * 1024, "argon2_time_cost": 1, "password_threads": 2}
    return AuthSettings().model_copy(update={**quick, **values})  # pyright: ignore[reportCallIssue]


def imported(password: str, iterations: int = 10_000, salt: str = SALT) -> str:
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations, 32)
    return f"pbkdf2-sha256${iterations}${salt}${made.hex()}"


@pytest.fixture
def passwords() -> Generator[Passwords]:
    made = Passwords(settings())
    yield made
    made.close()


async def test_a_hash_names_its_scheme_and_costs(passwords: Passwords) -> None:
    kept = await passwords.hash(PASSWORD)
    found = STANDARD.fullmatch(kept)
    assert found is not None
    assert found.groups() == ("8192", "1")
    assert await passwords.hash(PASSWORD) != kept, "each hash has a salt of its own"
    assert STANDARD.fullmatch(hash_password(PASSWORD, settings()))


async def test_the_right_password_is_right_and_no_other(passwords: Passwords) -> None:
    kept = await passwords.hash(PASSWORD)
    assert await passwords.check(PASSWORD, kept) == Verdict(True)
    for wrong in ("", PASSWORD + " ", PASSWORD.lower(), PASSWORD[:-1], "\0", "x" * 1_000_000, "\ud800", kept):
        assert await passwords.check(wrong, kept) == Verdict(False)


@pytest.mark.parametrize("password", ["", "🦉" * 64, "\ud800", "a\0b", "x" * 1_000_000, "e\u0301"])
async def test_every_text_can_be_a_password(passwords: Passwords, password: str) -> None:
    kept = await passwords.hash(password)
    assert (await passwords.check(password, kept)).right
    assert not (await passwords.check(f"{password}x", kept)).right


async def test_what_is_not_kept_is_wrong_and_asks_for_no_new_hash(passwords: Passwords) -> None:
    for password in (PASSWORD, "", "Une phrase pour mesurer, 1 fois"):
        assert await passwords.check(password, None) == Verdict(False)


async def test_an_unknown_account_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords(settings(argon2_memory_kib=19 * 1024, argon2_time_cost=2, password_threads=1))
    kept = await passwords.hash(PASSWORD)
    took: dict[str | None, list[float]] = {kept: [], None: []}
    for _ in range(15):
        for what, times in took.items():
            began = time.perf_counter()
            await passwords.check("wrong", what)
            times.append(time.perf_counter() - began)
    passwords.close()
    known, unknown = (sorted(times)[:8] for times in took.values())
    # The quicker half of each, for the machine does other things besides: neither lies below all of the other.
    assert min(known) < max(unknown)
    assert min(unknown) < max(known)


async def test_a_hash_that_cost_less_is_replaced_and_one_that_cost_more_is_not(passwords: Passwords) -> None:
    cheap = await passwords.hash(PASSWORD)
    for better in ({"argon2_time_cost": 2}, {"argon2_memory_kib": 9 * 1024}):
        dearer = Passwords(settings(**better))
        verdict = await dearer.check(PASSWORD, cheap)
        assert verdict.right
        assert verdict.better is not None
        assert await dearer.check(PASSWORD, verdict.better) == Verdict(True)
        assert await dearer.check("wrong", cheap) == Verdict(False)
        assert await passwords.check(PASSWORD, verdict.better) == Verdict(True)
        dearer.close()


@pytest.mark.parametrize("password", ["Abcdef1!", "Été2024!é"])
async def test_an_imported_hash_is_good_once_and_replaced(passwords: Passwords, password: str) -> None:
    verdict = await passwords.check(password, imported(password))
    assert verdict.right
    assert verdict.better is not None
    assert STANDARD.fullmatch(verdict.better)
    assert await passwords.check(password, verdict.better) == Verdict(True)
    assert await passwords.check(password + "x", imported(password)) == Verdict(False)


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "plain",
        PASSWORD,
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=x,t=y,p=z$AAAA$AAAA",
        "$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q",
        "pbkdf2-sha256$",
        "pbkdf2-sha256$$$",
        "pbkdf2-sha256$10000$salt",
        "pbkdf2-sha256$0$salt$00",
        "pbkdf2-sha256$-1$salt$00",
        "pbkdf2-sha256$x$salt$00",
        "pbkdf2-sha256$1e3$salt$00",
        "pbkdf2-sha256$999999999999$salt$00",
        "pbkdf2-sha256$10000$salt$",
        "pbkdf2-sha256$10000$salt$é",
        "pbkdf2-sha256$10000$salt$00$00",
        imported(PASSWORD).upper(),
        imported(PASSWORD)[:-1],
    ],
)
async def test_a_hash_that_cannot_be_read_lets_nobody_in(passwords: Passwords, kept: str) -> None:
    assert await passwords.check(PASSWORD, kept) == Verdict(False)
    assert await passwords.check("", kept) == Verdict(False)


async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    passwords = Passwords(settings(argon2_memory_kib=64 * 1024, argon2_time_cost=4, password_threads=1))
    hashing = asyncio.create_task(passwords.hash(PASSWORD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    passwords.close()
    assert turns > 50


async def test_so_many_wait_and_the_next_is_told_to_come_back() -> None:
    passwords = Passwords(settings(argon2_time_cost=4, password_threads=1, password_queue=3))
    waiting = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(4)]
    await asyncio.sleep(0)
    for ask in (passwords.hash(PASSWORD), passwords.check(PASSWORD, None)):
        with pytest.raises(AppError) as raised:
            await ask
        assert (raised.value.code, raised.value.status) == ("TOO_BUSY", 503)
        assert raised.value.headers == {"Retry-After": "1"}
    assert all(STANDARD.fullmatch(kept) for kept in await asyncio.gather(*waiting))
    assert await passwords.check(PASSWORD, await passwords.hash(PASSWORD)) == Verdict(True)
    passwords.close()


async def test_whoever_goes_away_makes_room_and_is_not_worked_for() -> None:
    passwords = Passwords(settings(argon2_time_cost=4, password_threads=1, password_queue=3))
    began = time.perf_counter()
    await passwords.hash(PASSWORD)
    one = time.perf_counter() - began
    for _ in range(20):
        gone = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(4)]
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
    began = time.perf_counter()
    await passwords.hash(PASSWORD)
    # Eighty were asked for; those that had not begun were never made.
    assert time.perf_counter() - began < one * 60
    passwords.close()


def test_passes_are_as_many_as_take_the_time_but_neither_too_few_nor_too_many() -> None:
    few = make_hasher(settings(argon2_time_cost=None, argon2_milliseconds=0.01))
    many = make_hasher(settings(argon2_time_cost=None, argon2_milliseconds=5000.0))
    assert (few.time_cost, many.time_cost) == (2, 10)
    assert make_hasher(settings(argon2_time_cost=3)).time_cost == 3


def test_unless_told_otherwise_a_hash_takes_what_is_recommended() -> None:
    """19 MiB and two passes at least."""
    standard = AuthSettings()  # pyright: ignore[reportCallIssue]
    hasher = make_hasher(standard)
    assert hasher.memory_cost == 19 * 1024
    assert hasher.time_cost >= 2
    assert standard.password_queue == 50
