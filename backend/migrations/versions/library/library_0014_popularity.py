"""Clients tell no more of views and downloads than the server counts.

Revision: library_0014, after library_0013.
"""

from app.adapters.migrations import run_sql

revision = "library_0014"
down_revision = "library_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/policies_administration.sql", "21e5aa06570e03d9")


def downgrade() -> None:
    run_sql("modules/library/sql/policies_administration.sql", "b53d3de60015814f")
