"""What a database has to know that was brought back: what happened since the backup, it has not seen.

Letters and jobs that waited when the backup was made have been sent and done since, most likely. They are held: it is
for administrators to say which of them go out and are done again.
"""

from app.adapters.postgres import Connection
from app.backups.store import Manifest
from app.module import RESTORED

_HAS_JOBS = "select to_regclass('relais.jobs') is not null"
_NOTE = """
    insert into relais.jobs (name, arguments, scheduled_for, state, finished_at)
    values ($1, jsonb_build_object('backup', $2::text, 'made', $3::timestamptz), now(), 'done', now())
"""
HELD = "It waited when the backup was made that was brought back"
_HOLD_JOBS = """
    update relais.jobs set state = 'dead', last_error = $1, finished_at = now() where state in ('waiting', 'running')
"""
_HAS_LETTERS = "select to_regclass('relais.email_outbox') is not null"
_HOLD_LETTERS = """
    update relais.email_outbox set status = 'failed', last_error = $1, failed_at = now()
    where status in ('pending', 'sending')
"""


async def settle(connection: Connection, manifest: Manifest) -> None:
    """Hold what waits, and write down, as a job that was done, that this backup takes the place of the database."""
    # A backup may be of somebody else's database, or older than the tables.
    if await connection.fetchval(_HAS_LETTERS):
        await connection.execute(_HOLD_LETTERS, HELD)
    if await connection.fetchval(_HAS_JOBS):
        await connection.execute(_HOLD_JOBS, HELD)
        await connection.execute(_NOTE, RESTORED, manifest.name, manifest.created)
