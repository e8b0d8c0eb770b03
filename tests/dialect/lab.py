"""The gateway on the small database of `lab.sql`, with any options, and a word for what is asked of it most."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from app.gateway.parse import PREFIX
from app.main import create_app
from app.settings import Settings

from tests.conftest import client_of, started

from .configuration import Configuration
from .tokens import token


@asynccontextmanager
async def lab(settings: Settings, url: str, **options: str | int | bool) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the gateway; paths begin below its own."""
    configured = Configuration("lab", 1, {"db_schemas": "lab", **options}).relais(settings, url)
    async with started(create_app(configured)) as app, client_of(app) as client:
        client.base_url = httpx.URL(f"http://relais.test{PREFIX}")
        yield client


def acting_as(role: str, *, secret: str | None = None) -> dict[str, str]:
    """The header of a caller with this role."""
    signed = token({"role": role}) if secret is None else token({"role": role}, secret=secret)
    return {"Authorization": f"Bearer {signed}"}
