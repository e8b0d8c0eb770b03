"""What members write into rows is bounded on every road.

Revision: library_0016, after library_0015.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0016"
down_revision = "library_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/bounds.sql", "a088489f0a8fce46")


def downgrade() -> None:
    run_script("drop function library_internal.bound_texts() cascade;")
