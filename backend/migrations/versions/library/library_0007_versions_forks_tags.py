"""Forks say how visible they are, versions are kept and restored by number, tags are found whatever their case.

Revision: library_0007, after library_0006.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = 'library_0007'
down_revision = 'library_0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/functions.sql", "f543d39ef423b6c8")
    run_sql("modules/library/sql/versions.sql", "3939a8a2e01677e6")
    run_sql("modules/library/sql/tags.sql", "b7bc593fac7112c7")
    folded = [sa.literal_column('library_internal.folded(tags)')]
    op.create_index('resources_folded_tags_idx', 'resources', folded, unique=False, schema='library', postgresql_using='gin')


def downgrade() -> None:
    op.drop_index('resources_folded_tags_idx', table_name='resources', schema='library', postgresql_using='gin')
    run_script("""
        drop function library.resources_tagged(text[]);
        drop function library_internal.tagged_resource_ids(text[]);
        drop function library.folded_tags(library.resources);
        drop function library_internal.folded(text[]);
        drop function library.restore_numbered_version(uuid, integer);
        drop function library.keep_version(uuid, text);
        drop function library.fork_resource(uuid, library.resource_visibility);
    """)
    run_sql("modules/library/sql/functions.sql", "0d98bf234bb1a566")
    run_script("""
        revoke execute on function library.fork_resource(uuid) from public;
        grant execute on function library.fork_resource(uuid) to anon, authenticated, service, relais_definer;
    """)
