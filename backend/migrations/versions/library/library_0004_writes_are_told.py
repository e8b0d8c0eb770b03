"""Writes to the library's tables are told, so that answers about them may be kept; rights that expire are found by date.

Revision: library_0004, after library_0003.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script

revision = 'library_0004'
down_revision = 'library_0003'
branch_labels = None
depends_on = 'core_0005'

EXPIRING = ("resource_permissions", "resource_shares", "user_roles")


def upgrade() -> None:
    for table in EXPIRING:
        where = sa.text('expires_at is not null')
        name = f'{table}_expires_at_idx'
        op.create_index(name, table, ['expires_at'], unique=False, schema='library', postgresql_where=where)
    run_script(
        """
        do $$
        begin
          perform relais.announce_writes(variadic array(
            select c.oid::regclass::text from pg_catalog.pg_class as c
            where c.relnamespace = 'library'::regnamespace and c.relkind = 'r'));
        end
        $$;
        """
    )


def downgrade() -> None:
    run_script(
        """
        do $$
        declare
          item record;
        begin
          for item in
            select t.tgrelid::regclass as owner from pg_catalog.pg_trigger as t
            join pg_catalog.pg_class as c on c.oid = t.tgrelid
            where t.tgname = 'tell_written' and c.relnamespace = 'library'::regnamespace
          loop
            execute format('drop trigger tell_written on %s', item.owner);
          end loop;
        end
        $$;
        """
    )
    for table in EXPIRING:
        op.drop_index(f'{table}_expires_at_idx', table_name=table, schema='library')
