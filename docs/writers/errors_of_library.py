"""What the errors of the library's routes mean, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_LIBRARY: Final[Mapping[str, str]] = {
    "COLLECTION_NOT_FOUND": "No collection has this id, or it is somebody else's private one.",
    "COMMENT_NOT_FOUND": "No comment has this id, or the caller may not read what it is on.",
    "ALREADY_APPROVED": "The same was proposed before and approved; capitals make no difference.",
    "ALREADY_PENDING": "The same was proposed before and waits for its votes; capitals make no difference.",
    "CATEGORY_HAS_CHILDREN": "Only categories with none under them are deleted.",
    "CATEGORY_IS_OWN_PARENT": "A category was to be put under itself.",
    "CATEGORY_LOOP": "A category was to be put under one that lies under it.",
    "CATEGORY_NOT_FOUND": "No category has this id.",
    "DUPLICATE_ENTRY": "There is such a row already.",
    "FILTER_NOT_FOUND": "No filter of a category has this id.",
    "GROUP_NOT_FOUND": "No group has this id, or it is not shown to the caller.",
    "INSUFFICIENT_PERMISSIONS": "The group is managed by its owner and its administrators.",
    "INVALID_INPUT": "Exactly one user or one group has to be named.",
    "INVALID_PARENT": "A reply has to be on the resource that the comment is on.",
    "NOTIFICATION_NOT_FOUND": "No notification of the caller's has this id.",
    "NOT_FOUND": "There is no such row.",
    "NOT_OWNER": "The row can be read by the caller, but is not theirs to change.",
    "OWNER_CANNOT_LEAVE": "Whoever owns a group is in it. Delete the group instead.",
    "PARENT_COMMENT_NOT_FOUND": "The comment that was answered does not exist, or not any more.",
    "PROFILE_NOT_FOUND": "No member of the library has this id or this user name.",
    "RESOURCE_ALREADY_IN_COLLECTION": "A collection holds a resource once.",
    "RESOURCE_ID_REQUIRED": "The body does not say which resource to add.",
    "PARENT_CATEGORY_NOT_FOUND": "The category to put another one under is not there.",
    "RESOURCE_NOT_FOUND": "No resource has this id, or the caller may not read it: the two are not told apart.",
    "SUGGESTION_NOT_FOUND": "No suggestion has this id.",
    "TEMPLATE_NOT_FOUND": "No template has this id, or the caller may not read it: the two are not told apart.",
    "UNKNOWN_FUNCTION": "No function with this name takes arguments of these names.",
    "VOTE_NOT_FOUND": "The caller has no vote on this suggestion, or there is no such suggestion.",
}
