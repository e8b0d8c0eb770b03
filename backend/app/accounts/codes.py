"""One-time codes of second factors: each is right once, and whoever shows wrong ones has to wait longer and longer.

The wait is the user's, whichever way the codes come in: only somebody who has their password or session gets so far.
Recovery codes do not wait, so that nobody can keep an owner out.
"""

import math
import time

from app import log
from app.accounts.context import Accounts
from app.adapters.postgres import Connection, Row
from app.auth import totp
from app.errors import AppError, ErrorSpec

INVALID_CODE = ErrorSpec("INVALID_CODE", 400, "Code invalide ou expiré")
TOO_MANY_CODES = ErrorSpec("TOO_MANY_CODES", 429, "Trop de codes erronés")
UNREADABLE = "second_factor_unreadable"
#: Wrong codes in a row that cost nothing; each further one doubles the wait.
FREE_FAILURES = 5
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 30, 3600
#: Whatever changes how somebody proves who they are begins here: nobody waits in a circle.
_TURN = "select from relais.users where id = nullif($1, '')::uuid for no key update"
#: One that is being confirmed, or all that are: whoever shows codes at the same time takes turns.
_TRIED = """
    select id::text, secret, last_step, failures,
           coalesce(extract(epoch from clock_timestamp() - failed_at), 0)::float8 as since
    from relais.second_factors
    where user_id = $1::text::uuid and (id::text = $2 or $2 = '' and confirmed_at is not null)
    order by id for update
"""
_RIGHT = """
    update relais.second_factors
    set failures = 0, failed_at = null, last_step = case id::text when $2 then $3 else last_step end
    where id = any($1::text[]::uuid[])
"""
_WRONG = """
    update relais.second_factors set failures = failures + 1, failed_at = clock_timestamp()
    where id = any($1::text[]::uuid[])
"""


async def take_turn(connection: Connection, user_id: str) -> None:
    """Wait until nobody else changes how a user proves who they are, until the transaction ends."""
    await connection.execute(_TURN, user_id)


async def accepts(accounts: Accounts, connection: Connection, user_id: str, code: str, *, only: str = "") -> bool:
    """Whether a code is right for a factor of the user; it is right once. In a turn; commit whatever it says."""
    rows = await connection.fetch(_TRIED, user_id, only)
    wait = max((_wait(row["failures"]) - row["since"] for row in rows), default=0.0)
    if wait > 0:
        raise _too_many(wait)
    names, now = [row["id"] for row in rows], time.time()
    for row in rows:
        secret = _unsealed(accounts, row)
        step = None if secret is None else totp.matching_step(secret, code, now, after=row["last_step"])
        if step is not None:
            await connection.execute(_RIGHT, names, row["id"], step)
            return True
    await connection.execute(_WRONG, names)
    return False


def _unsealed(accounts: Accounts, row: Row) -> bytes | None:
    try:
        return accounts.keys.unseal(row["secret"])
    except ValueError:
        # The key has been changed and the one of before is gone; recovery codes may be left.
        log.event(UNREADABLE, {"factor": row["id"]}, level="error")
        return None


def _wait(failures: int) -> float:
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(_FIRST_WAIT_SECONDS * 2 ** min(failures - FREE_FAILURES, 10), _LONGEST_WAIT_SECONDS))


def _too_many(wait: float) -> AppError:
    seconds = math.ceil(wait)
    minutes = math.ceil(seconds / 60)
    message = f"{TOO_MANY_CODES.message}, veuillez réessayer dans {minutes} minute{'s' if minutes > 1 else ''}"
    headers = {"Retry-After": str(seconds)}
    return AppError(TOO_MANY_CODES.code, TOO_MANY_CODES.status, message, headers=headers, extra={"retryAfter": seconds})
