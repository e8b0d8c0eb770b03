"""The providers that people may come from."""

from app import log
from app.accounts.context import Accounts
from app.accounts.oauth.errors import (
    INVALID_PROVIDER,
    OAUTH_NOT_CONFIGURED,
    PROVIDER_ANSWER_INVALID,
    PROVIDER_REFUSED,
    PROVIDER_UNREACHABLE,
    told,
)
from app.accounts.oauth.github import GitHub
from app.accounts.oauth.google import Google
from app.accounts.oauth.identity import Provider
from app.adapters.providers import Failure, ProviderError
from app.errors import AppError, ErrorSpec, refuse

NAMES = ("github", "google")
PROVIDER_FAILED = "provider_failed"
_TOLD: dict[Failure, ErrorSpec] = {
    "unreachable": PROVIDER_UNREACHABLE,
    "refused": PROVIDER_REFUSED,
    "garbage": PROVIDER_ANSWER_INVALID,
}
#: What the frontend is told word for word.
_TOLD_OF_GARBAGE = {"no access token": "Token d'accès non reçu"}


def configured(accounts: Accounts) -> tuple[str, ...]:
    """The names of those that this installation is registered with."""
    settings = accounts.settings.oauth
    ours = {"github": settings.github_client_id, "google": settings.google_client_id}
    return tuple(name for name in NAMES if ours[name])


def provider_of(accounts: Accounts, name: str) -> Provider:
    """A provider by its name, if we are registered there."""
    must_be_known(name)
    settings = accounts.settings.oauth
    provider: Provider = GitHub(settings) if name == "github" else Google(settings)
    if name not in configured(accounts):
        raise told(OAUTH_NOT_CONFIGURED, f"OAuth {provider.title} non configuré")
    return provider


def must_be_known(name: str) -> None:
    """Refuse the name of a provider that we know nothing of."""
    if name not in NAMES:
        raise refuse(INVALID_PROVIDER)


def failure(provider: str, error: ProviderError, request_id: str) -> AppError:
    """What somebody is told of a provider that failed; what was seen of it is for the log alone."""
    fields = {"request_id": request_id, "provider": provider, "failure": error.failure, "seen": error.seen}
    log.event(PROVIDER_FAILED, fields, level="warning")
    spec = _TOLD[error.failure]
    return told(spec, _TOLD_OF_GARBAGE.get(error.seen, spec.message)) if error.failure == "garbage" else refuse(spec)
