"""Figures and people for administrators; who gave whom which rank is noted.

Revision: library_0010, after library_0009.
"""

from app.adapters.migrations import run_script, run_sql

revision = 'library_0010'
down_revision = 'library_0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/administration.sql", "d48dd150966c32e7")


def downgrade() -> None:
    run_script("""
        drop trigger record_rank on library.user_roles;
        drop function
          library.admin_stats(integer), library.admin_users(text, integer, bigint), library_internal.record_rank(),
          library_internal.statistics(integer), library_internal.people(text, integer, bigint),
          library_internal.must_administer();
    """)
