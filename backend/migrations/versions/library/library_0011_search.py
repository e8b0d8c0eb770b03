"""Resources are found by their words, in French and English, by beginnings of words, and when they are misspelt.

Revision: library_0011, after library_0010.
"""

from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = 'library_0011'
down_revision = 'library_0010'
branch_labels = None
depends_on = None

_DOWN = """
drop function library.search_facets(text, text, text, library.resource_type);
drop function library.search_resources(text, integer, integer, text, text, library.resource_type);
drop function library.matching_resources(text);
drop function library_internal.marked(text, tsquery, text);
drop function library_internal.found_resources(text);
drop function library_internal.meant_query(uuid, text);
drop function library_internal.search_query(text, text);
drop function library_internal.search_words(text);
drop function library_internal.keep_missing_texts();
drop trigger search_texts on library.resources;
drop function library_internal.keep_texts();
drop trigger search_texts_of_new on library.resources;
drop function library_internal.keep_texts_of_new();
drop function library_internal.keep_words(uuid, tsvector[]);
drop function library_internal.words_of(text, text[], text, text, text);
drop function library_internal.spelled(text);
drop table library_internal.resource_texts;
drop table library_internal.known_words;
drop text search configuration library_internal.french;
drop text search configuration library_internal.english;
drop text search configuration library_internal.simple;
"""


def upgrade() -> None:
    run_sql("modules/library/sql/search.sql", "2f0c0764f576bc1d")
    op.execute("select library_internal.keep_missing_texts()")


def downgrade() -> None:
    run_script(_DOWN)
