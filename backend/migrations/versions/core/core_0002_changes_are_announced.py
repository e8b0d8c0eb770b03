"""Commands that define something are announced on the channel `relais_catalog`.

Revision: core_0002, after core_0001.
"""

from app.adapters.migrations import run_script, run_sql

revision = 'core_0002'
down_revision = 'core_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("catalog/sql/changes.sql", "a3df94cd1ab130b7")


def downgrade() -> None:
    run_script(
        """
        drop event trigger if exists relais_announce_definition;
        drop event trigger if exists relais_announce_removal;
        drop function relais.announce_change();
        """
    )
