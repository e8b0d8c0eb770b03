"""What is muted is not told, whoever decides it.

Revision: library_0016, after library_0015.
"""

from app.adapters.migrations import run_sql

revision = "library_0016"
down_revision = "library_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/community.sql", "953a7deb9656344b")


def downgrade() -> None:
    run_sql("modules/library/sql/community.sql", "da26e509e6db5bb5")
