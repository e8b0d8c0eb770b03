"""Digests: what somebody was told in the application and has not read, by e-mail, daily or weekly as they prefer.

The letters are put into the outbox in the transaction that ends the job: each is written once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from app import log
from app.adapters.postgres import SERVICE, Database, Row
from app.jobs.mail import put_mail
from app.jobs.performing import Run

TEMPLATE = "digest"
Frequency = Literal["daily", "weekly"]
_WHO = """
    select tenant_id::text, email, locale, name, unread, messages
    from library_internal.digests($1, $2, $3)
"""


async def daily_digest(ctx: dict[str, Any], *, since: str, until: str) -> None:
    """Write to those who prefer it daily."""
    await _write(ctx, "daily", since, until)


async def weekly_digest(ctx: dict[str, Any], *, since: str, until: str) -> None:
    """Write to those who prefer it weekly."""
    await _write(ctx, "weekly", since, until)


async def _write(ctx: dict[str, Any], frequency: Frequency, since: str, until: str) -> None:
    database: Database = ctx["database"]
    run: Run = ctx["run"]
    bounds = datetime.fromisoformat(since), datetime.fromisoformat(until)
    who = await database.fetch(SERVICE, _WHO, frequency, *bounds, mode="write")
    async with run.once() as connection:
        for row in who:
            place = {"locale": row["locale"], "tenant_id": row["tenant_id"]}
            await put_mail(connection, ctx["seal"], TEMPLATE, row["email"], data=_told(row), **place)
    log.event("digests_written", {"frequency": frequency, "letters": len(who)})


def _told(row: Row) -> dict[str, Any]:
    unread, messages = int(row["unread"]), _lines(row["messages"])
    told: dict[str, Any] = {"one" if unread == 1 else "several": unread}
    if row["name"]:
        told["name"] = row["name"]
    told |= {f"message_{place}": message for place, message in enumerate(messages, 1)}
    if unread > len(messages):
        told["more"] = unread - len(messages)
    return told


def _lines(messages: Sequence[str] | None) -> list[str]:
    return [message for message in messages or () if message.strip()]
