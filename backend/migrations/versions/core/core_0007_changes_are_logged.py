"""Changes to marked tables are logged, and numbered once they are committed.

Revision: core_0007, after core_0006.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = 'core_0007'
down_revision = 'core_0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('change_log', sa.Column('position', sa.BigInteger(), nullable=True), schema='relais')
    op.create_index('change_log_position_idx', 'change_log', ['position'], unique=True, schema='relais')
    op.create_index('change_log_unnumbered_idx', 'change_log', ['id'], unique=False, schema='relais',
                    postgresql_where=sa.text('position is null'))
    op.create_table('change_marks',
    sa.Column('id', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('last', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.CheckConstraint('id = 1', name='change_marks_id_check'),
    sa.PrimaryKeyConstraint('id', name='change_marks_pkey'),
    schema='relais'
    )
    run_sql("realtime/sql/log.sql", "865d2e8206cc9cbc")
    run_script(
        """
        insert into relais.change_marks default values;
        alter table relais.change_marks enable row level security;
        alter table relais.change_marks force row level security;
        grant select, update on relais.change_marks to service;
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
            select t.tgrelid::regclass as owner, t.tgname from pg_catalog.pg_trigger as t
            where t.tgname in ('log_change', 'announce_logged')
          loop
            execute format('drop trigger %I on %s', item.tgname, item.owner);
          end loop;
        end
        $$;
        drop function relais.watch_changes(text[]);
        drop function relais.log_change();
        drop function relais.announce_logged();
        drop function relais.logged_image(jsonb);
        drop function relais.number_changes(integer);
        drop table relais.change_marks;
        """
    )
    op.drop_index('change_log_unnumbered_idx', table_name='change_log', schema='relais')
    op.drop_index('change_log_position_idx', table_name='change_log', schema='relais')
    op.drop_column('change_log', 'position', schema='relais')
