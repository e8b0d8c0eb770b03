"""Jobs that must not be lost, and which buffers have been written.

Revision: core_0006, after core_0005.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql
from sqlalchemy.dialects import postgresql

revision = 'core_0006'
down_revision = 'core_0005'
branch_labels = None
depends_on = None

TIMESTAMP = postgresql.TIMESTAMP(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text('now()')


def upgrade() -> None:
    op.create_table('jobs',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('tenant_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('arguments', JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('scheduled_for', TIMESTAMP, nullable=True),
    sa.Column('state', postgresql.ENUM('waiting', 'running', 'done', 'dead', name='job_state', schema='relais'),
              server_default=sa.text("'waiting'::relais.job_state"), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('run_after', TIMESTAMP, server_default=NOW, nullable=False),
    sa.Column('started_at', TIMESTAMP, nullable=True),
    sa.Column('finished_at', TIMESTAMP, nullable=True),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('created_at', TIMESTAMP, server_default=NOW, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['relais.tenants.id'], name='jobs_tenant_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='jobs_pkey'),
    schema='relais'
    )
    scheduled = sa.text('scheduled_for is not null')
    due = sa.text("state in ('waiting', 'running')")
    latest = ['state', sa.literal_column('created_at desc')]
    op.create_index('jobs_key_idx', 'jobs', ['key'], unique=True, schema='relais')
    op.create_index('jobs_name_scheduled_for_idx', 'jobs', ['name', 'scheduled_for'], unique=True, schema='relais',
                    postgresql_where=scheduled)
    op.create_index('jobs_due_idx', 'jobs', ['run_after'], unique=False, schema='relais', postgresql_where=due)
    op.create_index('jobs_state_created_at_idx', 'jobs', latest, unique=False, schema='relais')
    op.create_index('jobs_tenant_id_idx', 'jobs', ['tenant_id'], unique=False, schema='relais')
    op.create_table('flushed_batches',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('buffer', sa.Text(), nullable=False),
    sa.Column('created_at', TIMESTAMP, server_default=NOW, nullable=False),
    sa.PrimaryKeyConstraint('id', name='flushed_batches_pkey'),
    schema='relais'
    )
    op.create_index('flushed_batches_created_at_idx', 'flushed_batches', ['created_at'], unique=False, schema='relais')
    run_sql("auth/sql/access.sql", "f3aa3b3413480666")


def downgrade() -> None:
    run_script(
        """
        drop table relais.flushed_batches;
        drop table relais.jobs;
        drop type relais.job_state;
        """
    )
