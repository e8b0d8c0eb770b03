"""Tokens of linked accounts, lent to whatever asks a provider in their user's name; renewed where they have expired.

They leave this place only for a request to the provider that gave them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.oauth.errors import TOKEN_EXPIRED
from app.accounts.oauth.linked import must_link_again, renew
from app.adapters.postgres import SERVICE, Row
from app.errors import AppError

_PRIMARY = """
    select id::text, scope, access_token, refresh_token, token_expires_at from relais.oauth_accounts
    where user_id = $1::text::uuid and provider = $2 order by is_primary desc, created_at desc, id limit 1
"""
_AGAIN = """
    select id::text, scope, access_token, refresh_token, token_expires_at from relais.oauth_accounts
    where id = $1::text::uuid and user_id = $2::text::uuid
"""
#: One that is about to expire would do so on its way.
_ALMOST = timedelta(seconds=60)


@dataclass(slots=True)
class Lender:
    """Lends the tokens of one linked account of the caller."""

    accounts: Accounts
    asked: Asked
    provider: str
    account_id: str
    #: What the provider lets us do.
    scope: tuple[str, ...]
    _row: Row

    async def token(self) -> str:
        """A token that has not expired, as far as we know."""
        expires_at: datetime | None = self._row["token_expires_at"]
        now = datetime.now(UTC)
        if expires_at is not None and expires_at <= now + _ALMOST:
            if self._row["refresh_token"] is not None or expires_at <= now:
                return await self.renewed()
        return self._opened()

    async def renewed(self) -> str:
        """A newer token than the last one; `TOKEN_EXPIRED` if there is none."""
        if await self._has_changed():
            return self._opened()
        sealed: bytes | None = self._row["refresh_token"]
        if sealed is None:
            raise must_link_again(self.provider)
        try:
            return (await renew(self.accounts, self.asked, self.provider, self.account_id, sealed)).access_token
        except AppError as error:
            # Refresh tokens that are good once: another request may have been quicker.
            if error.code == TOKEN_EXPIRED.code and await self._has_changed():
                return self._opened()
            raise

    async def _has_changed(self) -> bool:
        database, user_id = self.accounts.database, self.asked.caller.user_id
        rows = await database.fetch(SERVICE, _AGAIN, self.account_id, user_id, mode="write")
        if not rows:
            raise must_link_again(self.provider)
        before, self._row = self._row, rows[0]
        return bytes(before["access_token"]) != bytes(self._row["access_token"])

    def _opened(self) -> str:
        try:
            token = self.accounts.keys.unseal(self._row["access_token"]).decode("ascii")
        except ValueError:
            # Sealed with a key that is gone.
            raise must_link_again(self.provider) from None
        if not token.isprintable() or not token:
            raise must_link_again(self.provider)
        return token


async def lender_of(accounts: Accounts, asked: Asked, provider: str) -> Lender | None:
    """Whoever lends the tokens of the caller's primary account at a provider; None without one."""
    rows = await accounts.database.fetch(SERVICE, _PRIMARY, asked.caller.user_id, provider, mode="write")
    if not rows:
        return None
    row = rows[0]
    return Lender(accounts, asked, provider, row["id"], tuple(row["scope"]), row)
