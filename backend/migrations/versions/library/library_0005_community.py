"""Totals of a profile, the order of a collection, resources of a group are functions; people mute notifications.

Revision: library_0005, after library_0004.
"""

from app.adapters.migrations import run_script, run_sql

revision = 'library_0005'
down_revision = 'library_0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("modules/library/sql/community.sql", "da26e509e6db5bb5")


def downgrade() -> None:
    run_script(
        """
        drop trigger keep_quiet on library.notifications;
        drop function library_internal.keep_quiet();
        drop function library.group_resources(uuid);
        drop function library_internal.group_resource_ids(uuid);
        drop function library.remove_from_collection(uuid, uuid);
        drop function library_internal.drop_entry(uuid, uuid);
        drop function library.reorder_collection(uuid, uuid[]);
        drop function library.profile_stats(uuid);
        """
    )
