"""The schema `library`: resources, what people do with them, and who may.

Revision: library_0001, needs core_0001.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql
from sqlalchemy.dialects import postgresql

revision = 'library_0001'
down_revision = None
branch_labels = ('library',)
depends_on = 'core_0001'

APP_ROLE = postgresql.ENUM('guest', 'user', 'moderator', 'admin', 'super_admin', name='app_role', schema='library', create_type=False)
GROUP_ROLE = postgresql.ENUM('member', 'admin', 'owner', name='group_role', schema='library', create_type=False)
RESOURCE_TYPE = postgresql.ENUM('file_upload', 'external_link', 'github_repo', name='resource_type', schema='library', create_type=False)
RESOURCE_VISIBILITY = postgresql.ENUM('public', 'private', 'shared_users', 'shared_groups', name='resource_visibility', schema='library', create_type=False)
SUGGESTION_TYPE = postgresql.ENUM('category', 'tag', 'resource_type', 'filter', name='suggestion_type', schema='library', create_type=False)
SUGGESTION_STATUS = postgresql.ENUM('pending', 'approved', 'rejected', name='suggestion_status', schema='library', create_type=False)
VOTE_TYPE = postgresql.ENUM('upvote', 'downvote', name='vote_type', schema='library', create_type=False)
PERMISSION_TYPE = postgresql.ENUM('read', 'write', name='permission_type', schema='library', create_type=False)
KINDS = (APP_ROLE, GROUP_ROLE, RESOURCE_TYPE, RESOURCE_VISIBILITY, SUGGESTION_TYPE, SUGGESTION_STATUS, VOTE_TYPE, PERMISSION_TYPE)


def upgrade() -> None:
    # Both extensions are "trusted": the owner of a database may add them without being a superuser.
    op.execute("create extension if not exists pg_trgm with schema public")
    op.execute("create extension if not exists unaccent with schema public")
    op.execute("create schema if not exists library")
    for kind in KINDS:
        kind.create(op.get_bind())
    op.create_table('admin_config',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Text(), server_default=sa.text('(gen_random_uuid())::text'), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='admin_config_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='admin_config_pkey'),
    sa.UniqueConstraint('tenant_id', 'key', name='admin_config_key_key'),
    schema='library'
    )
    op.create_table('category_hierarchy',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('order_index', sa.Integer(), nullable=False),
    sa.Column('order', sa.Integer(), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'parent_id'], ['library.category_hierarchy.tenant_id', 'library.category_hierarchy.id'], name='category_hierarchy_parent_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='category_hierarchy_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='category_hierarchy_pkey'),
    schema='library'
    )
    op.create_index('category_hierarchy_parent_id_order_index_idx', 'category_hierarchy', ['tenant_id', 'parent_id', 'order_index'], unique=False, schema='library')
    op.create_index('category_hierarchy_name_idx', 'category_hierarchy', ['tenant_id', 'parent_id', sa.literal_column('lower(name)')], unique=True, schema='library', postgresql_nulls_not_distinct=True)
    op.create_table('permissions',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('resource', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='permissions_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='permissions_pkey'),
    sa.UniqueConstraint('tenant_id', 'name', name='permissions_name_key'),
    schema='library'
    )
    op.create_table('profiles',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('username', sa.String(length=255), nullable=True),
    sa.Column('full_name', sa.String(length=255), nullable=True),
    sa.Column('bio', sa.Text(), nullable=True),
    sa.Column('avatar_url', sa.Text(), nullable=True),
    sa.Column('github_username', sa.String(length=255), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('id = user_id', name='profiles_id_check'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='profiles_tenant_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='profiles_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='profiles_pkey'),
    sa.UniqueConstraint('tenant_id', 'user_id', name='profiles_user_id_key'),
    sa.UniqueConstraint('tenant_id', 'username', name='profiles_username_key'),
    schema='library'
    )
    op.create_index('profiles_user_id_idx', 'profiles', ['user_id'], unique=False, schema='library')
    op.create_table('category_filters',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('category_id', sa.Uuid(), nullable=False),
    sa.Column('filter_key', sa.String(length=255), nullable=False),
    sa.Column('filter_type', sa.String(length=50), nullable=False),
    sa.Column('filter_label', sa.String(length=255), nullable=False),
    sa.Column('filter_options', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('is_required', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('order_index', sa.Integer(), nullable=False),
    sa.Column('order', sa.Integer(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("filter_type in ('text', 'select', 'multiselect', 'range', 'date')", name='category_filters_filter_type_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'category_id'], ['library.category_hierarchy.tenant_id', 'library.category_hierarchy.id'], name='category_filters_category_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='category_filters_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='category_filters_pkey'),
    schema='library'
    )
    op.create_index('category_filters_category_id_order_index_idx', 'category_filters', ['tenant_id', 'category_id', 'order_index'], unique=False, schema='library')
    op.create_table('category_tag_suggestions',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('type', SUGGESTION_TYPE, nullable=False),
    sa.Column('status', SUGGESTION_STATUS, server_default=sa.text("'pending'::library.suggestion_status"), nullable=False),
    sa.Column('action', sa.String(length=50), server_default=sa.text("'add'"), nullable=False),
    sa.Column('votes_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('suggested_by', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=True),
    sa.Column('reviewed_by', sa.Uuid(), nullable=True),
    sa.Column('reviewed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("name ~ '\\S'", name='category_tag_suggestions_name_check'),
    sa.CheckConstraint("action = 'add'", name='category_tag_suggestions_action_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'reviewed_by'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='category_tag_suggestions_reviewed_by_fkey', ondelete='SET NULL (reviewed_by)'),
    sa.ForeignKeyConstraint(['tenant_id', 'suggested_by'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='category_tag_suggestions_suggested_by_fkey', ondelete='SET NULL (suggested_by)'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='category_tag_suggestions_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='category_tag_suggestions_pkey'),
    sa.UniqueConstraint('tenant_id', 'name', 'type', name='category_tag_suggestions_name_type_key'),
    schema='library'
    )
    op.create_index('category_tag_suggestions_reviewed_by_idx', 'category_tag_suggestions', ['tenant_id', 'reviewed_by'], unique=False, schema='library')
    op.create_index('category_tag_suggestions_suggested_by_idx', 'category_tag_suggestions', ['tenant_id', 'suggested_by'], unique=False, schema='library')
    op.create_index('category_tag_suggestions_created_at_idx', 'category_tag_suggestions', ['tenant_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('category_tag_suggestions_votes_count_idx', 'category_tag_suggestions', ['tenant_id', sa.literal_column('votes_count desc')], unique=False, schema='library')
    op.create_table('collections',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('is_public', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('cover_image_url', sa.Text(), nullable=True),
    sa.Column('resources_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('resources_count >= 0', name='collections_resources_count_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='collections_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='collections_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='collections_pkey'),
    schema='library'
    )
    op.create_index('collections_is_public_updated_at_idx', 'collections', ['tenant_id', 'is_public', sa.literal_column('updated_at desc')], unique=False, schema='library')
    op.create_index('collections_user_id_updated_at_idx', 'collections', ['tenant_id', 'user_id', sa.literal_column('updated_at desc')], unique=False, schema='library')
    op.create_table('groups',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('owner_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'owner_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='groups_owner_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='groups_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='groups_pkey'),
    schema='library'
    )
    op.create_index('groups_created_at_idx', 'groups', ['tenant_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('groups_owner_id_idx', 'groups', ['tenant_id', 'owner_id'], unique=False, schema='library')
    op.create_table('permission_audit_logs',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('actor_user_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('target_role', APP_ROLE, nullable=True),
    sa.Column('permission_id', sa.Uuid(), nullable=True),
    sa.Column('permission_name', sa.Text(), nullable=True),
    sa.Column('metadata', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("action in ('PERMISSION_CREATED', 'PERMISSION_UPDATED', 'PERMISSION_DELETED', 'PERMISSION_ASSIGNED', 'PERMISSION_REVOKED')", name='permission_audit_logs_action_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'actor_user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='permission_audit_logs_actor_user_id_fkey', ondelete='SET NULL (actor_user_id)'),
    sa.ForeignKeyConstraint(['tenant_id', 'permission_id'], ['library.permissions.tenant_id', 'library.permissions.id'], name='permission_audit_logs_permission_id_fkey', ondelete='SET NULL (permission_id)'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='permission_audit_logs_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='permission_audit_logs_pkey'),
    schema='library'
    )
    op.create_index('permission_audit_logs_action_created_at_idx', 'permission_audit_logs', ['tenant_id', 'action', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('permission_audit_logs_actor_user_id_idx', 'permission_audit_logs', ['tenant_id', 'actor_user_id'], unique=False, schema='library')
    op.create_index('permission_audit_logs_created_at_idx', 'permission_audit_logs', ['tenant_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('permission_audit_logs_permission_id_idx', 'permission_audit_logs', ['tenant_id', 'permission_id'], unique=False, schema='library')
    op.create_table('profile_preferences',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('preferred_layout', sa.String(length=50), nullable=True),
    sa.Column('notifications', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='profile_preferences_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='profile_preferences_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'user_id', name='profile_preferences_pkey'),
    schema='library'
    )
    op.create_table('resource_templates',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), server_default=sa.text("''"), nullable=False),
    sa.Column('category', sa.String(length=255), server_default=sa.text("''"), nullable=False),
    sa.Column('tags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('language', sa.String(length=100), nullable=True),
    sa.Column('readme', sa.Text(), nullable=True),
    sa.Column('icon', sa.String(length=255), nullable=True),
    sa.Column('preview', sa.Text(), nullable=True),
    sa.Column('is_public', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_by', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=True),
    sa.Column('usage_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('template_data', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('usage_count >= 0', name='resource_templates_usage_count_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'created_by'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_templates_created_by_fkey', ondelete='SET NULL (created_by)'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_templates_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_templates_pkey'),
    schema='library'
    )
    op.create_index('resource_templates_created_by_idx', 'resource_templates', ['tenant_id', 'created_by'], unique=False, schema='library')
    op.create_index('resource_templates_is_public_created_at_idx', 'resource_templates', ['tenant_id', 'is_public', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_table('resources',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('category', sa.String(length=255), server_default=sa.text("''"), nullable=False),
    sa.Column('tags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('resource_type', RESOURCE_TYPE, server_default=sa.text("'external_link'::library.resource_type"), nullable=False),
    sa.Column('visibility', RESOURCE_VISIBILITY, server_default=sa.text("'public'::library.resource_visibility"), nullable=False),
    sa.Column('github_url', sa.Text(), nullable=True),
    sa.Column('external_url', sa.Text(), nullable=True),
    sa.Column('file_path', sa.Text(), nullable=True),
    sa.Column('file_url', sa.Text(), nullable=True),
    sa.Column('file_size', sa.String(length=50), nullable=True),
    sa.Column('language', sa.String(length=100), nullable=True),
    sa.Column('license', sa.String(length=100), nullable=True),
    sa.Column('readme', sa.Text(), nullable=True),
    sa.Column('average_rating', sa.Numeric(precision=3, scale=2), server_default=sa.text('0'), nullable=False),
    sa.Column('ratings_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('downloads_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('views_count', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('average_rating between 0 and 5', name='resources_average_rating_check'),
    sa.CheckConstraint('ratings_count >= 0 and downloads_count >= 0 and views_count >= 0', name='resources_counters_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resources_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resources_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resources_pkey'),
    schema='library'
    )
    op.create_index('resources_category_idx', 'resources', ['tenant_id', 'category'], unique=False, schema='library')
    op.create_index('resources_created_at_idx', 'resources', ['tenant_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('resources_description_idx', 'resources', ['description'], unique=False, schema='library', postgresql_using='gin', postgresql_ops={'description': 'gin_trgm_ops'})
    op.create_index('resources_tags_idx', 'resources', ['tags'], unique=False, schema='library', postgresql_using='gin')
    op.create_index('resources_title_idx', 'resources', ['title'], unique=False, schema='library', postgresql_using='gin', postgresql_ops={'title': 'gin_trgm_ops'})
    op.create_index('resources_updated_at_idx', 'resources', ['tenant_id', sa.literal_column('updated_at desc')], unique=False, schema='library')
    op.create_index('resources_user_id_created_at_idx', 'resources', ['tenant_id', 'user_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('resources_user_id_updated_at_idx', 'resources', ['tenant_id', 'user_id', sa.literal_column('updated_at desc')], unique=False, schema='library')
    op.create_index('resources_views_count_idx', 'resources', ['tenant_id', sa.literal_column('views_count desc')], unique=False, schema='library')
    op.create_table('role_permissions',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('role', APP_ROLE, nullable=False),
    sa.Column('permission_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'permission_id'], ['library.permissions.tenant_id', 'library.permissions.id'], name='role_permissions_permission_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='role_permissions_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='role_permissions_pkey'),
    sa.UniqueConstraint('tenant_id', 'role', 'permission_id', name='role_permissions_role_permission_id_key'),
    schema='library'
    )
    op.create_index('role_permissions_permission_id_idx', 'role_permissions', ['tenant_id', 'permission_id'], unique=False, schema='library')
    op.create_table('user_roles',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', APP_ROLE, server_default=sa.text("'user'::library.app_role"), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='user_roles_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='user_roles_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='user_roles_pkey'),
    sa.UniqueConstraint('tenant_id', 'user_id', name='user_roles_user_id_key'),
    schema='library'
    )
    op.create_table('analytics_events',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('event', sa.String(length=255), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('resource_id', sa.Uuid(), nullable=True),
    sa.Column('metadata', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='analytics_events_resource_id_fkey', ondelete='SET NULL (resource_id)'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='analytics_events_user_id_fkey', ondelete='SET NULL (user_id)'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='analytics_events_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='analytics_events_pkey'),
    schema='library'
    )
    op.create_index('analytics_events_created_at_idx', 'analytics_events', ['tenant_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('analytics_events_event_created_at_idx', 'analytics_events', ['tenant_id', 'event', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('analytics_events_resource_id_created_at_idx', 'analytics_events', ['tenant_id', 'resource_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_index('analytics_events_user_id_created_at_idx', 'analytics_events', ['tenant_id', 'user_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_table('collection_resources',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('collection_id', sa.Uuid(), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('order_index', sa.Integer(), nullable=False),
    sa.Column('order', sa.Integer(), nullable=False),
    sa.Column('added_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'collection_id'], ['library.collections.tenant_id', 'library.collections.id'], name='collection_resources_collection_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='collection_resources_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='collection_resources_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='collection_resources_pkey'),
    sa.UniqueConstraint('tenant_id', 'collection_id', 'resource_id', name='collection_resources_collection_id_resource_id_key'),
    schema='library'
    )
    op.create_index('collection_resources_collection_id_order_index_idx', 'collection_resources', ['tenant_id', 'collection_id', 'order_index'], unique=False, schema='library')
    op.create_index('collection_resources_resource_id_idx', 'collection_resources', ['tenant_id', 'resource_id'], unique=False, schema='library')
    op.create_table('files',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('original_name', sa.Text(), nullable=False),
    sa.Column('mime_type', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('uploaded_by', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=True),
    sa.Column('resource_id', sa.Uuid(), nullable=True),
    sa.Column('is_public', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("file_name ~ '^[A-Za-z0-9][A-Za-z0-9._-]*$'", name='files_file_name_check'),
    sa.CheckConstraint('size >= 0', name='files_size_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='files_resource_id_fkey', ondelete='SET NULL (resource_id)'),
    sa.ForeignKeyConstraint(['tenant_id', 'uploaded_by'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='files_uploaded_by_fkey', ondelete='SET NULL (uploaded_by)'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='files_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='files_pkey'),
    sa.UniqueConstraint('tenant_id', 'file_name', name='files_file_name_key'),
    schema='library'
    )
    op.create_index('files_resource_id_idx', 'files', ['tenant_id', 'resource_id'], unique=False, schema='library')
    op.create_index('files_uploaded_by_idx', 'files', ['tenant_id', 'uploaded_by'], unique=False, schema='library')
    op.create_table('group_members',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', GROUP_ROLE, server_default=sa.text("'member'::library.group_role"), nullable=False),
    sa.Column('added_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'group_id'], ['library.groups.tenant_id', 'library.groups.id'], name='group_members_group_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='group_members_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='group_members_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='group_members_pkey'),
    sa.UniqueConstraint('tenant_id', 'group_id', 'user_id', name='group_members_group_id_user_id_key'),
    schema='library'
    )
    op.create_index('group_members_user_id_idx', 'group_members', ['tenant_id', 'user_id'], unique=False, schema='library')
    op.create_table('notifications',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.String(length=50), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=True),
    sa.Column('group_id', sa.Uuid(), nullable=True),
    sa.Column('is_read', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'group_id'], ['library.groups.tenant_id', 'library.groups.id'], name='notifications_group_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='notifications_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='notifications_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='notifications_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='notifications_pkey'),
    schema='library'
    )
    op.create_index('notifications_group_id_idx', 'notifications', ['tenant_id', 'group_id'], unique=False, schema='library')
    op.create_index('notifications_read_idx', 'notifications', ['created_at'], unique=False, schema='library', postgresql_where=sa.text('is_read'))
    op.create_index('notifications_resource_id_idx', 'notifications', ['tenant_id', 'resource_id'], unique=False, schema='library')
    op.create_index('notifications_unread_idx', 'notifications', ['tenant_id', 'user_id'], unique=False, schema='library', postgresql_where=sa.text('not is_read'))
    op.create_index('notifications_user_id_created_at_idx', 'notifications', ['tenant_id', 'user_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_table('resource_comments',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("content ~ '\\S'", name='resource_comments_content_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'parent_id'], ['library.resource_comments.tenant_id', 'library.resource_comments.id'], name='resource_comments_parent_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='resource_comments_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_comments_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_comments_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_comments_pkey'),
    schema='library'
    )
    op.create_index('resource_comments_parent_id_idx', 'resource_comments', ['tenant_id', 'parent_id'], unique=False, schema='library')
    op.create_index('resource_comments_resource_id_created_at_idx', 'resource_comments', ['tenant_id', 'resource_id', 'created_at'], unique=False, schema='library')
    op.create_index('resource_comments_user_id_idx', 'resource_comments', ['tenant_id', 'user_id'], unique=False, schema='library')
    op.create_table('resource_permissions',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('group_id', sa.Uuid(), nullable=True),
    sa.Column('permission', sa.Text(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('length(permission) between 3 and 100', name='resource_permissions_permission_check'),
    sa.CheckConstraint('num_nonnulls(user_id, group_id) = 1', name='resource_permissions_target_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'group_id'], ['library.groups.tenant_id', 'library.groups.id'], name='resource_permissions_group_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='resource_permissions_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_permissions_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_permissions_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_permissions_pkey'),
    schema='library'
    )
    op.create_index('resource_permissions_group_id_idx', 'resource_permissions', ['tenant_id', 'group_id'], unique=False, schema='library')
    op.create_index('resource_permissions_resource_id_idx', 'resource_permissions', ['tenant_id', 'resource_id'], unique=False, schema='library')
    op.create_index('resource_permissions_user_id_idx', 'resource_permissions', ['tenant_id', 'user_id'], unique=False, schema='library')
    op.create_table('resource_ratings',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('rating', sa.Integer(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('rating between 1 and 5', name='resource_ratings_rating_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='resource_ratings_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_ratings_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_ratings_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_ratings_pkey'),
    sa.UniqueConstraint('tenant_id', 'resource_id', 'user_id', name='resource_ratings_resource_id_user_id_key'),
    schema='library'
    )
    op.create_index('resource_ratings_user_id_idx', 'resource_ratings', ['tenant_id', 'user_id'], unique=False, schema='library')
    op.create_table('resource_shares',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('shared_with_user_id', sa.Uuid(), nullable=True),
    sa.Column('shared_with_group_id', sa.Uuid(), nullable=True),
    sa.Column('permission', PERMISSION_TYPE, server_default=sa.text("'read'::library.permission_type"), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('num_nonnulls(shared_with_user_id, shared_with_group_id) = 1', name='resource_shares_target_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='resource_shares_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'shared_with_group_id'], ['library.groups.tenant_id', 'library.groups.id'], name='resource_shares_shared_with_group_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'shared_with_user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_shares_shared_with_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_shares_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_shares_pkey'),
    sa.UniqueConstraint('tenant_id', 'resource_id', 'shared_with_group_id', name='resource_shares_resource_id_shared_with_group_id_key'),
    sa.UniqueConstraint('tenant_id', 'resource_id', 'shared_with_user_id', name='resource_shares_resource_id_shared_with_user_id_key'),
    schema='library'
    )
    op.create_index('resource_shares_shared_with_group_id_idx', 'resource_shares', ['tenant_id', 'shared_with_group_id'], unique=False, schema='library')
    op.create_index('resource_shares_shared_with_user_id_idx', 'resource_shares', ['tenant_id', 'shared_with_user_id'], unique=False, schema='library')
    op.create_table('resource_versions',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('version_number', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('category', sa.String(length=255), server_default=sa.text("''"), nullable=False),
    sa.Column('tags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('github_url', sa.Text(), nullable=True),
    sa.Column('external_url', sa.Text(), nullable=True),
    sa.Column('language', sa.String(length=100), nullable=True),
    sa.Column('readme', sa.Text(), nullable=True),
    sa.Column('file_path', sa.Text(), nullable=True),
    sa.Column('file_url', sa.Text(), nullable=True),
    sa.Column('file_size', sa.String(length=50), nullable=True),
    sa.Column('created_by', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('change_summary', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('version_number > 0', name='resource_versions_version_number_check'),
    sa.ForeignKeyConstraint(['tenant_id', 'created_by'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='resource_versions_created_by_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='resource_versions_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='resource_versions_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='resource_versions_pkey'),
    sa.UniqueConstraint('tenant_id', 'resource_id', 'version_number', name='resource_versions_resource_id_version_number_key'),
    schema='library'
    )
    op.create_index('resource_versions_created_by_idx', 'resource_versions', ['tenant_id', 'created_by'], unique=False, schema='library')
    op.create_table('saved_resources',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'resource_id'], ['library.resources.tenant_id', 'library.resources.id'], name='saved_resources_resource_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='saved_resources_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='saved_resources_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='saved_resources_pkey'),
    sa.UniqueConstraint('tenant_id', 'user_id', 'resource_id', name='saved_resources_user_id_resource_id_key'),
    schema='library'
    )
    op.create_index('saved_resources_resource_id_idx', 'saved_resources', ['tenant_id', 'resource_id'], unique=False, schema='library')
    op.create_index('saved_resources_user_id_created_at_idx', 'saved_resources', ['tenant_id', 'user_id', sa.literal_column('created_at desc')], unique=False, schema='library')
    op.create_table('suggestion_votes',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('suggestion_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), server_default=sa.text('relais.user_id()'), nullable=False),
    sa.Column('vote_type', VOTE_TYPE, server_default=sa.text("'upvote'::library.vote_type"), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'suggestion_id'], ['library.category_tag_suggestions.tenant_id', 'library.category_tag_suggestions.id'], name='suggestion_votes_suggestion_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'user_id'], ['library.profiles.tenant_id', 'library.profiles.user_id'], name='suggestion_votes_user_id_fkey', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='suggestion_votes_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name='suggestion_votes_pkey'),
    sa.UniqueConstraint('tenant_id', 'suggestion_id', 'user_id', name='suggestion_votes_suggestion_id_user_id_key'),
    schema='library'
    )
    op.create_index('suggestion_votes_user_id_idx', 'suggestion_votes', ['tenant_id', 'user_id'], unique=False, schema='library')
    run_sql("modules/library/sql/caller.sql", "ce04f0df889ba230")
    run_sql("modules/library/sql/guards.sql", "09edeac3db95801f")
    run_sql("modules/library/sql/stamps.sql", "9a5bcbe66c7893a7")
    run_sql("modules/library/sql/counters.sql", "9703667847228b67")
    run_sql("modules/library/sql/numbers.sql", "670c7372a484ddc3")
    run_sql("modules/library/sql/rules.sql", "fe1de518b5dc2dba")
    run_sql("modules/library/sql/notifications.sql", "8420115ccd4507fc")
    run_sql("modules/library/sql/tenants.sql", "43e7bb086297cf58")
    run_sql("modules/library/sql/functions.sql", "e6be1fb9d6234f1b")
    run_sql("modules/library/sql/views.sql", "c72729562fb009b9")
    run_sql("modules/library/sql/policies_people.sql", "4e62749eabeb0daf")
    run_sql("modules/library/sql/policies_resources.sql", "918e28cb26791fa9")
    run_sql("modules/library/sql/policies_community.sql", "7576fc4de6c61d02")
    run_sql("modules/library/sql/policies_administration.sql", "58a12d983a15eed3")
    run_sql("modules/library/sql/access.sql", "5bd9890d8384d5fe")
    op.execute("select library_internal.catch_up()")


def downgrade() -> None:
    # The functions take the triggers that they put on the core's tables with them. Extensions stay: others may use them.
    run_script("drop schema if exists library_internal cascade; drop schema library cascade")
