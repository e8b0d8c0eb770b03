"""Writes to tables are told to whoever keeps answers about them.

Revision: core_0005, after core_0004.
"""

from app.adapters.migrations import run_script, run_sql

revision = 'core_0005'
down_revision = 'core_0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("catalog/sql/writes.sql", "d106ed12364a312c")
    run_script("select relais.announce_writes('relais.users', 'relais.memberships');")


def downgrade() -> None:
    run_script(
        """
        drop trigger tell_written on relais.users;
        drop trigger tell_written on relais.memberships;
        drop function relais.announce_writes(text[]);
        drop function relais.tell_written();
        """
    )
