"""The rows of the matrix for the library's tables."""

from .matrix import (
    ADMINS,
    CLOSED,
    EVERYBODY,
    GUEST,
    MODERATORS,
    OWNER,
    READERS,
    SEALED,
    SIGNED_IN,
    SUPER,
    TENANT_MEMBERS,
    Row,
    only,
)

PEOPLE = (
    Row(
        "library.profiles", "id = <owner>",
        "insert into library.profiles (user_id) values (<foreigner>)", "bio = 'x'",
        select=EVERYBODY, insert=CLOSED, update=OWNER | ADMINS, delete=CLOSED,
    ),
    Row(
        "library.profile_preferences", "user_id = <owner>",
        "insert into library.profile_preferences (user_id) values ({me})", "preferred_layout = 'list'",
        before="delete from library.profile_preferences where user_id = {me}", public=False,
        select=OWNER | ADMINS, insert=SIGNED_IN | GUEST, update=OWNER, delete=CLOSED,
    ),
    Row(
        "library.user_roles", "user_id = <owner>",
        "insert into library.user_roles (user_id, role) values (<owner>, 'moderator')", "role = 'moderator'",
        before="delete from library.user_roles where user_id = <owner>", public=False, scenario="a user's",
        select=OWNER | ADMINS, insert=ADMINS, update=ADMINS, delete=ADMINS,
    ),
    Row(
        "library.user_roles", "user_id = <admin>",
        "insert into library.user_roles (user_id, role) values (<owner>, 'admin')", "role = 'user'",
        before="delete from library.user_roles where user_id = <owner>", public=False, scenario="an administrator's",
        select=ADMINS, insert=SUPER, update=SUPER, delete=SUPER,
    ),
    Row(
        "library.groups", "id = <group>",
        "insert into library.groups (name, owner_id) values ('New', {me})", "name = 'x'", public=False,
        select=OWNER | only("member") | ADMINS, insert=SIGNED_IN, update=OWNER | ADMINS, delete=OWNER | ADMINS,
    ),
    Row(
        "library.group_members", "id = <membership>",
        "insert into library.group_members (group_id, user_id) values (<group>, <other>)", "role = 'admin'",
        public=False,
        select=OWNER | only("member") | ADMINS, insert=OWNER | ADMINS, update=OWNER | ADMINS,
        delete=OWNER | only("member") | ADMINS,
    ),
    Row(
        "library.notifications", "id = <notification>",
        "insert into library.notifications (user_id, type, title, message) values ({me}, 'info', 'T', 'M')",
        "is_read = true", public=False,
        select=OWNER, insert=CLOSED, update=OWNER, delete=OWNER,
    ),
)  # fmt: skip

RESOURCES = (
    Row(
        "library.resources", "id = <public>",
        "insert into library.resources (user_id, title, description) values ({me}, 'T', 'D')", "title = 'x'",
        scenario="public",
        select=EVERYBODY, insert=SIGNED_IN, update=OWNER | ADMINS, delete=OWNER | MODERATORS,
    ),
    Row(
        "library.resources", "id = <private>",
        "insert into library.resources (user_id, title, description) values (<owner>, 'T', 'D')", "title = 'x'",
        scenario="private and shared",
        select=READERS, insert=OWNER, update=OWNER | only("writer") | ADMINS, delete=OWNER | MODERATORS,
    ),
    Row(
        "library.resource_versions", "id = <version>",
        "insert into library.resource_versions (resource_id, title, description, created_by)"
        " values (<private>, 'T', 'D', {me})", "change_summary = 'x'",
        select=READERS, insert=OWNER | only("writer") | ADMINS, update=CLOSED, delete=OWNER,
    ),
    Row(
        "library.resource_shares", "id = <share>",
        "insert into library.resource_shares (resource_id, shared_with_user_id) values (<private>, <other>)",
        "permission = 'write'", public=False, scenario="with a user",
        select=OWNER | only("shared"), insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.resource_shares", "id = <group share>",
        "insert into library.resource_shares (resource_id, shared_with_group_id) values (<private>, <group>)",
        "permission = 'write'", public=False, scenario="with a group",
        before="delete from library.resource_shares where id = <group share>",
        select=OWNER | only("member"), insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.resource_permissions", "id = <resource permission>",
        "insert into library.resource_permissions (resource_id, user_id, permission) values (<private>,"
        " <other>, 'read')",
        "permission = 'write'", public=False,
        select=OWNER | ADMINS, insert=OWNER | ADMINS, update=OWNER | ADMINS, delete=OWNER | ADMINS,
    ),
    Row(
        "library.resource_templates", "id = <public template>",
        "insert into library.resource_templates (name, created_by) values ('T', {me})", "name = 'x'", scenario="public",
        select=EVERYBODY, insert=SIGNED_IN, update=OWNER, delete=OWNER | MODERATORS,
    ),
    Row(
        "library.resource_templates", "id = <private template>",
        "insert into library.resource_templates (name, created_by) values ('T', <owner>)", "name = 'x'",
        scenario="private",
        select=OWNER, insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.files", "id = <file>",
        "insert into library.files (file_name, original_name, mime_type, size, uploaded_by)"
        " values ('n', 'n', 'text/plain', 1, {me})", "original_name = 'x'", scenario="free",
        select=OWNER | ADMINS, insert=CLOSED, update=CLOSED, delete=OWNER | ADMINS,
    ),
    Row(
        "library.files", "id = <private file>",
        "insert into library.files (file_name, original_name, mime_type, size, uploaded_by, resource_id)"
        " values ('n', 'n', 'text/plain', 1, {me}, <private>)", "original_name = 'x'",
        scenario="of a private resource",
        select=READERS, insert=CLOSED, update=CLOSED, delete=OWNER | ADMINS,
    ),
)  # fmt: skip

