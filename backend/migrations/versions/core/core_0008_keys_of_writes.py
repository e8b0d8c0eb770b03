"""Writes that carry a key are done once.

Revision: core_0008, after core_0007.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script
from sqlalchemy.dialects import postgresql

revision = 'core_0008'
down_revision = 'core_0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('idempotency_keys',
    sa.Column('tenant_id', sa.Uuid(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('request', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=True),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'owner', 'key', name='idempotency_keys_pkey'),
    schema='relais'
    )
    op.create_index('idempotency_keys_owner_idx', 'idempotency_keys', ['tenant_id', 'owner', 'created_at'],
                    unique=False, schema='relais')
    op.create_index('idempotency_keys_created_at_idx', 'idempotency_keys', ['created_at'], unique=False,
                    schema='relais')
    run_script(
        """
        alter table relais.idempotency_keys enable row level security;
        alter table relais.idempotency_keys force row level security;
        grant select, insert, update, delete on relais.idempotency_keys to service;
        """
    )


def downgrade() -> None:
    op.drop_table('idempotency_keys', schema='relais')
