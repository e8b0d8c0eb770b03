"""What routes of several subjects refuse. The errors of one subject alone are declared beside its routes.

Where routes have other words for one error, they say `SPEC.worded("…")`.
"""

from app.errors import ErrorSpec

RESOURCE_NOT_FOUND = ErrorSpec("RESOURCE_NOT_FOUND", 404, "Ressource non trouvée")
ACCESS_DENIED = ErrorSpec("ACCESS_DENIED", 403, "Accès refusé")
FOREIGN_KEY_CONSTRAINT = ErrorSpec("FOREIGN_KEY_CONSTRAINT", 400, "Référence invalide")
NOT_OWNER = ErrorSpec("NOT_OWNER", 403, "Vous n'êtes pas propriétaire de cette ressource")
INVALID_INPUT = ErrorSpec("INVALID_INPUT", 400, "Un utilisateur ou un groupe doit être spécifié")
GROUP_NOT_FOUND = ErrorSpec("GROUP_NOT_FOUND", 404, "Groupe non trouvé")
INSUFFICIENT_PERMISSIONS = ErrorSpec(
    "INSUFFICIENT_PERMISSIONS", 403, "Vous n'avez pas les permissions pour modifier ce groupe"
)
DUPLICATE_ENTRY = ErrorSpec("DUPLICATE_ENTRY", 409, "Cette ressource existe déjà")
NOT_FOUND = ErrorSpec("NOT_FOUND", 404, "Ressource non trouvée")
