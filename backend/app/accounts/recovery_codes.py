"""Recovery codes: ten words on paper that stand in for a lost second factor, each once.

They are short enough to be typed, so what is kept of them is made with the installation's key: whoever reads the table
cannot try them out.
"""

import re
import secrets

from app.adapters.postgres import Connection
from app.auth.signing import Keyring

HOW_MANY = 10
_PURPOSE = "recovery code"
#: No letter or digit that is taken for another one.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_HALF = 5
_BLANKS = re.compile(r"[\s\u00ad\u2010-\u2015-]+")
_CODE = re.compile(rf"[{_LETTERS}]{{{2 * _HALF}}}\Z")
_FORGET = "delete from relais.recovery_codes where user_id = $1::text::uuid"
_PUT = """
    insert into relais.recovery_codes (user_id, code_hash) select $1::text::uuid, code from unnest($2::bytea[]) as code
"""
_UNUSED = "select code_hash from relais.recovery_codes where user_id = $1::text::uuid and used_at is null"
_USE = """
    update relais.recovery_codes set used_at = now()
    where user_id = $1::text::uuid and code_hash = $2 and used_at is null
    returning true
"""
_LEFT = "select count(*) from relais.recovery_codes where user_id = $1::text::uuid and used_at is null"


async def renew(connection: Connection, keys: Keyring, user_id: str) -> list[str]:
    """New codes in the place of all earlier ones; nobody can be told them again."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(2 * _HALF)) for _ in range(HOW_MANY)]
    await forget(connection, user_id)
    await connection.execute(
        _PUT, user_id, [keys.code_of(_PURPOSE, _message(user_id, code), kept=True) for code in codes]
    )
    return [f"{code[:_HALF]}-{code[_HALF:]}" for code in codes]


async def forget(connection: Connection, user_id: str) -> None:
    """Make all codes of a user worthless."""
    await connection.execute(_FORGET, user_id)


async def use(connection: Connection, keys: Keyring, user_id: str, code: str) -> bool:
    """Whether this is an unused code of the user, which it is no longer. Of two at once one is right."""
    plain = _BLANKS.sub("", code).lower()
    if not _CODE.match(plain):
        return False
    message = _message(user_id, plain)
    for row in await connection.fetch(_UNUSED, user_id):
        if keys.made(_PURPOSE, message, row["code_hash"], kept=True):
            return bool(await connection.fetchval(_USE, user_id, row["code_hash"]))
    return False


async def left(connection: Connection, user_id: str) -> int:
    """How many codes a user still has."""
    return int(await connection.fetchval(_LEFT, user_id))


def _message(user_id: str, code: str) -> bytes:
    return f"{user_id}:{code}".encode()
