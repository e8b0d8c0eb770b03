"""People are told of copies of their resources and of votes; what is muted is not told, whoever decides it.

Revision: library_0015, after library_0014.
"""

from app.adapters.migrations import run_script, run_sql

revision = "library_0015"
down_revision = "library_0014"
branch_labels = None
depends_on = None

_DOWN = """
drop trigger tell_votes_on_insert on library.suggestion_votes;
drop function library_internal.tell_votes();
drop function library_internal.tell_fork(uuid, uuid);
"""


def upgrade() -> None:
    run_sql("modules/library/sql/community.sql", "953a7deb9656344b")
    run_sql("modules/library/sql/notifications.sql", "f3cd9abe27958aec")
    run_sql("modules/library/sql/functions.sql", "113e201ca7dadf64")


def downgrade() -> None:
    run_sql("modules/library/sql/functions.sql", "f543d39ef423b6c8")
    run_sql("modules/library/sql/notifications.sql", "4125c5f3fe60a6ea")
    run_script(_DOWN)
    run_sql("modules/library/sql/community.sql", "da26e509e6db5bb5")
