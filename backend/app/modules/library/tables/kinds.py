"""The closed sets of the library: Python enums and the PostgreSQL types that hold them.

Ranked ones are declared lowest first, because PostgreSQL compares enum values in the order of their declaration.

No index leads with one of these types: comparing enums is not leak-proof in PostgreSQL's eyes, so that under row
security such a condition is tried after the policies and never picks an index. The order of a list picks it instead.
"""

from enum import StrEnum

from app.tables import TableNames, enum_type

SCHEMA = "library"


class AppRole(StrEnum):
    """Rank within the library, lowest first."""

    GUEST = "guest"
    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class GroupRole(StrEnum):
    """Rank within a group, lowest first."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class ResourceType(StrEnum):
    """What a resource points at."""

    FILE_UPLOAD = "file_upload"
    EXTERNAL_LINK = "external_link"
    GITHUB_REPO = "github_repo"


class ResourceVisibility(StrEnum):
    """Whom a resource is meant for. A share opens it to its target whatever this says."""

    PUBLIC = "public"
    PRIVATE = "private"
    SHARED_USERS = "shared_users"
    SHARED_GROUPS = "shared_groups"


class SuggestionType(StrEnum):
    """What is proposed."""

    CATEGORY = "category"
    TAG = "tag"
    RESOURCE_TYPE = "resource_type"
    FILTER = "filter"


class SuggestionStatus(StrEnum):
    """What became of a proposal."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class VoteType(StrEnum):
    """For or against."""

    UPVOTE = "upvote"
    DOWNVOTE = "downvote"


class PermissionType(StrEnum):
    """What a share allows."""

    READ = "read"
    WRITE = "write"


APP_ROLE = enum_type(SCHEMA, "app_role", AppRole)
GROUP_ROLE = enum_type(SCHEMA, "group_role", GroupRole)
RESOURCE_TYPE = enum_type(SCHEMA, "resource_type", ResourceType)
RESOURCE_VISIBILITY = enum_type(SCHEMA, "resource_visibility", ResourceVisibility)
SUGGESTION_TYPE = enum_type(SCHEMA, "suggestion_type", SuggestionType)
SUGGESTION_STATUS = enum_type(SCHEMA, "suggestion_status", SuggestionStatus)
VOTE_TYPE = enum_type(SCHEMA, "vote_type", VoteType)
PERMISSION_TYPE = enum_type(SCHEMA, "permission_type", PermissionType)

PROFILES, RESOURCES, GROUPS = "profiles.user_id", "resources.id", "groups.id"
TENANTS, USERS = "relais.tenants.id", "relais.users.id"
CALLER = "relais.user_id()"


class LibraryNames(TableNames):
    """Constraint names of one of the library's tables, every one of which a tenant owns."""

    def __init__(self, table: str) -> None:
        super().__init__(SCHEMA, table)
        self.tenant = self.references_global("tenant_id", TENANTS)
