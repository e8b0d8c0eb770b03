"""Puts the services and routes of accounts together, for the entry point."""

from fastapi import APIRouter

from app.accounts.context import Accounts
from app.accounts.routes import auth
from app.adapters.postgres import Database
from app.auth.guard import Guard
from app.auth.passwords import Passwords
from app.auth.sessions import Sessions
from app.auth.signing import keyring
from app.module import Person
from app.settings import Settings

ROUTERS: tuple[APIRouter, ...] = (auth.router,)


def make_accounts(settings: Settings, database: Database, guard: Guard, person: Person | None) -> Accounts:
    """The services of a process."""
    keys = keyring(settings.auth)
    sessions = Sessions(settings.auth, keys, audience=settings.rest.jwt_aud, issuer=settings.rest.jwt_issuer)
    return Accounts(settings, database, guard, keys, Passwords(settings.auth), sessions, person)
