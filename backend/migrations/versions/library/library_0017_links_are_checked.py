"""Rows that members write lead to addresses and to nothing else.

Revision: library_0017, after library_0016.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0017"
down_revision = "library_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/links.sql", "d18910740f4dda40")


def downgrade() -> None:
    run_script("drop function library_internal.check_links() cascade;")
