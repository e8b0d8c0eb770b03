"""Every library starts with the suggestions that the application knows, so that no member proposes them.

Revision: library_0022, after library_0021.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0022"
down_revision = "library_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/vocabulary.sql", "f50bd80715cc2d80")
    run_sql("modules/library/sql/tenants.sql", "165dccf580a298d3")
    # Row security holds for whoever migrates, too: a function of the definer's goes through all tenants.
    run_script(
        """
        create function library_internal.start_vocabularies() returns void
          language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
        begin
          perform library_internal.start_vocabulary(t.id) from relais.tenants as t;
        end
        $$;
        alter function library_internal.start_vocabularies() owner to relais_definer;
        select library_internal.start_vocabularies();
        drop function library_internal.start_vocabularies();
        """
    )


def downgrade() -> None:
    # The suggestions stay: people have voted on them by now.
    run_sql("modules/library/sql/tenants.sql", "780335a2ee8f6152")
    run_script("drop function library_internal.start_vocabulary(uuid);")