COMMUNITY = (
    Row(
        "library.saved_resources", "id = <save>",
        "insert into library.saved_resources (user_id, resource_id) values ({me}, <private>)", "created_at = now()",
        public=False,
        select=OWNER, insert=READERS, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.resource_ratings", "id = <public rating>",
        "insert into library.resource_ratings (user_id, resource_id, rating) values ({me}, <public>, 3)", "rating = 1",
        before="delete from library.resource_ratings where user_id = {me}", scenario="of a public resource",
        select=EVERYBODY, insert=TENANT_MEMBERS, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.resource_ratings", "id = <private rating>",
        "insert into library.resource_ratings (user_id, resource_id, rating) values ({me}, <private>, 3)", "rating = 1",
        before="delete from library.resource_ratings where user_id = {me}", scenario="of a private resource",
        select=READERS, insert=READERS, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.resource_comments", "id = <public comment>",
        "insert into library.resource_comments (user_id, resource_id, content) values ({me}, <public>, 'C')",
        "content = 'x'", scenario="on a public resource",
        select=EVERYBODY, insert=TENANT_MEMBERS, update=OWNER | ADMINS, delete=OWNER | MODERATORS,
    ),
    Row(
        "library.resource_comments", "id = <private comment>",
        "insert into library.resource_comments (user_id, resource_id, content) values ({me}, <private>, 'C')",
        "content = 'x'", scenario="on a private resource",
        select=READERS, insert=READERS, update=OWNER | ADMINS, delete=OWNER | MODERATORS,
    ),
    Row(
        "library.collections", "id = <collection>",
        "insert into library.collections (user_id, name) values ({me}, 'C')", "name = 'x'", scenario="public",
        select=EVERYBODY, insert=SIGNED_IN, update=OWNER | ADMINS, delete=OWNER | ADMINS,
    ),
    Row(
        "library.collections", "id = <private collection>",
        "insert into library.collections (user_id, name) values (<owner>, 'C')", "name = 'x'", scenario="private",
        select=OWNER, insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.collection_resources", "id = <public entry>",
        "insert into library.collection_resources (collection_id, resource_id) values (<collection>, <public>)",
        "\"order\" = 9", before="delete from library.collection_resources", scenario="public",
        select=EVERYBODY, insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.collection_resources", "id = <private entry>",
        "insert into library.collection_resources (collection_id, resource_id) values (<collection>, <private>)",
        "\"order\" = 9", before="delete from library.collection_resources",
        scenario="a private resource in a public collection",
        select=READERS, insert=OWNER, update=OWNER, delete=OWNER,
    ),
    Row(
        "library.category_tag_suggestions", "id = <suggestion>",
        "insert into library.category_tag_suggestions (name, type, suggested_by) values ('New', 'tag', {me})",
        "description = 'x'", scenario="one's own",
        select=EVERYBODY, insert=SIGNED_IN, update=MODERATORS, delete=ADMINS,
    ),
    Row(
        "library.category_tag_suggestions", "id = <suggestion>",
        "insert into library.category_tag_suggestions (name, type, suggested_by) values ('New', 'tag', <owner>)",
        "votes_count = 99", scenario="in another name",
        select=EVERYBODY, insert=OWNER | MODERATORS, update=MODERATORS, delete=ADMINS,
    ),
    Row(
        "library.suggestion_votes", "id = <vote>",
        "insert into library.suggestion_votes (suggestion_id, user_id) values (<suggestion>, {me})",
        "vote_type = 'downvote'", before="delete from library.suggestion_votes",
        select=EVERYBODY, insert=TENANT_MEMBERS, update=OWNER, delete=OWNER,
    ),
)  # fmt: skip

