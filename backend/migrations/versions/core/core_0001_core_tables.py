"""The schema `relais`: accounts, sessions, mail, changes, imports, and the functions that say who is asking.

Revision: core_0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import drop_objects, run_sql
from sqlalchemy.dialects import postgresql

revision = 'core_0001'
down_revision = None
branch_labels = ('core',)
depends_on = None


def upgrade() -> None:
    run_sql("auth/sql/roles.sql", "db9011825b83666c")
    run_sql("auth/sql/ids.sql", "683e12ee964011cb")
    op.create_table('tenants',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('is_default', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name='tenants_slug_check'),
    sa.PrimaryKeyConstraint('id', name='tenants_pkey'),
    sa.UniqueConstraint('slug', name='tenants_slug_key'),
    schema='relais'
    )
    op.create_index('tenants_is_default_idx', 'tenants', ['is_default'], unique=True, schema='relais', postgresql_where=sa.text('is_default'))
    op.create_table('users',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('email_verified_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('disabled_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('last_sign_in_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("length(email) <= 255 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name='users_email_check'),
    sa.PrimaryKeyConstraint('id', name='users_pkey'),
    schema='relais'
    )
    op.create_index('users_email_idx', 'users', [sa.literal_column('lower(email)')], unique=True, schema='relais')
    op.create_table('audit_log',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=True),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=True),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('address', postgresql.INET(), nullable=True),
    sa.Column('request_id', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['relais.users.id'], name='audit_log_actor_id_fkey', ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='audit_log_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='audit_log_pkey'),
    schema='relais'
    )
    op.create_index('audit_log_action_created_at_idx', 'audit_log', ['action', 'created_at'], unique=False, schema='relais')
    op.create_index('audit_log_actor_id_idx', 'audit_log', ['actor_id'], unique=False, schema='relais')
    op.create_index('audit_log_created_at_idx', 'audit_log', ['tenant_id', 'created_at'], unique=False, schema='relais')
    op.create_table('change_log',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=True),
    sa.Column('table_schema', sa.Text(), nullable=False),
    sa.Column('table_name', sa.Text(), nullable=False),
    sa.Column('operation', sa.Text(), nullable=False),
    sa.Column('row_key', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('old_row', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('new_row', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("operation in ('INSERT', 'UPDATE', 'DELETE')", name='change_log_operation_check'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='change_log_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='change_log_pkey'),
    schema='relais'
    )
    op.create_index('change_log_created_at_idx', 'change_log', ['created_at'], unique=False, schema='relais')
    op.create_index('change_log_tenant_id_idx', 'change_log', ['tenant_id'], unique=False, schema='relais')
    op.create_table('email_outbox',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=True),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('template', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('next_attempt_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('sent_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('failed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='email_outbox_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='email_outbox_pkey'),
    schema='relais'
    )
    op.create_index('email_outbox_due_idx', 'email_outbox', ['next_attempt_at'], unique=False, schema='relais', postgresql_where=sa.text('sent_at is null and failed_at is null'))
    op.create_index('email_outbox_tenant_id_idx', 'email_outbox', ['tenant_id'], unique=False, schema='relais')
    op.create_table('import_batches',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('source_name', sa.Text(), nullable=False),
    sa.Column('source_hash', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Enum('running', 'done', 'failed', 'reverted', name='import_status', schema='relais'), server_default=sa.text("'running'::relais.import_status"), nullable=False),
    sa.Column('options', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('reverted_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['relais.users.id'], name='import_batches_created_by_fkey', ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='import_batches_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='import_batches_pkey'),
    schema='relais'
    )
    op.create_index('import_batches_created_at_idx', 'import_batches', ['tenant_id', 'created_at'], unique=False, schema='relais')
    op.create_index('import_batches_created_by_idx', 'import_batches', ['created_by'], unique=False, schema='relais')
    op.create_table('memberships',
    sa.Column('tenant_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Enum('member', 'admin', 'owner', name='tenant_role', schema='relais'), server_default=sa.text("'member'::relais.tenant_role"), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='memberships_tenant_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='memberships_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'user_id', name='memberships_pkey'),
    schema='relais'
    )
    op.create_index('memberships_user_id_idx', 'memberships', ['user_id'], unique=False, schema='relais')
    op.create_table('oauth_accounts',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('provider_user_id', sa.Text(), nullable=False),
    sa.Column('provider_email', sa.Text(), nullable=True),
    sa.Column('access_token', sa.LargeBinary(), nullable=False),
    sa.Column('refresh_token', sa.LargeBinary(), nullable=True),
    sa.Column('token_expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('scope', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('is_primary', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("provider in ('github', 'google')", name='oauth_accounts_provider_check'),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='oauth_accounts_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='oauth_accounts_pkey'),
    sa.UniqueConstraint('provider', 'provider_user_id', name='oauth_accounts_provider_provider_user_id_key'),
    schema='relais'
    )
    op.create_index('oauth_accounts_primary_idx', 'oauth_accounts', ['user_id', 'provider'], unique=True, schema='relais', postgresql_where=sa.text('is_primary'))
    op.create_index('oauth_accounts_user_id_idx', 'oauth_accounts', ['user_id'], unique=False, schema='relais')
    op.create_table('one_time_tokens',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=True),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Enum('verify_email', 'reset_password', 'claim_account', 'accept_invitation', name='token_purpose', schema='relais'), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('used_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='one_time_tokens_tenant_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='one_time_tokens_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='one_time_tokens_pkey'),
    sa.UniqueConstraint('token_hash', name='one_time_tokens_token_hash_key'),
    schema='relais'
    )
    op.create_index('one_time_tokens_expires_at_idx', 'one_time_tokens', ['expires_at'], unique=False, schema='relais')
    op.create_index('one_time_tokens_tenant_id_idx', 'one_time_tokens', ['tenant_id'], unique=False, schema='relais')
    op.create_index('one_time_tokens_user_id_idx', 'one_time_tokens', ['user_id'], unique=False, schema='relais')
    op.create_table('api_tokens',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('last_used_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('revoked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("scopes <@ array['read', 'write', 'admin']", name='api_tokens_scopes_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['relais.memberships.tenant_id', 'relais.memberships.user_id'], name='api_tokens_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='api_tokens_pkey'),
    sa.UniqueConstraint('token_hash', name='api_tokens_token_hash_key'),
    schema='relais'
    )
    op.create_index('api_tokens_user_id_idx', 'api_tokens', ['user_id'], unique=False, schema='relais')
    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('refresh_counter', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('user_agent', sa.Text(), nullable=True),
    sa.Column('address', postgresql.INET(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_used_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('revoked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['relais.memberships.tenant_id', 'relais.memberships.user_id'], name='sessions_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='sessions_pkey'),
    schema='relais'
    )
    op.create_index('sessions_expires_at_idx', 'sessions', ['expires_at'], unique=False, schema='relais')
    op.create_index('sessions_user_id_idx', 'sessions', ['user_id'], unique=False, schema='relais')
    run_sql("auth/sql/caller.sql", "3e7c0db66696c574")
    run_sql("auth/sql/triggers.sql", "5dac61846bd616e4")
    run_sql("auth/sql/policies.sql", "dd1f79f15b706e3b")
    # Before row security is on: an owner who is no superuser could not insert it afterwards.
    op.execute("insert into relais.tenants (slug, name, is_default) values ('default', 'Relais', true)")
    run_sql("auth/sql/access.sql", "f3aa3b3413480666")


def downgrade() -> None:
    drop_objects("relais", keep=("alembic_version",))
