"""Numbering the log of changes reads what is to be numbered, and not the whole log.

Revision: core_0009, after core_0008.
"""

from app.adapters.migrations import run_sql

revision = 'core_0009'
down_revision = 'core_0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("realtime/sql/log.sql", "f4d304460c6fe21d")


def downgrade() -> None:
    run_sql("realtime/sql/log.sql", "865d2e8206cc9cbc")
