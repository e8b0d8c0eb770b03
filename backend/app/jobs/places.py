"""Where this installation is, for the links of its messages: told by settings, never by a request.

Whoever asks for a message chooses the host that they ask; a link made of it would lead to theirs.
"""

from email.utils import parseaddr

from app.jobs.letters import Site
from app.settings import Settings

_ANYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - not what is listened on, but what cannot be gone to


def site_of(settings: Settings) -> Site:
    """The site that letters speak of."""
    mail = settings.mail
    app = parseaddr(mail.sender)[0] or "Relais"
    if not mail.pages_url:
        return Site(app, settings.auth.site_url, own_url(settings))
    paths = {
        "verify_email": mail.verify_path,
        "reset_password": mail.reset_path,
        "claim_account": mail.claim_path,
        "change_email": mail.change_path,
        "accept_invitation": mail.invitation_path,
    }
    return Site(app, settings.auth.site_url, mail.pages_url, paths)


def own_url(settings: Settings) -> str:
    """Where browsers reach this API."""
    if settings.oauth.callback_url:
        return settings.oauth.callback_url.rstrip("/")
    if settings.environment == "production":
        # Behind a proxy, which has both under one address.
        return settings.auth.site_url.rstrip("/")
    host = "localhost" if settings.server.host in _ANYWHERE else settings.server.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
