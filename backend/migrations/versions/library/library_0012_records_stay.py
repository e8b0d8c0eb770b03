"""Nobody rewrites the record of settings: what 0009 granted again on every table is taken back.

Revision: library_0012, after library_0011.
"""

from app.adapters.migrations import run_script

revision = "library_0012"
down_revision = "library_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(
        """
        revoke update on library.admin_config_audit_logs from service, relais_definer;
        comment on function library.analytics_stats(integer, text) is
          'How often what happened in the last days: numbers of everybody.';
        """
    )


def downgrade() -> None:
    """The rights of before were a mistake: they are not given back."""
