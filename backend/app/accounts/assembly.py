"""Puts the services and routes of accounts together, for the entry point."""

from fastapi import APIRouter

from app.accounts.context import Accounts
from app.accounts.routes import (
    api_tokens,
    auth,
    invitations,
    jwks,
    mail,
    oauth,
    oauth_accounts,
    pages,
    passwords,
    second_factor,
    sessions,
    supabase,
    supabase_admin,
    tenants,
    user,
)
from app.adapters.postgres import Database
from app.auth.guard import Guard
from app.auth.passwords import Passwords
from app.auth.sessions import Sessions
from app.auth.signing import keyring
from app.auth.tenants import Tenants
from app.module import Person
from app.settings import Settings

ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    tenants.router,
    invitations.router,
    second_factor.router,
    api_tokens.router,
    passwords.router,
    pages.router,
    sessions.router,
    user.router,
    mail.router,
    oauth.router,
    oauth_accounts.router,
    jwks.router,
    supabase_admin.router,
    supabase.router,
)


def make_accounts(
    settings: Settings, database: Database, guard: Guard, person: Person | None, *, tenants: Tenants
) -> Accounts:
    """The services of a process."""
    keys = keyring(settings.auth)
    sessions = Sessions(settings.auth, keys, audience=settings.rest.jwt_aud, issuer=settings.rest.jwt_issuer)
    return Accounts(settings, database, guard, tenants, keys, Passwords(settings.auth), sessions, person)
