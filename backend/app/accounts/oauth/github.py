"""GitHub: OAuth 2, with addresses that are looked up besides."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.accounts.oauth.identity import LONGEST_USERNAME, Identity, email_of, picture_of, text_of
from app.adapters.providers import Application, Grant, Journey, ProviderClient, ProviderError, record, records
from app.settings import OauthSettings

_SCOPE = "read:user user:email repo"


class GitHub:
    """GitHub, or an installation of it."""

    name = "github"
    title = "GitHub"

    def __init__(self, settings: OauthSettings) -> None:
        self._url = settings.github_url.rstrip("/")
        self._api = settings.github_api_url.rstrip("/")
        secret = settings.github_client_secret
        application = Application(settings.github_client_id, secret.get_secret_value() if secret else "")
        self._client = ProviderClient(application, settings.timeout_seconds)

    async def address(self, journey: Journey, *, link: bool) -> str:
        """Where to send a browser."""
        # Whoever links another account must be able to choose it.
        further = {"prompt": "select_account"} if link else {}
        return self._client.address(f"{self._url}/login/oauth/authorize", journey, _SCOPE, **further)

    async def identify(self, journey: Journey, code: str) -> tuple[Grant, Identity]:
        """Who came back with a code."""
        async with self._client.conversation() as conversation:
            grant = await conversation.exchange(self._token_url, journey, code)
            status, found = await conversation.get(f"{self._api}/user", grant.access_token)
            user = record(found)
            if user is None:
                raise ProviderError("refused", f"status {status} of the user")
            _, listed = await conversation.get(f"{self._api}/user/emails", grant.access_token)
            return grant, _identity(user, records(listed))

    async def refresh(self, refresh_token: str) -> Grant:
        """Newer tokens, where the application has tokens that expire."""
        async with self._client.conversation() as conversation:
            return await conversation.refresh(self._token_url, refresh_token)

    @property
    def _token_url(self) -> str:
        return f"{self._url}/login/oauth/access_token"


def _identity(user: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> Identity:
    number = user.get("id")
    if type(number) is not int or not 0 < number < 2**63:
        raise ProviderError("garbage", "no id")
    login = text_of(user.get("login"), LONGEST_USERNAME)
    return Identity(
        str(number),
        _verified(listed),
        login,
        text_of(user.get("name")) or login,
        picture_of(user.get("avatar_url")),
        {"github_username": login} if login else {},
    )


def _verified(listed: Sequence[Mapping[str, Any]]) -> str | None:
    """The one address that is both the main one and verified: what a profile shows is nothing but a claim."""
    for entry in listed:
        if entry.get("primary") is True and entry.get("verified") is True:
            return email_of(entry.get("email"))
    return None
