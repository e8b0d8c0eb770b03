"""A crowd of callers, each of whom knows what only they may be answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.dialect.tokens import token

from .asking import Raw, Reply

USERS, PAGES = 20, 10
_JSON = (b"content-type", b"application/json")
_BACK = (b"prefer", b"return=representation")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what is wrong with an answer to it that somebody else should have got."""

    raw: Raw
    wrong: Callable[[Any], str | None]

    def verdict(self, reply: Reply, *, allowed: tuple[int, ...] = ()) -> str | None:
        """What is wrong with this answer. Of some failures nobody is to blame."""
        if reply.status in allowed:
            return None
        if reply.status not in (200, 201, 206):
            return f"{reply.status} {reply.body[:200]!r}"
        problem = self.wrong(json.loads(reply.body))
        return problem and f"{problem}: {reply.body[:300]!r} for {self.raw}"


def anyone(rng: Random) -> Asked:
    """A request of somebody in the crowd."""
    role = rng.choice(("dialect_author", "dialect_author", "dialect_admin", "dialect_anon"))
    user = f"user {rng.randrange(USERS)}"
    bearer = (b"authorization", f"Bearer {token({'role': role, 'sub': user})}".encode())
    return rng.choice(_KINDS)(user, role, bearer, rng)


def _pages(user: str, role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    count = USERS * PAGES if role == "dialect_admin" else PAGES
    prefer = (b"prefer", rng.choice((b"count=exact", b"count=planned", b"timezone=Asia/Tokyo", b"return=minimal")))
    query = rng.choice((b"select=owner,page&page=lte.10", b"select=owner&order=id&page=in.(1,2,3,4,5,6,7,8,9,10)"))

    def wrong(rows: Any) -> str | None:
        others = {row["owner"] for row in rows} - {user}
        if len(rows) != count:
            return f"{len(rows)} rows instead of {count}"
        return f"rows of {others}" if others and role != "dialect_admin" else None

    return Asked(Raw("GET", b"/diary", query, (bearer, prefer)), wrong)


def _nobody(_user: str, _role: str, _bearer: tuple[bytes, bytes], _rng: Random) -> Asked:
    return Asked(Raw("GET", b"/diary", b"page=lte.10"), lambda rows: "rows for nobody" if rows else None)


def _claims(user: str, role: str, bearer: tuple[bytes, bytes], _rng: Random) -> Asked:
    wanted = {"role": role, "sub": user}
    return Asked(Raw("GET", b"/rpc/claims", b"", (bearer,)), lambda said: None if said == wanted else f"not {wanted}")


def _whoami(_user: str, role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    method = rng.choice(("GET", "POST"))
    raw = Raw(
        method,
        b"/rpc/whoami" if method == "GET" else b"/rpc/whoami_now",
        b"",
        (bearer, _JSON),
        b"{}" * (method == "POST"),
    )
    isolation = "repeatable read" if role == "dialect_admin" else "read committed"

    def wrong(said: Any) -> str | None:
        found = said["role"], said["timezone"], said["isolation"]
        return None if found == (role, "UTC", isolation) else f"{found} instead of {role}, {isolation}"

    return Asked(raw, wrong)


def _written(user: str, role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    page = rng.randrange(1000, 2000)
    body = json.dumps({"page": page}).encode()

    def wrong(rows: Any) -> str | None:
        found = [(row["owner"], row["page"]) for row in rows]
        return None if found == [(user, page)] else f"not a page of {user}"

    return Asked(Raw("POST", b"/diary", b"columns=page", (bearer, _JSON, _BACK), body), wrong)


def _changed(user: str, role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    """Only pages of one's own can be changed; the number of seen ones says how often."""
    query = f"page=eq.{rng.randrange(1, PAGES + 1)}&owner=eq.{user.replace(' ', '%20')}".encode()

    def wrong(rows: Any) -> str | None:
        return None if [row["owner"] for row in rows] == [user] else f"not one page of {user}"

    return Asked(Raw("PATCH", b"/diary", query, (bearer, _JSON, _BACK), b'{"seen":1}'), wrong)


def _slow(user: str, role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    body = json.dumps({"seconds": rng.random() * 0.02}).encode()

    def wrong(rows: Any) -> str | None:
        others = {row["owner"] for row in rows} - {user}
        return f"rows of {others}" if others and role != "dialect_admin" else None

    return Asked(Raw("POST", b"/rpc/slow_pages", b"", (bearer, _JSON), body), wrong)


def _pretending(user: str, _role: str, bearer: tuple[bytes, bytes], rng: Random) -> Asked:
    """A call that leaves another's claims on its connection: the next to get it must not be taken for them."""
    body = json.dumps({"name": f"user {rng.randrange(USERS)}"}).encode()
    raw = Raw("POST", b"/rpc/pretend", b"", (bearer, _JSON), body)
    return Asked(raw, lambda caller: None if caller == user else f"not called by {user}")


_KINDS = (_pages, _pages, _pages, _nobody, _claims, _whoami, _written, _changed, _slow, _pretending)
