"""Two tenants, the people in them and one row of everything. Ids are made of names, so that tests can say them.

`home` is the first tenant, with rows that belong to `owner` unless told; `elsewhere` is the second one, whose only
member is `foreigner`. Nothing here decides anything: what each caller may do is in `matrix.py`.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg


def ident(name: str) -> UUID:
    """The id of what is called so in this world."""
    return uuid5(NAMESPACE_URL, name)


HOME, ELSEWHERE = ident("home"), ident("elsewhere")
MEMBERS = ("owner", "other", "shared", "writer", "member", "expired", "moderator", "admin", "super_admin", "guest")
GROUP, COLLECTION, PRIVATE_COLLECTION = ident("group"), ident("collection"), ident("private collection")
PUBLIC, PRIVATE, FOREIGN = ident("public"), ident("private"), ident("foreign")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a connection speaks for."""

    name: str
    role: str
    user: UUID | None
    tenant: UUID


ANONYMOUS = Caller("anonymous", "anon", None, HOME)
#: Signed in, and a member of another tenant only, but asking this one.
OUTSIDER = Caller("outsider", "authenticated", ident("foreigner"), HOME)
FOREIGNER = Caller("foreigner", "authenticated", ident("foreigner"), ELSEWHERE)
SERVICE = Caller("service", "service", None, HOME)
CALLERS: dict[str, Caller] = {
    caller.name: caller
    for caller in (
        ANONYMOUS,
        *(Caller(name, "authenticated", ident(name), HOME) for name in MEMBERS),
        OUTSIDER,
        FOREIGNER,
        SERVICE,
    )
}


async def act_as(connection: asyncpg.Connection, caller: Caller | str) -> None:
    """Make the connection speak for the caller until its transaction ends."""
    who = CALLERS[caller] if isinstance(caller, str) else caller
    await connection.execute(
        "select set_config('role', $1, true), set_config('relais.user_id', $2, true),"
        " set_config('relais.tenant_id', $3, true)",
        who.role,
        str(who.user or ""),
        str(who.tenant),
    )


async def fill(connection: asyncpg.Connection) -> None:
    """Make the world in an empty, migrated database."""
    await _people(connection)
    await connection.execute("select set_config('relais.tenant_id', $1, false)", str(HOME))
    for statement in ROWS.strip().split(";\n"):
        await connection.execute(_named(statement))


async def _people(connection: asyncpg.Connection) -> None:
    for tenant, slug in ((HOME, "home"), (ELSEWHERE, "elsewhere")):
        await connection.execute("insert into relais.tenants (id, slug, name) values ($1, $2, $2)", tenant, slug)
    for name in (*MEMBERS, "foreigner"):
        tenant = ELSEWHERE if name == "foreigner" else HOME
        await connection.execute(
            "insert into relais.users (id, email) values ($1, $2)", ident(name), f"{name}@test.org"
        )
        await connection.execute(
            "insert into relais.memberships (tenant_id, user_id) values ($1, $2)", tenant, ident(name)
        )
    for name in ("moderator", "admin", "super_admin", "guest"):
        await connection.execute("update library.user_roles set role = $2 where user_id = $1", ident(name), name)


def _named(statement: str) -> str:
    """`<name>` in a statement is the id of what is called so."""
    parts = statement.split("<")
    return parts[0] + "".join(
        f"'{ident(part.split('>', 1)[0])}'{part.split('>', 1)[1]}" if ">" in part else f"<{part}" for part in parts[1:]
    )


sql = _named

