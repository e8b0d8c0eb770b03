"""Where the links of letters lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

#: Pages of ours, which are also what pages of a frontend's own are called unless settings say otherwise.
PATHS: Mapping[str, str] = {
    "verify_email": "/auth/verify",
    "reset_password": "/auth/reset-password",
    "claim_account": "/auth/claim",
    "change_email": "/auth/confirm-email",
    "accept_invitation": "/auth/invitation",
}


@dataclass(frozen=True, slots=True)
class Site:
    """An installation as its letters name it."""

    #: What it is called.
    app: str
    #: Where the frontend is.
    url: str
    #: Where the pages are that take secrets, and the path of each.
    pages_url: str
    paths: Mapping[str, str] = field(default_factory=lambda: PATHS)

    def link(self, template: str, asked: Mapping[str, str]) -> str:
        """The address of the page of a letter."""
        return f"{self.pages_url.rstrip('/')}{self.paths[template]}?{urlencode(asked)}"
