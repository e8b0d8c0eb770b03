"""Who hands something over, and with what: settings, the linked account, and what was made at a provider meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from app import log
from app.accounts.context import Accounts, accounts_of
from app.accounts.oauth.lending import Lender, lender_of
from app.accounts.oauth.providers import PROVIDER_FAILED
from app.adapters.providers import ProviderError
from app.adapters.redis import Redis
from app.adapters.rest import RestError
from app.auth.limits import Kind
from app.errors import AppError, refuse
from app.modules.library.callers import Caller, calling
from app.modules.library.handover.errors import Provider
from app.modules.library.handover.papers import Papers, StoredFiles, papers_of
from app.modules.library.handover.stored import stored_file
from app.settings import Settings

NOT_TAKEN_BACK = "handover_not_taken_back"
#: As long as a provider may take to undo what it did, whatever it may take to do it.
_UNDO_SECONDS = 10.0
_undoing: Final[set["asyncio.Task[list[str]]"]] = set()
#: Scopes that another one includes.
_INCLUDED: Mapping[str, tuple[str, ...]] = {
    "https://www.googleapis.com/auth/drive.file": ("https://www.googleapis.com/auth/drive",),
}
#: Tokens of applications of GitHub that are installed have permissions, which are GitHub's affair, and no scopes.
_WITHOUT_SCOPES = "ghu_"


@dataclass(frozen=True, slots=True)
class Desk:
    """What handing over needs."""

    caller: Caller
    accounts: Accounts
    redis: Redis
    #: How files are read that are stored with us.
    stored: StoredFiles

    @property
    def settings(self) -> Settings:
        """Of this process."""
        return self.accounts.settings

    @property
    def undo_seconds(self) -> float:
        """The longest wait for what is taken back."""
        return min(self.settings.handover.timeout_seconds, _UNDO_SECONDS)

    async def lender(self, provider: Provider, operation: str = "", scopes: tuple[str, ...] = ()) -> Lender:
        """Whoever lends the tokens of the caller's account, which must let us do what the operation takes."""
        lender = await lender_of(self.accounts, self.caller.asked, provider.name)
        if lender is None:
            raise refuse(provider.not_linked)
        lacking = [scope for scope in scopes if not {scope, *_INCLUDED.get(scope, ())} & set(lender.scope)]
        if lacking and not (not lender.scope and (await lender.token()).startswith(_WITHOUT_SCOPES)):
            raise provider.lacks(operation, scopes)
        return lender

    async def papers(self, resource_id: UUID) -> Papers:
        """What is handed over of a resource of the caller's."""
        return await papers_of(self.caller, resource_id, self.settings.handover.file_limit_bytes, self.stored)

    @contextmanager
    def telling(self, provider: Provider) -> Generator[None]:
        """Whatever goes wrong at a provider is told as its error."""
        try:
            yield
        except RestError as error:
            if not error.is_known:
                seen = {"provider": provider.name, "failure": error.failure, "status": error.status}
                log.event(PROVIDER_FAILED, {"request_id": self.caller.asked.request_id, **seen}, level="warning")
            raise provider.refusal(error) from error
        except ProviderError as error:
            raise refuse(provider.failed) from error


def at_desk(kind: Kind | None = None) -> Callable[..., Awaitable[Desk]]:
    """A dependency: a user who hands something over, themselves: their linked accounts are nobody else's."""

    async def admitted(
        request: Request, caller: Annotated[Caller, Depends(calling(kind, lends=False, once="apart"))]
    ) -> Desk:
        redis: Redis = request.app.state.relais.redis
        return Desk(caller, accounts_of(request), redis, stored_file)

    return admitted


User = Annotated[Desk, Depends(at_desk())]
#: Of what takes files along.
Transferring = Annotated[Desk, Depends(at_desk("transfers"))]


async def taken_back(error: BaseException, undo: Callable[[], Awaitable[list[str]]]) -> None:
    """Undo what was done before an error; the error says what is left. It is done though nobody waits any more."""

    async def undone() -> list[str]:
        left = await undo()
        if left:
            log.event(NOT_TAKEN_BACK, {"count": len(left)}, level="warning")
        return left

    task = asyncio.create_task(undone())
    _undoing.add(task)
    task.add_done_callback(_undoing.discard)
    if not isinstance(error, AppError):
        # Cancelled, most likely: whoever asked has been told, or is about to be.
        return
    left = await asyncio.shield(task)
    if left:
        error.details = {**(error.details or {}), "left": left}
