"""Files are read with the resources that name them, and nobody names one that they may not read.

Revision: library_0008, after library_0007.
"""

from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = 'library_0008'
down_revision = 'library_0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'resources_file_path_idx', 'resources', ['file_path'], unique=False, schema='library', postgresql_using='hash'
    )
    run_sql("modules/library/sql/files.sql", "ecce4596bde94f31")


def downgrade() -> None:
    run_script("""
        drop policy read_by_name on library.files;
        drop trigger adopt_file on library.resources;
        drop trigger keep_file_readable on library.resources;
        drop function library_internal.add_file(library.files, bigint);
        drop function library_internal.adopt_file();
        drop function library_internal.keep_file_readable();
        drop function library_internal.file_exists(text);
    """)
    op.drop_index('resources_file_path_idx', table_name='resources', schema='library')
