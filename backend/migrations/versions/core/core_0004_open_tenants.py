"""Tenants are open to whoever signs up or for those who were invited; exchanging a refresh token tells when it ends.

Revision: core_0004, after core_0003.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

#: Another result is another function.
DROP_ROTATION = "drop function relais.rotate_session(uuid, integer, integer, interval, interval);"


def upgrade() -> None:
    column = sa.Column("open_sign_up", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("tenants", column, schema="relais")
    # Whoever named another one joined it. From now on its owner has to have said so.
    run_script("update relais.tenants set open_sign_up = true where is_default;")
    run_script(DROP_ROTATION)
    run_sql("auth/sql/sessions.sql", "131b4db91dc24742")


def downgrade() -> None:
    run_script(DROP_ROTATION)
    run_sql("auth/sql/sessions.sql", "b5c7e619262b10f6")
    op.drop_column("tenants", "open_sign_up", schema="relais")
