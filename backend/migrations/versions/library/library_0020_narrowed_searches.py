"""Searches are narrowed and put in order before the best are picked, so that no row is lost; languages are searched.

Revision: library_0020, after library_0019.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0020"
down_revision = "library_0019"
branch_labels = None
depends_on = None

_DOWN = """
drop function library.search_facets(text, text, text, library.resource_type);
drop function library.search_resources(text, integer, integer, text, text, library.resource_type);
drop function library.matching_resources(text);
drop function library.resources_containing(text);
drop function library_internal.found_resources(text, text, text, library.resource_type, boolean);
drop function library_internal.texts_found(tsquery, text, text, library.resource_type);
"""

# Row security is forced on the owner, too.
_RENEWED = """
set local role relais_definer;
update library_internal.resource_texts as t
set words = library_internal.words_of(r.title, r.tags, r.category{language}, r.description, r.readme)
from library.resources as r
where r.tenant_id = t.tenant_id and r.id = t.resource_id and r.language <> '';
select library_internal.keep_missing_texts();
reset role;
"""


def upgrade() -> None:
    run_sql("modules/library/sql/search.sql", "90930076eac56a90")
    # Nothing calls them any more.
    run_script(
        """
        drop function library_internal.found_resources(text);
        drop function library_internal.words_of(text, text[], text, text, text);
        """
    )
    run_script(_RENEWED.format(language=", r.language"))


def downgrade() -> None:
    run_script(_DOWN)
    run_sql("modules/library/sql/search.sql", "2f0c0764f576bc1d")
    run_script("drop function library_internal.words_of(text, text[], text, text, text, text);")
    run_script(_RENEWED.format(language=""))
