"""Whoever changes a threshold has what is pending decided anew by a job that is written down with the change.

Revision: library_0013, after library_0012.
"""

from app.adapters.migrations import run_sql

revision = "library_0013"
down_revision = "library_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/settings.sql", "e600b53d8e4ee541")


def downgrade() -> None:
    run_sql("modules/library/sql/settings.sql", "fc9c2acd9ed132b7")
