"""Telling people of sign-ins from where they have never signed in: a device of another kind, or another network.

Known is what the sessions say that are still kept; they are, for a week after they have ended. Whoever signs in for the
first time has nothing to compare it with.
"""

import ipaddress

import orjson

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.origins import origin_of
from app.adapters.postgres import Connection
from app.jobs.letters.devices import device_of
from app.jobs.mail import put_mail

_KNOWN = """
    select u.email, u.locale, u.last_sign_in_at is not null as has_been_here,
           (select coalesce(json_agg(distinct array[coalesce(s.user_agent, ''), coalesce(host(s.address), '')]), '[]')
            from relais.sessions as s where s.user_id = u.id)::text as places
    from relais.users as u where u.id = $1::text::uuid
"""
#: Whoever has one of these addresses has its neighbours tomorrow.
_NETWORK_BITS = {4: 24, 6: 48}


async def tell_of_new_device(accounts: Accounts, connection: Connection, asked: Asked, user_id: str) -> None:
    """Write to a user who is about to be let in, unless they have come from here before."""
    if not accounts.settings.mail.new_sign_in:
        return
    row = await connection.fetchrow(_KNOWN, user_id)
    if row is None or not row["has_been_here"]:
        return
    places = {_place(agent, address) for agent, address in orjson.loads(row["places"])}
    if _place(asked.agent, asked.address) in places:
        return
    data = {**origin_of(asked), "agent": asked.agent}
    await put_mail(connection, accounts.keys.seal, "new_sign_in", row["email"], locale=row["locale"], data=data)


def _place(agent: str, address: str) -> tuple[str, str]:
    """What stays the same of a device and where it is while a program is updated and a network hands out addresses."""
    return device_of(agent) or agent.partition("/")[0], _network(address)


def _network(address: str) -> str:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((read, _NETWORK_BITS[read.version]), strict=False))