ADMINISTRATION = (
    Row(
        "library.admin_config", "tenant_id = <home> and key = 'consider_downvotes'",
        "insert into library.admin_config (key, value) values ('new', '1')", "value = 'false'", public=False,
        select=TENANT_MEMBERS | GUEST, insert=ADMINS, update=ADMINS, delete=ADMINS,
    ),
    Row(
        "library.admin_config_audit_logs", "id = <config audit>",
        "insert into library.admin_config_audit_logs (key) values ('k')", "new_value = 'x'", public=False,
        select=SUPER, insert=CLOSED, update=SEALED, delete=CLOSED,
    ),
    Row(
        "library.category_hierarchy", "id = <category>",
        "insert into library.category_hierarchy (name) values ('C')", "name = 'x'",
        select=EVERYBODY, insert=ADMINS, update=ADMINS, delete=ADMINS,
    ),
    Row(
        "library.category_filters", "id = <filter>",
        "insert into library.category_filters (category_id, filter_key, filter_type, filter_label)"
        " values (<category>, 'k', 'text', 'L')", "filter_label = 'x'",
        select=EVERYBODY, insert=ADMINS, update=ADMINS, delete=ADMINS,
    ),
    Row(
        "library.permissions", "id = <permission>",
        "insert into library.permissions (name, resource, action) values ('a:b', 'a', 'b')", "description = 'x'",
        public=False,
        select=ADMINS, insert=SUPER, update=CLOSED, delete=CLOSED,
    ),
    Row(
        "library.role_permissions", "id = <role permission>",
        "insert into library.role_permissions (role, permission_id) values ('user', <permission>)",
        "created_at = now()", public=False,
        select=ADMINS, insert=SUPER, update=CLOSED, delete=SUPER,
    ),
    Row(
        "library.permission_audit_logs", "id = <audit>",
        "insert into library.permission_audit_logs (action) values ('PERMISSION_CREATED')", "metadata = '{{}}'",
        public=False,
        select=SUPER, insert=CLOSED, update=SEALED, delete=CLOSED,
    ),
    Row(
        "library.analytics_events", "id = <event>",
        "insert into library.analytics_events (event) values ('page_view')", "event = 'x'", public=False,
        scenario="without a resource",
        select=OWNER | ADMINS, insert=SIGNED_IN | GUEST | only("anonymous"), update=CLOSED, delete=CLOSED,
    ),
    Row(
        "library.analytics_events", "id = <event>",
        "insert into library.analytics_events (event, resource_id) values ('resource_click', <private>)", "event = 'x'",
        public=False, scenario="of a private resource",
        select=OWNER | ADMINS, insert=READERS, update=CLOSED, delete=CLOSED,
    ),
    Row(
        "library.analytics_events", "id = <event>",
        "insert into library.analytics_events (event, resource_id) values ('resource_view', <public>)", "event = 'x'",
        public=False, scenario="that makes popular",
        select=OWNER | ADMINS, insert=CLOSED, update=CLOSED, delete=CLOSED,
    ),
    Row(
        "library.analytics_daily", "tenant_id = <home> and event = 'page_view'",
        "insert into library.analytics_daily (day, event, count) values ('2000-01-01', 'page_view', 1)", "count = 0",
        public=False,
        select=CLOSED, insert=CLOSED, update=CLOSED, delete=CLOSED,
    ),
)  # fmt: skip

LIBRARY = PEOPLE + RESOURCES + COMMUNITY + ADMINISTRATION
