"""Guests leave groups, too.

Revision: library_0019, after library_0018.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0019"
down_revision = "library_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/policies_people.sql", "839e335e0c2253ff")


def downgrade() -> None:
    run_sql("modules/library/sql/policies_people.sql", "4e62749eabeb0daf")
    run_script(
        """
        drop policy members_remove on library.group_members;
        create policy members_remove on library.group_members as restrictive for delete to authenticated
          using ((select library_internal.has_rank('user')));
        """
    )
