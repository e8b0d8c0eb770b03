"""Votes are settled when thresholds change, settings are checked and their changes recorded, templates are used.

Revision: library_0006, after library_0005.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql
from sqlalchemy.dialects import postgresql

revision = "library_0006"
down_revision = 'library_0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "admin_config_audit_logs",
        sa.Column("tenant_id", sa.Uuid(), server_default=sa.text("relais.tenant_id()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("relais.new_id()"), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("old_value", sa.Text(), nullable=True),
        sa.Column("new_value", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "actor_user_id"],
            ["library.profiles.tenant_id", "library.profiles.user_id"],
            name="admin_config_audit_logs_actor_user_id_fkey",
            ondelete="SET NULL (actor_user_id)",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["relais.tenants.id"], name="admin_config_audit_logs_tenant_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="admin_config_audit_logs_pkey"),
        schema="library",
    )
    op.create_index(
        "admin_config_audit_logs_actor_user_id_idx",
        "admin_config_audit_logs",
        ["tenant_id", "actor_user_id"],
        schema="library",
    )
    op.create_index(
        "admin_config_audit_logs_created_at_idx",
        "admin_config_audit_logs",
        ["tenant_id", sa.literal_column("created_at desc")],
        schema="library",
    )
    run_sql("modules/library/sql/refusals.sql", "6001a8e97a70e858")
    run_sql("modules/library/sql/notifications.sql", "4125c5f3fe60a6ea")
    run_sql("modules/library/sql/votes.sql", "473af0bd2b99fc59")
    run_sql("modules/library/sql/proposals.sql", "efcc69eb22e75227")
    run_sql("modules/library/sql/categories.sql", "91e6e4bc985752f4")
    run_sql("modules/library/sql/templates.sql", "1f9db319aa5ab277")
    run_sql("modules/library/sql/settings.sql", "fc9c2acd9ed132b7")


def downgrade() -> None:
    run_script(
        """
        drop trigger check_setting on library.admin_config;
        drop trigger record_setting on library.admin_config;
        drop trigger announce_setting on library.admin_config;
        drop trigger announce_removal on library.category_tag_suggestions;
        drop trigger announce_votes_on_insert on library.suggestion_votes;
        drop trigger announce_votes_on_update on library.suggestion_votes;
        drop trigger announce_votes_on_delete on library.suggestion_votes;
        drop function library_internal.check_setting();
        drop function library_internal.record_setting();
        drop function library_internal.announce_setting();
        drop function library_internal.announce_removal();
        drop function library_internal.announce_votes();
        drop function library.use_template(uuid, jsonb);
        drop function library_internal.count_use(uuid);
        drop function library.remove_category(uuid);
        drop function library.seed_suggestions(jsonb);
        drop function library.propose_suggestion(text, library.suggestion_type, text);
        drop function library_internal.must_be_new(text, library.suggestion_type);
        drop function library.user_vote(library.category_tag_suggestions);
        drop function library.votes_cast(library.category_tag_suggestions);
        drop function library.votes_of_suggestion(uuid);
        drop function library_internal.settle_votes(uuid);
        drop function library_internal.score_of(uuid, uuid);
        drop function library_internal.refuse(text, integer, text);
        drop table library.admin_config_audit_logs;
        """
    )
    run_sql("modules/library/sql/notifications.sql", "8420115ccd4507fc")
