"""Tables that administrators keep: settings, categories, permissions and their record, and what was measured."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Date, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.modules.library.tables.kinds import APP_ROLE, PROFILES, RESOURCES, AppRole, LibraryNames
from app.tables import UUID, SQLModel, column, datetime, identifier, reference, stamp, tenant, words

_config = LibraryNames("admin_config")
_config_audit = LibraryNames("admin_config_audit_logs")
_categories = LibraryNames("category_hierarchy")
_filters = LibraryNames("category_filters")
_permissions = LibraryNames("permissions")
_role_permissions = LibraryNames("role_permissions")
_audit = LibraryNames("permission_audit_logs")
_events = LibraryNames("analytics_events")
_daily = LibraryNames("analytics_daily")


class AdminConfig(SQLModel, table=True):
    """A setting that administrators change while the library runs. Clients send ids of their own: the key decides."""

    __tablename__: ClassVar[Any] = _config.table
    __table_args__ = _config.args(_config.tenant, _config.unique("key"))
    tenant_id: UUID = tenant()
    id: str = column(Text(), default="(gen_random_uuid())::text")
    key: str = column(String(255))
    value: str = column(Text())
    description: str | None = column(Text(), null=True)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class AdminConfigAudit(SQLModel, table=True):
    """Who changed which setting from what to what. Only triggers write here; nobody updates it."""

    __tablename__: ClassVar[Any] = _config_audit.table
    __table_args__ = _config_audit.args(
        _config_audit.tenant,
        _config_audit.references("actor_user_id", PROFILES, on_delete="set null"),
        _config_audit.index("actor_user_id"),
        _config_audit.index("created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    actor_user_id: UUID | None = reference(null=True)
    key: str = column(String(255))
    #: None: there was no such setting.
    old_value: str | None = column(Text(), null=True)
    #: None: the setting was removed.
    new_value: str | None = column(Text(), null=True)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Category(SQLModel, table=True):
    """A category and its place under another. `order` and `order_index` are two names of one number."""

    __tablename__: ClassVar[Any] = _categories.table
    __table_args__ = _categories.args(
        _categories.tenant,
        _categories.references("parent_id", "category_hierarchy.id"),
        _categories.index("parent_id", "order_index"),
        _categories.index("parent_id", "lower(name)", name="name", unique=True, postgresql_nulls_not_distinct=True),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(String(255))
    parent_id: UUID | None = reference(null=True)
    description: str | None = column(Text(), null=True)
    order_index: int = column(Integer())
    order: int = column(Integer())
    is_active: bool = column(Boolean(), default="true")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class CategoryFilter(SQLModel, table=True):
    """A question that narrows a category down."""

    __tablename__: ClassVar[Any] = _filters.table
    __table_args__ = _filters.args(
        _filters.tenant,
        _filters.references("category_id", "category_hierarchy.id"),
        _filters.check("filter_type", "filter_type in ('text', 'select', 'multiselect', 'range', 'date')"),
        _filters.index("category_id", "order_index"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    category_id: UUID = reference()
    filter_key: str = column(String(255))
    filter_type: str = column(String(50))
    filter_label: str = column(String(255))
    filter_options: list[str] = words()
    is_required: bool = column(Boolean(), default="false")
    order_index: int = column(Integer())
    order: int = column(Integer())
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Permission(SQLModel, table=True):
    """Something that a role may be allowed to do, named `resource:action`."""

    __tablename__: ClassVar[Any] = _permissions.table
    __table_args__ = _permissions.args(_permissions.tenant, _permissions.unique("name"))
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(Text())
    resource: str = column(Text())
    action: str = column(Text())
    description: str | None = column(Text(), null=True)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class RolePermission(SQLModel, table=True):
    """A permission that a role has. Ranks do not inherit: each role has rows of its own."""

    __tablename__: ClassVar[Any] = _role_permissions.table
    __table_args__ = _role_permissions.args(
        _role_permissions.tenant,
        _role_permissions.references("permission_id", "permissions.id"),
        _role_permissions.unique("role", "permission_id"),
        _role_permissions.index("permission_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    role: AppRole = column(APP_ROLE)
    permission_id: UUID = reference()
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class PermissionAudit(SQLModel, table=True):
    """Who changed which permission. Only triggers write here; nobody updates it."""

    __tablename__: ClassVar[Any] = _audit.table
    __table_args__ = _audit.args(
        _audit.tenant,
        _audit.references("actor_user_id", PROFILES, on_delete="set null"),
        _audit.references("permission_id", "permissions.id", on_delete="set null"),
        _audit.check(
            "action",
            "action in ('PERMISSION_CREATED', 'PERMISSION_UPDATED', 'PERMISSION_DELETED', "
            "'PERMISSION_ASSIGNED', 'PERMISSION_REVOKED')",
        ),
        _audit.index("actor_user_id"),
        _audit.index("permission_id"),
        _audit.index("action", "created_at desc"),
        _audit.index("created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    actor_user_id: UUID | None = reference(null=True)
    action: str = column(Text())
    target_role: AppRole | None = column(APP_ROLE, null=True)
    permission_id: UUID | None = reference(null=True)
    permission_name: str | None = column(Text(), null=True)
    details: dict[str, Any] | None = column(JSONB(), null=True, name="metadata")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class AnalyticsEvent(SQLModel, table=True):
    """Something that happened and is counted. `user_id` comes from the caller, never from what they send."""

    __tablename__: ClassVar[Any] = _events.table
    __table_args__ = _events.args(
        _events.tenant,
        _events.references("user_id", PROFILES, on_delete="set null"),
        _events.references("resource_id", RESOURCES, on_delete="set null"),
        _events.index("event", "created_at desc"),
        _events.index("user_id", "created_at desc"),
        _events.index("resource_id", "created_at desc"),
        _events.index("created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    event: str = column(String(255))
    user_id: UUID | None = reference(null=True)
    resource_id: UUID | None = reference(null=True)
    details: dict[str, Any] | None = column(JSONB(), null=True, name="metadata")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class AnalyticsDay(SQLModel, table=True):
    """How often something happened on a day: in all (the nil id), and to each resource. Kept when events are not.

    No foreign key: what happened to a resource that is gone has happened.
    """

    __tablename__: ClassVar[Any] = _daily.table
    __table_args__ = _daily.args(
        _daily.tenant,
        _daily.index("event", "day"),
        primary_key=("tenant_id", "resource_id", "day", "event"),
    )
    tenant_id: UUID = tenant()
    resource_id: UUID = reference(default="'00000000-0000-0000-0000-000000000000'::uuid")
    day: date = column(Date())
    event: str = column(String(255))
    count: int = column(BigInteger())
    created_at: datetime = stamp()
    updated_at: datetime = stamp()
