"""Many who sign up or in at once: one gets what only one can have, and nobody who reads is held up."""

import asyncio
import secrets
import time

import httpx
from app.settings import Settings

from tests.accounts.conftest import PASSWORD, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.conftest import Urls


async def test_of_many_who_sign_up_with_one_address_one_succeeds(client: httpx.AsyncClient, urls: Urls) -> None:
    email = some_email()
    spellings = [email if number % 2 else email.upper() for number in range(12)]
    answers = await asyncio.gather(
        *(client.post("/api/auth/signup", json={"email": item, "password": PASSWORD}) for item in spellings)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"EMAIL_TAKEN"}
    assert await value(urls.admin, "select count(*) from relais.users where lower(email) = $1", email) == 1


async def test_of_many_who_ask_for_one_user_name_one_gets_it(client: httpx.AsyncClient, urls: Urls) -> None:
    name = f"unique-{secrets.token_hex(4)}"
    bodies = [{"email": some_email(), "password": PASSWORD, "username": name} for _ in range(12)]
    answers = await asyncio.gather(*(client.post("/api/auth/signup", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"USERNAME_TAKEN"}
    found = await value(urls.admin, "select count(*) from library.profiles where username like $1", f"{name}%")
    assert found == 1


async def test_many_whose_addresses_begin_alike_all_get_an_account(client: httpx.AsyncClient) -> None:
    name = f"commun.{secrets.token_hex(4)}"
    bodies = [{"email": f"{name}@{number}.example.org", "password": PASSWORD} for number in range(12)]
    answers = await asyncio.gather(*(client.post("/api/auth/signup", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["user"]["username"] for answer in answers}) == 12


async def test_reads_go_on_while_more_sign_in_than_passwords_may_be_hashed_at_once(cheap: Settings) -> None:
    """Fifty at once, of which five may wait: the rest are told to come back, and nobody who reads notices."""
    slow = with_group(
        cheap, "auth", argon2_memory_kib=19 * 1024, argon2_time_cost=4, password_threads=1, password_queue=5
    )
    async with running_with(slow) as client:
        member = await signed_up(client)
        body = {"email": member.email, "password": member.password}
        signing_in = [asyncio.create_task(client.post("/api/auth/signin", json=body)) for _ in range(50)]
        await asyncio.sleep(0)
        reads: list[float] = []
        while not all(task.done() for task in signing_in):
            began = time.perf_counter()
            answer = await client.get("/rest/v1/profiles", params={"select": "id"}, headers=member.headers)
            assert answer.status_code == 200
            reads.append(time.perf_counter() - began)
        answers = [task.result() for task in signing_in]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 6
    for answer in answers:
        if answer.status_code == 503:
            must_refuse(answer, 503, "TOO_BUSY", "Trop de connexions en cours, réessayez dans un instant")
            assert answer.headers["Retry-After"] == "1"
    assert len(reads) >= 10, "reads waited for passwords"
