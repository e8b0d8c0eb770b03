"""Files that hang on nothing are in no list but their uploader's.

Revision: library_0022, after library_0013.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0022"
down_revision = "library_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/policies_resources.sql", "c344e30d82af0f50")
    run_sql("modules/library/sql/files.sql", "09ced928840a077f")


def downgrade() -> None:
    run_sql("modules/library/sql/policies_resources.sql", "918e28cb26791fa9")
    run_sql("modules/library/sql/files.sql", "ecce4596bde94f31")
    run_script(
        """
        drop function library_internal.readable_file(text);
        drop function library_internal.public_file(text);
        """
    )
