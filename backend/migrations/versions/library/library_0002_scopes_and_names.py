"""API tokens reach as far as their scopes; a new profile takes the names that were given at sign-up.

Revision: library_0002, after library_0001.
"""

from app.adapters.migrations import run_sql

revision = 'library_0002'
down_revision = 'library_0001'
branch_labels = None
depends_on = 'core_0003'


def upgrade() -> None:
    run_sql("modules/library/sql/caller.sql", "19fb623c80d97f3b")
    run_sql("modules/library/sql/tenants.sql", "780335a2ee8f6152")


def downgrade() -> None:
    run_sql("modules/library/sql/caller.sql", "ce04f0df889ba230")
    run_sql("modules/library/sql/tenants.sql", "43e7bb086297cf58")
