"""`/api/auth/sessions`: where somebody is signed in, and ending it from afar."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Request

from app.accounts.asking import Asked, User, asking
from app.accounts.audit import note
from app.accounts.context import Accounts, accounts_of
from app.accounts.people import instant
from app.accounts.shapes.sessions import OpenSessions, SessionsEnded
from app.accounts.sign_in import end_sessions
from app.accounts.tenancy import SESSION_REQUIRED, must_be_a_session
from app.adapters.postgres import SERVICE
from app.answers import Json, Message, errors
from app.errors import ErrorSpec, refuse
from app.jobs.letters.devices import device_of
from app.routers import Router

SESSION_NOT_FOUND = ErrorSpec("SESSION_NOT_FOUND", 404, "Session non trouvée")
router = Router(prefix="/api/auth/sessions", tags=["auth"])
Ending = Annotated[Asked, Depends(asking("writes", user=True))]


@router.get(
    "", summary="Where the caller is signed in", response_model=OpenSessions, responses=errors(SESSION_REQUIRED)
)
async def get_sessions(request: Request, asked: User) -> Json:
    """The session used last first; `current` marks the one that asks."""
    accounts, current = accounts_of(request), must_be_a_session(asked)
    # What other processes have not written down yet is some seconds late.
    await accounts.guard.uses.write()
    async with accounts.database.connection(SERVICE, "write") as connection:
        rows = await accounts.sessions.listed(connection, asked.caller.user_id)
    return Json({"sessions": [_shown(row, current) for row in rows]})


@router.delete(
    "",
    summary="End the caller's other sessions, or all of them",
    response_model=SessionsEnded,
    responses=errors(SESSION_REQUIRED),
)
async def delete_sessions(request: Request, asked: Ending, scope: Literal["others", "all"]) -> Json:
    """At once, on whatever server the sessions are used."""
    current = must_be_a_session(asked)
    ended = await _end(accounts_of(request), asked, scope, but=current if scope == "others" else "")
    return Json({"message": "Sessions terminées", "ended": ended})


@router.delete(
    "/{session_id}",
    summary="End one of the caller's sessions",
    response_model=Message,
    responses=errors(SESSION_REQUIRED, SESSION_NOT_FOUND),
)
async def delete_session(request: Request, asked: Ending, session_id: str) -> Json:
    """Somebody else's is not found."""
    must_be_a_session(asked)
    try:
        wanted = str(UUID(session_id))
    except ValueError:
        raise refuse(SESSION_NOT_FOUND) from None
    if not await _end(accounts_of(request), asked, "one", only=wanted):
        raise refuse(SESSION_NOT_FOUND)
    return Json({"message": "Session terminée"})


async def _end(accounts: Accounts, asked: Asked, scope: str, *, only: str = "", but: str = "") -> int:
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        ended = await end_sessions(accounts, connection, user_id, only=only, but=but)
        if ended:
            told = {"scope": scope, "sessions": len(ended)}
            await note(connection, asked, "SESSIONS_ENDED", actor_id=user_id, target=only or None, details=told)
    await accounts.guard.ended(ended)
    return len(ended)


def _shown(row: Mapping[str, Any], current: str) -> dict[str, Any]:
    created, used, expires = (instant(row[name]) for name in ("created_at", "last_used_at", "expires_at"))
    return {
        "id": row["id"],
        "current": row["id"] == current,
        "tenantId": row["tenant_id"],
        "tenant_id": row["tenant_id"],
        "device": device_name(row["user_agent"] or ""),
        "agent": row["user_agent"],
        "address": row["address"],
        "method": row["method"],
        "assurance": row["assurance"],
        "createdAt": created,
        "created_at": created,
        "lastUsedAt": used,
        "last_used_at": used,
        "expiresAt": expires,
        "expires_at": expires,
    }


def device_name(agent: str) -> str:
    """What an agent says it is, in two words for people: `Firefox, Windows`."""
    return device_of(agent) or agent.partition("/")[0].strip()[:50] or "Appareil inconnu"
