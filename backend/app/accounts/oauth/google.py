"""Google, or any provider that describes itself as OpenID Connect wants it."""

from collections.abc import Mapping
from typing import Any

from app.accounts.oauth.identity import LONGEST_USERNAME, Identity, email_of, picture_of, text_of
from app.adapters.openid import claims_of, described
from app.adapters.providers import Application, Conversation, Grant, Journey, ProviderClient, ProviderError, record
from app.settings import OauthSettings

_SCOPE = "openid email profile https://www.googleapis.com/auth/drive.file"
_LONGEST_ID = 255


class Google:
    """Google."""

    name = "google"
    title = "Google"

    def __init__(self, settings: OauthSettings) -> None:
        self._issuer = settings.google_issuer
        self._client_id = settings.google_client_id
        secret = settings.google_client_secret
        application = Application(self._client_id, secret.get_secret_value() if secret else "")
        self._client = ProviderClient(application, settings.timeout_seconds)

    async def address(self, journey: Journey, *, link: bool) -> str:
        """Where to send a browser."""
        async with self._client.conversation() as conversation:
            description = await described(conversation, self._issuer)
        # Refresh tokens come with the first consent only, unless it is asked for again.
        further = {"prompt": "consent select_account"} if link else {}
        return self._client.address(
            description.authorization, journey, _SCOPE, nonce=journey.nonce, access_type="offline", **further
        )

    async def identify(self, journey: Journey, code: str) -> tuple[Grant, Identity]:
        """Who came back with a code."""
        async with self._client.conversation() as conversation:
            description = await described(conversation, self._issuer)
            grant = await conversation.exchange(description.token, journey, code)
            claims = await claims_of(conversation, grant, journey, issuer=self._issuer, client_id=self._client_id)
            if "email" not in claims:
                claims = await _completed(conversation, description.userinfo, grant, claims)
            return grant, _identity(claims)

    async def refresh(self, refresh_token: str) -> Grant:
        """Newer tokens."""
        async with self._client.conversation() as conversation:
            description = await described(conversation, self._issuer)
            return await conversation.refresh(description.token, refresh_token)


async def _completed(
    conversation: Conversation, url: str, grant: Grant, claims: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The claims with what is told elsewhere, if it is told of the same person."""
    _, found = await conversation.get(url, grant.access_token)
    told = record(found)
    if told is None or told.get("sub") != claims["sub"]:
        raise ProviderError("garbage", "userinfo of another")
    return {**told, **claims}


def _identity(claims: Mapping[str, Any]) -> Identity:
    sub = claims["sub"]
    if not isinstance(sub, str) or not 0 < len(sub) <= _LONGEST_ID or text_of(sub, _LONGEST_ID) != sub:
        raise ProviderError("garbage", "no id")
    email = email_of(claims.get("email")) if claims.get("email_verified") is True else None
    username = text_of(email.partition("@")[0], LONGEST_USERNAME) if email else None
    return Identity(sub, email, username, text_of(claims.get("name")) or username, picture_of(claims.get("picture")))
