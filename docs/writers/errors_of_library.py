"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "DUPLICATE_ENTRY": "There is such a row already.",
    "GITHUB_ACCOUNT_NOT_FOUND": "The caller has linked no account at GitHub.",
    "GITHUB_API_ERROR": "GitHub refused (the status is GitHub's) or failed (502); `details` holds its own status and"
    " words. 429 says in `Retry-After` when to ask again. `details.left` names what could not be taken back.",
    "GOOGLE_ACCOUNT_NOT_FOUND": "The caller has linked no account at Google.",
    "GOOGLE_DRIVE_API_ERROR": "Google Drive refused or failed: told like `GITHUB_API_ERROR`.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INSUFFICIENT_OAUTH_SCOPES": "The linked account was not given the right that the operation takes; `message` names"
    " it. Link the account again.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "RESOURCE_FILE_TOO_LARGE": "The file of the resource is larger than `RELAIS_HANDOVER_FILE_LIMIT_BYTES`.",
    "RESOURCE_FILE_UNREADABLE": "The resource names a file that is neither in its row nor stored with us.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
}
