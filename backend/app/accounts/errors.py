"""What accounts refuse, in the words that the frontend shows."""

from app.errors import ErrorSpec

AUTH_TOKEN_MISSING = ErrorSpec("AUTH_TOKEN_MISSING", 401, "Token d'authentification manquant")
AUTH_TOKEN_INVALID = ErrorSpec("AUTH_TOKEN_INVALID", 401, "Token invalide ou expiré")
INSUFFICIENT_ROLE = ErrorSpec("INSUFFICIENT_ROLE", 403, "Accès refusé - Rôle insuffisant")
INVALID_CREDENTIALS = ErrorSpec("INVALID_CREDENTIALS", 401, "Email ou mot de passe incorrect")
EMAIL_TAKEN = ErrorSpec("EMAIL_TAKEN", 409, "Cet email est déjà utilisé")
USERNAME_TAKEN = ErrorSpec("USERNAME_TAKEN", 409, "Ce nom d'utilisateur est déjà pris")
WEAK_PASSWORD = ErrorSpec("WEAK_PASSWORD", 400, "Mot de passe trop faible")
SIGN_UP_CLOSED = ErrorSpec("SIGN_UP_CLOSED", 403, "Les inscriptions sont fermées")
EMAIL_NOT_VERIFIED = ErrorSpec("EMAIL_NOT_VERIFIED", 403, "Veuillez d'abord vérifier votre adresse email")
NOT_A_MEMBER = ErrorSpec("NOT_A_MEMBER", 403, "Vous n'êtes pas membre de cet espace")
REFRESH_TOKEN_REQUIRED = ErrorSpec("REFRESH_TOKEN_REQUIRED", 400, "Refresh token requis")
INVALID_REFRESH_TOKEN = ErrorSpec("INVALID_REFRESH_TOKEN", 401, "Refresh token invalide ou expiré")
USER_NOT_FOUND = ErrorSpec("USER_NOT_FOUND", 404, "Utilisateur non trouvé")
INVALID_LINK = ErrorSpec("INVALID_LINK", 400, "Ce lien n'est pas valide ou a expiré")
SECOND_FACTOR_REQUIRED = ErrorSpec("SECOND_FACTOR_REQUIRED", 403, "Code de vérification requis")
