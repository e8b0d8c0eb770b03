"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "BACKUP_DAMAGED": "A file of the backup is missing or not what was written, or what came back is not what its"
    " manifest counts; `details` says which. Nothing was changed.",
    "BACKUP_DISABLED": "`RELAIS_BACKUP_BY_API` is off. `relais backup create` works all the same.",
    "BACKUP_FAILED": "`pg_dump` could not do it; `details` says why, `hint` what to set. Nothing is left of it.",
    "BACKUP_NOT_FOUND": "There is no backup of this name. Names are those of the list: no paths.",
    "BACKUP_RUNNING": "Somebody makes a backup or brings one back. Ask again when that is done.",
    "DATABASE_EXISTS": "Only `relais backup restore` says it: `--into` names a database that is there. Nothing is"
    " overwritten.",
    "DUPLICATE_ENTRY": "There is such a row already.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "INVALID_ROLE": "Ranks are `super_admin`, `admin`, `moderator`, `user` and `guest`.",
    "LAST_SUPER_ADMIN": "Somebody else has to be super administrator first.",
    "METRICS_CLOSED": "Figures are told to the machine itself, and to whoever sends the token of"
    " `RELAIS_HTTP_METRICS_TOKEN`.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
    "RESTORE_DISABLED": "`RELAIS_BACKUP_RESTORE_BY_API` is off, as it is unless it was set. `relais backup restore`"
    " works all the same.",
    "RESTORE_FAILED": "The backup could not be brought back; `details` says why. The database is the one of before.",
}
