"""Settings and the search of people are for members of the tenant, not for whoever has signed in somewhere.

Revision: library_0003, after library_0002.
"""

from app.adapters.migrations import run_sql

revision = "library_0003"
down_revision = "library_0002"
branch_labels = None
depends_on = "core_0004"


def upgrade() -> None:
    run_sql("modules/library/sql/functions.sql", "0d98bf234bb1a566")
    run_sql("modules/library/sql/policies_administration.sql", "b53d3de60015814f")


def downgrade() -> None:
    run_sql("modules/library/sql/functions.sql", "e6be1fb9d6234f1b")
    run_sql("modules/library/sql/policies_administration.sql", "58a12d983a15eed3")
