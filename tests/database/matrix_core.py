"""The rows of the matrix for the core's tables: no client reaches any of them."""

from .matrix import CLOSED, SEALED, Allowed, Row


def _core(table: str, where: str, insert_sql: str, set_sql: str, *, update: Allowed = CLOSED) -> Row:
    return Row(
        f"relais.{table}", where, insert_sql, set_sql, select=CLOSED, insert=CLOSED, update=update, delete=CLOSED
    )


CORE = (
    _core("tenants", "id = <home>", "insert into relais.tenants (slug, name) values ('new', 'New')", "name = 'x'"),
    _core("users", "id = <owner>", "insert into relais.users (email) values ('new@test.org')", "disabled_at = now()"),
    _core(
        "memberships", "user_id = <owner>",
        "insert into relais.memberships (tenant_id, user_id) values (<elsewhere>, <owner>)", "role = 'owner'",
    ),
    _core(
        "sessions", "id = <session>",
        "insert into relais.sessions (tenant_id, user_id, expires_at) values (<home>, <owner>, now())",
        "revoked_at = now()",
    ),
    _core(
        "one_time_tokens", "id = <token>",
        "insert into relais.one_time_tokens (email, purpose, token_hash, expires_at)"
        " values ('a@test.org', 'verify_email', '\\x02', now())", "used_at = now()",
    ),
    _core(
        "second_factors", "user_id = <owner>",
        "insert into relais.second_factors (user_id, secret) values (<owner>, '\\x02')", "confirmed_at = now()",
    ),
    _core(
        "recovery_codes", "user_id = <owner>",
        "insert into relais.recovery_codes (user_id, code_hash) values (<owner>, '\\x02')", "used_at = now()",
    ),
    _core(
        "oauth_accounts", "id = <oauth>",
        "insert into relais.oauth_accounts (user_id, provider, provider_user_id, access_token)"
        " values (<owner>, 'google', '2', '\\x02')", "is_primary = true",
    ),
    _core(
        "api_tokens", "id = <api token>",
        "insert into relais.api_tokens (tenant_id, user_id, name, prefix, token_hash)"
        " values (<home>, <owner>, 'n', 'p', '\\x02')", "revoked_at = now()",
    ),
    _core(
        "audit_log", "tenant_id = <home>", "insert into relais.audit_log (action) values ('x')", "action = 'x'",
        update=SEALED,
    ),
    _core(
        "change_log", "tenant_id = <home>",
        "insert into relais.change_log (table_schema, table_name, operation, row_key) values ('a', 'b',"
        " 'INSERT', '{{}}')",
        "table_name = 'x'",
    ),
    Row(
        "relais.change_marks", "id = 1", "insert into relais.change_marks (id) values (1)", "last = last",
        select=CLOSED, insert=SEALED, update=CLOSED, delete=SEALED,
    ),
    _core(
        "email_outbox", "id = <mail>", "insert into relais.email_outbox (recipient, template) values ('a', 't')",
        "attempts = 1",
    ),
    _core("jobs", "id = <job>", "insert into relais.jobs (name) values ('j')", "attempts = 1"),
    _core(
        "flushed_batches", "id = <flushed>", "insert into relais.flushed_batches (buffer) values ('b')", "buffer = 'x'",
    ),
    _core(
        "idempotency_keys", "tenant_id = <home>",
        "insert into relais.idempotency_keys (tenant_id, owner, key, request) values (<home>, 'o', 'new', '\\x02')",
        "status = 200",
    ),
    _core(
        "import_batches", "id = <batch>",
        "insert into relais.import_batches (tenant_id, source_name, source_hash) values (<home>, 'f', '\\x02')",
        "status = 'done'",
    ),
    Row(
        "relais.alembic_version", "true", "insert into relais.alembic_version values ('x')", "version_num = 'x'",
        select=CLOSED, insert=SEALED, update=SEALED, delete=SEALED,
    ),
)  # fmt: skip
