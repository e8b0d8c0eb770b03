"""API tokens reach as far as their scopes; new profiles take the names given at sign-up; a category comes newest first.

Revision: library_0002, after library_0001.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = 'library_0002'
down_revision = 'library_0001'
branch_labels = None
depends_on = 'core_0003'


def upgrade() -> None:
    # The pages of a category were read newest first, all other categories skipped.
    order = ['tenant_id', 'category', sa.literal_column('created_at desc')]
    op.create_index('resources_category_created_at_idx', 'resources', order, unique=False, schema='library')
    op.drop_index('resources_category_idx', table_name='resources', schema='library')
    run_sql("modules/library/sql/caller.sql", "19fb623c80d97f3b")
    run_sql("modules/library/sql/tenants.sql", "780335a2ee8f6152")
    run_sql("modules/library/sql/permissions.sql", "96e8c6b46828fa8f")


def downgrade() -> None:
    run_script("drop function library_internal.permissions_of(uuid);")
    run_sql("modules/library/sql/caller.sql", "ce04f0df889ba230")
    run_sql("modules/library/sql/tenants.sql", "43e7bb086297cf58")
    op.create_index('resources_category_idx', 'resources', ['tenant_id', 'category'], unique=False, schema='library')
    op.drop_index('resources_category_created_at_idx', table_name='resources', schema='library')
