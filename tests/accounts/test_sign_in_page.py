"""The page about signing in, from top to bottom, as somebody would who follows it: each answer is what the page says.

A block of `http` is a request; what follows `→` must come back. `$NAME` is the field of that name in an answer before.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any, cast

import httpx
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import with_group
from tests.accounts.factors import code_of
from tests.accounts.outbox import letters
from tests.conftest import client_of, started

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "sign-in.md"
BLOCK = re.compile(r"```http\n(.*?)```", re.DOTALL)
EMAIL = "ada@example.org"
Known = dict[str, str]


async def test_whoever_follows_the_page_gets_what_it_says(cheap: Settings) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) > 15
    provided = with_group(cheap, "oauth", github_client_id="an-id", github_client_secret=SecretStr("a-secret"))
    known: Known = {}
    async with started(create_app(provided)) as app, client_of(app) as client:
        for block in blocks:
            asked, arrow, said = block.partition("\n→ ")
            assert arrow, f"an example does not say what it answers:\n{block}"
            request = await filled(app, asked, known)
            answer = await sent(client, request)
            status, _, expected = said.partition("\n\n")
            assert answer.status_code == int(status), f"{request}\n{answer.text}"
            assert re.fullmatch(pattern(expected), squeezed(answer.text), re.DOTALL), f"{request}\n{answer.text}"
            if answer.headers.get("Content-Type", "").startswith("application/json"):
                remember(known, answer.json())


async def filled(app: FastAPI, text: str, known: Known) -> str:
    """The request with what was answered before in the place of names."""
    special: Known = {}
    if "$TOKEN_OF_THE_MESSAGE" in text:
        special["$TOKEN_OF_THE_MESSAGE"] = (await letters(app, EMAIL))[-1].token
    if "$CODE_OF_NOW" in text:
        used = known.setdefault("codes used", "")
        special["$CODE_OF_NOW"] = code_of(base64.b32decode(known["$SECRET"]), len(used))
        known["codes used"] = f"{used}."
    return re.sub(r"\$[A-Z_]+", lambda found: (known | special)[found[0]], text)


async def sent(client: httpx.AsyncClient, request: str) -> httpx.Response:
    head, _, body = request.strip().partition("\n\n")
    (line, *lines) = head.split("\n")
    method, target = line.split(" ", 1)
    headers = dict(entry.split(": ", 1) for entry in lines)
    if body:
        json.loads(body)
        headers["Content-Type"] = "application/json"
    return await client.request(method, target, headers=headers, content=body.encode())


def remember(known: Known, answer: Any) -> None:
    """Every text of an answer, by the name of its field; those outside come before those within."""
    if not isinstance(answer, dict):
        return
    fields = cast("dict[str, Any]", answer)
    for value in fields.values():
        remember(known, value)
    for name, value in fields.items():
        if isinstance(value, str):
            known["$" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()] = value


def pattern(text: str) -> str:
    """What the page says, as a pattern; nothing said is everything."""
    parts = [re.escape(squeezed(part)) for part in text.split("…")]
    return ".*".join(parts) if text.strip() else ".*"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
