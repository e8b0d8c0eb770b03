"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "DUPLICATE_ENTRY": "There is such a row already.",
    "FILE_NOT_FOUND": "No file has this name, or the caller may not read it: the two are not told apart.",
    "FILE_QUOTA_EXCEEDED": "The files of the user come to `RELAIS_FILES_QUOTA_BYTES`.",
    "FILE_TOO_LARGE": "The file is longer than `RELAIS_FILES_MAX_BYTES`.",
    "FILE_TYPE_MISMATCH": "The content of the file is not of the type that was declared.",
    "FILE_TYPE_REFUSED": "The file is of a type that `RELAIS_FILES_TYPES` leaves out.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INVALID_FILE_LINK": "The signature of the link does not fit, or its time is over.",
    "INVALID_FILE_NAME": "The name of a file holds `..`, `/` or a backslash.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "NO_FILE": "The request is no form, or its field `file` holds no file.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "RANGE_NOT_SATISFIABLE": "No byte of the file is in the range that was asked for.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
    "STORAGE_UNAVAILABLE": "The disk or the bucket of the files failed or did not answer in time.",
    "TOO_MANY_FILES": "A form holds one file.",
}
