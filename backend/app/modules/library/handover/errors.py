"""What handing over refuses, and what somebody is told of a provider that did not do as it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.accounts.oauth.errors import FORBIDDEN as NOT_YOURS
from app.accounts.oauth.errors import TOKEN_EXPIRED
from app.adapters.rest import RestError
from app.errors import AppError, ErrorSpec, refuse

FORBIDDEN = NOT_YOURS.worded("Vous n'êtes pas autorisé à partager cette ressource")
GITHUB_ACCOUNT_NOT_FOUND = ErrorSpec("GITHUB_ACCOUNT_NOT_FOUND", 404, "Aucun compte GitHub lié")
GOOGLE_ACCOUNT_NOT_FOUND = ErrorSpec("GOOGLE_ACCOUNT_NOT_FOUND", 404, "Aucun compte Google lié")
GITHUB_API_ERROR = ErrorSpec("GITHUB_API_ERROR", 502, "GitHub ne répond pas, veuillez réessayer plus tard")
GOOGLE_DRIVE_API_ERROR = ErrorSpec(
    "GOOGLE_DRIVE_API_ERROR", 502, "Google Drive ne répond pas, veuillez réessayer plus tard"
)
INSUFFICIENT_OAUTH_SCOPES = ErrorSpec("INSUFFICIENT_OAUTH_SCOPES", 403, "Scopes OAuth insuffisants")
RESOURCE_FILE_UNREADABLE = ErrorSpec(
    "RESOURCE_FILE_UNREADABLE", 409, "Le fichier de cette ressource ne peut pas être lu"
)
RESOURCE_FILE_TOO_LARGE = ErrorSpec("RESOURCE_FILE_TOO_LARGE", 413, "Le fichier de cette ressource est trop volumineux")
_UNAUTHORIZED = 401
#: What their refusals are called here; a status that is not listed is nobody's fault but ours, and told as theirs.
_WORDS: Mapping[int, str] = {
    400: "{title} a refusé la demande",
    403: "{title} refuse l'accès",
    404: "Introuvable sur {title}",
    409: "{title} signale un conflit, veuillez réessayer",
    422: "{title} a refusé la demande",
}
_AS: Mapping[int, int] = {301: 404, 302: 404, 307: 404, 308: 404, 410: 404, 412: 409, 413: 422, 451: 403}
_LIMITED = "{title} limite les demandes, veuillez réessayer plus tard"
_GARBAGE = "Réponse de {title} illisible"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where resources are handed over to, and what is said of it."""

    name: str
    title: str
    #: What the account that is linked is called.
    account: str
    not_linked: ErrorSpec
    failed: ErrorSpec

    def refusals(self) -> tuple[ErrorSpec, ...]:
        """What its failures become, for descriptions of routes."""
        code = self.failed.code
        known = [ErrorSpec(code, status, self._said(words), is_wording=True) for status, words in _WORDS.items()]
        limited = ErrorSpec(code, 429, self._said(_LIMITED), is_wording=True)
        return (*known, limited, self.failed, TOKEN_EXPIRED, self.not_linked)

    def refusal(self, error: RestError) -> AppError:
        """What somebody is told of a failure: in their language, with the provider's own words in the details."""
        if error.status == _UNAUTHORIZED:
            message = f"{TOKEN_EXPIRED.message}. Veuillez re-lier votre compte {self.account}."
            return refuse(TOKEN_EXPIRED.worded(message))
        status, message = self._told(error)
        details = {"status": error.status, "message": error.message} if error.status else None
        told = AppError(self.failed.code, status, message, details)
        if error.retry_after is not None:
            told.headers = {"Retry-After": str(error.retry_after)}
            told.extra = {"retryAfter": error.retry_after}
        return told

    def lacks(self, operation: str, scopes: tuple[str, ...]) -> AppError:
        """What somebody is told whose linked account does not let us do what they want."""
        message = (
            f"{INSUFFICIENT_OAUTH_SCOPES.message} pour {operation}. Scopes requis: {', '.join(scopes)}. Veuillez"
            f" re-lier votre compte {self.account} avec les permissions appropriées."
        )
        return refuse(INSUFFICIENT_OAUTH_SCOPES.worded(message))

    def _told(self, error: RestError) -> tuple[int, str]:
        if error.failure == "limited":
            return 429, self._said(_LIMITED)
        if error.failure == "garbage":
            return 502, self._said(_GARBAGE)
        status = _AS.get(error.status, error.status)
        words = _WORDS.get(status) if error.failure == "refused" else None
        return (self.failed.status, self.failed.message) if words is None else (status, self._said(words))

    def _said(self, words: str) -> str:
        return words.format(title=self.title)


GITHUB = Provider("github", "GitHub", "GitHub", GITHUB_ACCOUNT_NOT_FOUND, GITHUB_API_ERROR)
GOOGLE = Provider("google", "Google Drive", "Google", GOOGLE_ACCOUNT_NOT_FOUND, GOOGLE_DRIVE_API_ERROR)
