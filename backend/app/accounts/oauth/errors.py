"""What signing in with a provider refuses. A browser on its way back is shown the message by the frontend."""

from app.errors import AppError, ErrorSpec, refuse

INVALID_PROVIDER = ErrorSpec("INVALID_PROVIDER", 400, "Provider invalide")
OAUTH_NOT_CONFIGURED = ErrorSpec("OAUTH_NOT_CONFIGURED", 503, "OAuth non configuré")
REDIRECT_NOT_ALLOWED = ErrorSpec("REDIRECT_NOT_ALLOWED", 400, "Adresse de retour non autorisée")
OAUTH_STATE_INVALID = ErrorSpec(
    "OAUTH_STATE_INVALID", 400, "Cette tentative de connexion n'est pas valide ou a expiré, veuillez réessayer"
)
OAUTH_CODE_MISSING = ErrorSpec("OAUTH_CODE_MISSING", 400, "Code manquant")
OAUTH_DENIED = ErrorSpec("OAUTH_DENIED", 400, "Connexion annulée")
PROVIDER_REFUSED = ErrorSpec("PROVIDER_REFUSED", 400, "Le fournisseur a refusé la connexion, veuillez réessayer")
PROVIDER_UNREACHABLE = ErrorSpec(
    "PROVIDER_UNREACHABLE", 502, "Le fournisseur ne répond pas, veuillez réessayer plus tard"
)
PROVIDER_ANSWER_INVALID = ErrorSpec("PROVIDER_ANSWER_INVALID", 502, "Réponse du fournisseur illisible")
PROVIDER_EMAIL_MISSING = ErrorSpec("PROVIDER_EMAIL_MISSING", 400, "Email non disponible")
ACCOUNT_DISABLED = ErrorSpec("ACCOUNT_DISABLED", 403, "Ce compte est désactivé")
UNPROVEN_ACCOUNT = ErrorSpec(
    "UNPROVEN_ACCOUNT",
    409,
    "Un compte existe déjà avec cet email. Connectez-vous avec votre mot de passe, ou réinitialisez-le, puis liez votre"
    " compte depuis votre profil",
)
LINKED_TO_ANOTHER = ErrorSpec("LINKED_TO_ANOTHER", 409, "Ce compte est déjà lié à un autre utilisateur")
LINK_NOT_PROVEN = ErrorSpec("LINK_NOT_PROVEN", 403, "Veuillez vous reconnecter avant de lier un compte")
#: For frontends that send a browser off without a ticket: there is another way, which takes none.
LINK_BY_SIGNING_IN = (
    "Pour lier ce compte, déconnectez-vous puis connectez-vous avec lui : il sera lié au vôtre si leurs adresses email"
    " sont les mêmes et vérifiées"
)
INVALID_SIGN_IN_CODE = ErrorSpec("INVALID_SIGN_IN_CODE", 400, "Ce code de connexion n'est pas valide ou a expiré")
OAUTH_ACCOUNT_NOT_FOUND = ErrorSpec("OAUTH_ACCOUNT_NOT_FOUND", 404, "Compte OAuth non trouvé")
UNAUTHORIZED = ErrorSpec("UNAUTHORIZED", 403, "Vous n'êtes pas autorisé à modifier ce compte")
FORBIDDEN = ErrorSpec("FORBIDDEN", 403, "Accès non autorisé")
LAST_SIGN_IN_METHOD = ErrorSpec(
    "LAST_SIGN_IN_METHOD",
    409,
    "Impossible de délier votre dernier moyen de connexion. Définissez d'abord un mot de passe",
)
UNSUPPORTED_PROVIDER = ErrorSpec("UNSUPPORTED_PROVIDER", 400, "Provider non supporté pour le rafraîchissement")
TOKEN_EXPIRED = ErrorSpec("TOKEN_EXPIRED", 401, "Token expiré et aucun refresh token disponible")
TOKEN_REFRESH_ERROR = ErrorSpec("TOKEN_REFRESH_ERROR", 500, "Erreur lors du rafraîchissement du token")


def told(spec: ErrorSpec, message: str) -> AppError:
    """A refusal of a declared kind in other words."""
    return AppError(spec.code, spec.status, message)


def must(condition: object, spec: ErrorSpec) -> None:
    """Refuse unless something is the case."""
    if not condition:
        raise refuse(spec)
