"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "ALREADY_RATED": "The caller has rated this resource; `PUT` changes the mark.",
    "ALREADY_SAVED": "The caller keeps this resource at hand already.",
    "DUPLICATE_ENTRY": "There is such a row already.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "INVALID_VERSION": "Versions are numbered 1, 2, 3 …; the path says something else.",
    "NEWEST_VERSION": "Every version of a resource can be deleted but the newest.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "NOT_SAVED": "The caller does not keep this resource at hand.",
    "RATING_NOT_FOUND": "The caller has not rated this resource, or may not read it any more.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
    "RESOURCE_PERMISSION_NOT_FOUND": "No explicit right on this resource has this id.",
    "SHARE_NOT_FOUND": "This resource has no share with this id, or none with this user.",
    "VERSION_NOT_FOUND": "The resource has no version with this number.",
}
