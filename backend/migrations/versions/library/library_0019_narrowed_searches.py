"""Searches are narrowed and put in order before the best are picked, so that no row is lost.

Revision: library_0019, after library_0013.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0019"
down_revision = "library_0013"
branch_labels = None
depends_on = None

_DOWN = """
drop function library.search_facets(text, text, text, library.resource_type);
drop function library.search_resources(text, integer, integer, text, text, library.resource_type);
drop function library.matching_resources(text);
drop function library_internal.found_resources(text, text, text, library.resource_type, boolean);
drop function library_internal.texts_found(tsquery, text, text, library.resource_type);
"""


def upgrade() -> None:
    run_sql("modules/library/sql/search.sql", "30d6e9d76eac075f")
    # Nothing calls it any more.
    run_script("drop function library_internal.found_resources(text);")


def downgrade() -> None:
    run_script(_DOWN)
    run_sql("modules/library/sql/search.sql", "2f0c0764f576bc1d")
