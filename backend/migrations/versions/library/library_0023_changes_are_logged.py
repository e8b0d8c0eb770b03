"""Changes to what people watch are logged.

Revision: library_0023, after library_0022.
"""

from app.adapters.migrations import run_script

revision = "library_0023"
down_revision = "library_0022"
branch_labels = None
depends_on = "core_0007"

TABLES = (
    "category_tag_suggestions",
    "collections",
    "collection_resources",
    "group_members",
    "notifications",
    "resource_comments",
    "resource_ratings",
    "resource_shares",
    "resources",
    "suggestion_votes",
)


def upgrade() -> None:
    names = ", ".join(f"'library.{name}'" for name in TABLES)
    run_script(f"select relais.watch_changes({names});")


def downgrade() -> None:
    run_script(
        "".join(
            f"drop trigger log_change on library.{name}; drop trigger announce_logged on library.{name};"
            for name in TABLES
        )
    )
