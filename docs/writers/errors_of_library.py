"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "DUPLICATE_ENTRY": "There is such a row already.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "JOB_ALREADY_DONE": "What was done is not done again.",
    "JOB_IN_HAND": "A worker is at it; it can be tried again once it has failed.",
    "JOB_NOT_FOUND": "No job of the tenant has this id. Jobs of no tenant are seen in the default one.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
}
