"""Who asks `/auth/v1`: the client sends its key in `apikey`, and in `Authorization` too until somebody signs in."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.asking import Asked, Reading, asking
from app.auth.limits import Kind


class keyed(asking):
    """A dependency: whoever asks. Where no token comes along, a key that is one counts as one."""

    async def __call__(self, request: Request) -> Asked:
        """Admit the caller or refuse."""
        return await super().__call__(_with_key(request))


class granting(asking):
    """A dependency of `/token`: what is asked for says how often it may be."""

    def __init__(self) -> None:
        super().__init__("auth", bearer="unread")
        self._refreshing = asking("refresh", bearer="unread")

    async def __call__(self, request: Request) -> Asked:
        """Admit the caller or refuse."""
        if request.query_params.get("grant_type") == "refresh_token":
            return await self._refreshing(request)
        return await super().__call__(request)


def _with_key(request: Request) -> Request:
    key = request.headers.get("apikey", "")
    if "authorization" in request.headers or key.count(".") != 2:
        return request
    headers = [*request.scope["headers"], (b"authorization", b"Bearer " + key.encode("latin-1", "replace"))]
    return Request({**request.scope, "headers": headers}, request.receive)


def _asked(kind: Kind | None = None, *, user: bool = False, bearer: Reading = "good") -> object:
    return Depends(keyed(kind, user=user, bearer=bearer))


#: The client's key comes along where nobody has signed in; it opens nothing here.
Stranger = Annotated[Asked, Depends(asking("auth", bearer="unread"))]
Writing = Annotated[Asked, Depends(asking("mail", bearer="unread"))]
Leaving = Annotated[Asked, Depends(asking("oauth", bearer="unread"))]
Granted = Annotated[Asked, Depends(granting())]
SignedInUser = Annotated[Asked, _asked(user=True)]
Changing = Annotated[Asked, _asked("auth", user=True)]
Administering = Annotated[Asked, _asked("admin")]
