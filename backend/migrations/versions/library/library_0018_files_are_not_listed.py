"""Files that hang on nothing are in no list but their uploader's; those that forms write into rows go with their names.

Revision: library_0018, after library_0017.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = "library_0018"
down_revision = "library_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    inline = sa.Column("is_inline", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("files", inline, schema="library")
    run_sql("modules/library/sql/policies_resources.sql", "c344e30d82af0f50")
    run_sql("modules/library/sql/files.sql", "603e6e4dfb7767be")


def downgrade() -> None:
    run_sql("modules/library/sql/policies_resources.sql", "918e28cb26791fa9")
    run_sql("modules/library/sql/files.sql", "ecce4596bde94f31")
    run_script(
        """
        drop trigger leave_former_file on library.resources;
        drop function library_internal.leave_former_file();
        drop trigger drop_former_picture on library.profiles;
        drop function library_internal.drop_former_picture();
        drop function library_internal.readable_file(text);
        drop function library_internal.public_file(text);
        """
    )
    op.drop_column("files", "is_inline", schema="library")
