"""A collection counts what its reader may read.

Revision: library_0021, after library_0020.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0021"
down_revision = "library_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/counts.sql", "50a4b7af9e096caf")


def downgrade() -> None:
    run_script("drop function library.readable_count(library.collections);")
