"""Who is asking: a role, the claims that policies read, and the two ids that the product takes from them.

How a token is verified is told in `tokens.py`. What the caller may do is decided by PostgreSQL, not here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from app.auth.claims import Claims
from app.auth.json_values import Json, json_text
from app.auth.role_path import RolePath
from app.auth.tokens import TokenVerifier
from app.errors import AppError, ErrorSpec, refuse

ANONYMOUS_REFUSED = ErrorSpec("PGRST302", 401, "Anonymous access is disabled")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_TOKENS_OF_SESSIONS = RolePath("$.role")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks. Empty ids stand for what the caller has not."""

    role: str
    #: All claims as a JSON object, `role` being the role in use: the value of `request.jwt.claims`.
    claims: str
    user_id: str
    tenant_id: str
    #: The role in use is the one of those who have not signed in.
    anonymous: bool
    #: What must still be good: `session:id`, `token:id`, or nothing of ours.
    credential: str = ""
    #: What a token is restricted to; None: it reaches as far as its user.
    scopes: frozenset[str] | None = None
    #: Factors that the session was opened with.
    assurance: int = 1
    #: The administrator who reads in this one's place (`app.accounts.acting`).
    acting: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Json], role: str, *, anonymous: bool, ours: bool = False) -> "Caller":
        """The caller that claims speak of. The sessions of other issuers are not ours to look up."""
        session, scopes = _uuid(values.get("sid")) if ours else "", values.get("relais_scopes")
        return cls(
            role,
            json_text({**values, "role": role}),
            _uuid(values.get("sub")),
            _uuid(values.get("tenant_id")),
            anonymous,
            f"session:{session}" if session else "",
            frozenset(str(item) for item in scopes) if isinstance(scopes, list) else None,
            2 if values.get("aal") == "aal2" else 1,
        )


class CallerResolver:
    """From the value of an `Authorization` header to a caller."""

    def __init__(self, verifier: TokenVerifier, role_path: RolePath, *, anon_role: str | None) -> None:
        self._verifier = verifier
        self._role_path = role_path
        self._anon_role = anon_role
        self._nobody = None if anon_role is None else Caller.of({}, anon_role, anonymous=True)
        # A caller lives for as long as the verifier remembers the claims it was made of: one cache, one bound.
        self._callers: WeakKeyDictionary[Claims, Caller] = WeakKeyDictionary()

    def resolve(self, authorization: bytes | str | None, *, stale: bool = False) -> Caller:
        """The caller, or an `AppError`: a bad token is refused even where nobody in particular would be let in.

        With `stale` a token counts after its time, too: enough for ending its session, and for nothing else.
        """
        claims = self._verifier.claims(authorization, stale=stale)
        if claims is None:
            if self._nobody is None:
                raise _anonymous_refused()
            return self._nobody
        caller = self._callers.get(claims)
        if caller is None:
            caller = self._callers[claims] = self._made(claims)
        return caller

    def _made(self, claims: Claims) -> Caller:
        values = claims.values
        if claims.ours and _uuid(values.get("sid")):
            # Where another issuer's tokens have their roles is no matter of our sessions.
            role = _TOKENS_OF_SESSIONS.first(dict(values))
        else:
            role = self._role_path.first(dict(values))
        if role is None:
            role = self._anon_role
        if role is None:
            raise _anonymous_refused()
        if role == "none":
            # To PostgreSQL it is a reserved word: the role would be that of our own login.
            raise AppError("22023", 401, 'role "none" does not exist', headers=_CHALLENGE)
        return Caller.of(values, role, anonymous=role == self._anon_role, ours=claims.ours)


def _uuid(value: Json) -> str:
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else ""


def _anonymous_refused() -> AppError:
    return refuse(ANONYMOUS_REFUSED, headers=_CHALLENGE)
