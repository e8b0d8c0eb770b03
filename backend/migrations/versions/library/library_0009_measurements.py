"""Events are counted by day and written in batches; digests of what was not read.

Revision: library_0009, after library_0008.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql
from sqlalchemy.dialects import postgresql

revision = 'library_0009'
down_revision = 'library_0008'
branch_labels = None
depends_on = 'core_0006'

TIMESTAMP = postgresql.TIMESTAMP(timezone=True)
NOW = sa.text('now()')
NIL = sa.text("'00000000-0000-0000-0000-000000000000'::uuid")


def upgrade() -> None:
    op.create_table('analytics_daily',
    sa.Column('tenant_id', sa.Uuid(), server_default=sa.text('relais.tenant_id()'), nullable=False),
    sa.Column('resource_id', sa.Uuid(), server_default=NIL, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('event', sa.String(255), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('created_at', TIMESTAMP, server_default=NOW, nullable=False),
    sa.Column('updated_at', TIMESTAMP, server_default=NOW, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='analytics_daily_tenant_id_fkey',
                            ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'resource_id', 'day', 'event', name='analytics_daily_pkey'),
    schema='library'
    )
    op.create_index('analytics_daily_event_day_idx', 'analytics_daily', ['tenant_id', 'event', 'day'], unique=False,
                    schema='library')
    run_sql("modules/library/sql/stamps.sql", "9a5bcbe66c7893a7")
    run_sql("modules/library/sql/access.sql", "5bd9890d8384d5fe")
    run_sql("modules/library/sql/analytics.sql", "be8b31b976f319c0")
    run_sql("modules/library/sql/digests.sql", "6e196af8d0a15008")
    # What was there before is counted, too.
    run_script("select library_internal.recount_days('2000-01-01', '2100-01-01');")


def downgrade() -> None:
    run_script(
        """
        drop trigger count_events on library.analytics_events;
        drop function library_internal.digests(text, timestamptz, timestamptz);
        drop function library.analytics_stats(integer, text);
        drop function library.user_activity(uuid, integer);
        drop function library.popular_resources(integer, integer);
        drop function library_internal.contributions(uuid, integer);
        drop function library_internal.most_viewed(integer, integer);
        drop function library_internal.daily_counts(integer, text);
        drop function library_internal.add_views(jsonb);
        drop function library_internal.ingest_what_can_be(jsonb);
        drop function library_internal.ingest_events(jsonb);
        drop function library_internal.recount_days(date, date);
        drop function library_internal.count_events();
        drop table library.analytics_daily;
        """
    )
