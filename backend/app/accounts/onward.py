"""Where a browser goes that has followed the link of a message, if an application asked for the message.

Kept with the secret of the link, so that nobody can change it on the way. An application that asked without a client of
Supabase's leaves people at our own pages, or brings pages of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_CLIENT: Final = "supabase"


@dataclass(frozen=True, slots=True)
class Onward:
    """How an application wants somebody back."""

    #: Whether one asked at all.
    is_asked: bool = False
    #: Empty: where the frontend is. Checked before it is kept, and again before anybody is sent there.
    redirect_to: str = ""
    #: Rather than a session it wants a code, which it exchanges with the verifier of this challenge.
    challenge: str = ""

    def details(self) -> dict[str, Any]:
        """As it is kept with a secret."""
        if not self.is_asked:
            return {}
        return {"client": _CLIENT, "redirect_to": self.redirect_to, "challenge": self.challenge}


NOWHERE: Final = Onward()


def onward_of(details: Mapping[str, Any]) -> Onward:
    """What was kept with a secret."""
    if details.get("client") != _CLIENT:
        return NOWHERE
    return Onward(True, str(details.get("redirect_to") or ""), str(details.get("challenge") or ""))