ROWS = """
insert into library.groups (id, name, owner_id) values (<group>, 'Group', <owner>);
insert into library.group_members (id, group_id, user_id) values (<membership>, <group>, <member>);
insert into library.resources (id, user_id, title, description, visibility) values
  (<public>, <owner>, 'Public', 'For all', 'public'), (<private>, <owner>, 'Private', 'For some', 'private');
insert into library.resource_shares (id, resource_id, shared_with_user_id, permission, expires_at) values
  (<share>, <private>, <shared>, 'read', null), (<writer share>, <private>, <writer>, 'write', null),
  (<expired share>, <private>, <expired>, 'write', now() - interval '1 day');
insert into library.resource_shares (id, resource_id, shared_with_group_id) values (<group share>, <private>, <group>);
insert into library.resource_permissions (id, resource_id, user_id, permission) values
  (<resource permission>, <private>, <shared>, 'resource:read');
insert into library.resource_versions (id, resource_id, version_number, title, description, created_by) values
  (<version>, <private>, 1, 'Old', 'Old', <owner>), (<newest version>, <private>, 2, 'Private', 'For some', <owner>);
insert into library.resource_templates (id, name, created_by, is_public) values
  (<public template>, 'Public', <owner>, true), (<private template>, 'Private', <owner>, false);
insert into library.files (id, file_name, original_name, mime_type, size, uploaded_by, resource_id) values
  (<file>, 'free.txt', 'free.txt', 'text/plain', 1, <owner>, null),
  (<private file>, 'bound.txt', 'bound.txt', 'text/plain', 1, <owner>, <private>);
insert into library.saved_resources (id, user_id, resource_id) values (<save>, <owner>, <public>);
insert into library.resource_ratings (id, user_id, resource_id, rating) values
  (<public rating>, <owner>, <public>, 5), (<private rating>, <owner>, <private>, 4);
insert into library.resource_comments (id, user_id, resource_id, content) values
  (<public comment>, <owner>, <public>, 'Hello'), (<private comment>, <owner>, <private>, 'Hush');
insert into library.collections (id, name, user_id, is_public) values
  (<collection>, 'Public', <owner>, true), (<private collection>, 'Private', <owner>, false);
insert into library.collection_resources (id, collection_id, resource_id) values
  (<public entry>, <collection>, <public>), (<private entry>, <collection>, <private>);
insert into library.category_tag_suggestions (id, name, type, suggested_by) values
  (<suggestion>, 'Rust', 'tag', <owner>);
insert into library.suggestion_votes (id, suggestion_id, user_id) values (<vote>, <suggestion>, <owner>);
insert into library.notifications (id, user_id, type, title, message) values
  (<notification>, <owner>, 'info', 'Title', 'Message');
insert into library.profile_preferences (user_id, preferred_layout) values (<owner>, 'grid');
insert into library.category_hierarchy (id, name) values (<category>, 'Books');
insert into library.category_filters (id, category_id, filter_key, filter_type, filter_label) values
  (<filter>, <category>, 'year', 'range', 'Year');
insert into library.permissions (id, name, resource, action) values (<permission>, 'test:read', 'test', 'read');
insert into library.role_permissions (id, role, permission_id) values (<role permission>, 'guest', <permission>);
insert into library.permission_audit_logs (id, action, actor_user_id) values
  (<audit>, 'PERMISSION_CREATED', <super_admin>);
insert into library.admin_config_audit_logs (id, key, new_value) values (<config audit>, 'consider_downvotes', 'true');
insert into library.analytics_events (id, event, user_id) values (<event>, 'page_view', <owner>);
insert into library.resources (tenant_id, id, user_id, title, description) values
  (<elsewhere>, <foreign>, <foreigner>, 'Foreign', 'Elsewhere');
insert into relais.sessions (id, tenant_id, user_id, expires_at) values (<session>, <home>, <owner>, now());
insert into relais.one_time_tokens (id, email, purpose, token_hash, expires_at) values
  (<token>, 'a@test.org', 'verify_email', '\\x01', now());
insert into relais.second_factors (user_id, secret) values (<owner>, '\\x01');
insert into relais.recovery_codes (user_id, code_hash) values (<owner>, '\\x01');
insert into relais.oauth_accounts (id, user_id, provider, provider_user_id, access_token) values
  (<oauth>, <owner>, 'github', '1', '\\x01');
insert into relais.api_tokens (id, tenant_id, user_id, name, prefix, token_hash) values
  (<api token>, <home>, <owner>, 'n', 'p', '\\x01');
insert into relais.audit_log (tenant_id, action) values (<home>, 'test');
insert into relais.change_log (tenant_id, table_schema, table_name, operation, row_key) values
  (<home>, 'library', 'resources', 'INSERT', '{}');
insert into relais.email_outbox (id, tenant_id, recipient, template) values (<mail>, <home>, 'a@test.org', 't');
insert into relais.jobs (id, tenant_id, name) values (<job>, <home>, 'j');
insert into relais.flushed_batches (id, buffer) values (<flushed>, 'b');
insert into relais.idempotency_keys (tenant_id, owner, key, request) values (<home>, 'o', 'k', '\\x01');
insert into relais.import_batches (id, tenant_id, source_name, source_hash) values (<batch>, <home>, 'f', '\\x01')
"""
