"""What backups refuse, in the words that administrators are shown."""

from app.errors import ErrorSpec

BACKUP_DISABLED = ErrorSpec("BACKUP_DISABLED", 403, "Backup désactivé")
BACKUP_RUNNING = ErrorSpec("BACKUP_RUNNING", 409, "Un backup ou une restauration est déjà en cours")
BACKUP_FAILED = ErrorSpec("BACKUP_FAILED", 500, "Le backup a échoué")
BACKUP_NOT_FOUND = ErrorSpec("BACKUP_NOT_FOUND", 404, "Fichier de backup non trouvé")
BACKUP_DAMAGED = ErrorSpec("BACKUP_DAMAGED", 409, "Ce backup est endommagé")
RESTORE_DISABLED = ErrorSpec("RESTORE_DISABLED", 403, "Restauration désactivée")
RESTORE_FAILED = ErrorSpec("RESTORE_FAILED", 500, "La restauration a échoué")
DATABASE_EXISTS = ErrorSpec("DATABASE_EXISTS", 409, "There is a database of this name already.")
