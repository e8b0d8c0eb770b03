"""What a database has to know that was brought back: what happened since the backup, it has not seen."""

from app.adapters.postgres import Connection
from app.backups.store import Manifest
from app.module import RESTORED

_HAS_JOBS = "select to_regclass('relais.jobs') is not null"
_NOTE = """
    insert into relais.jobs (name, arguments, scheduled_for, state, finished_at)
    values ($1, jsonb_build_object('backup', $2::text, 'made', $3::timestamptz), now(), 'done', now())
"""


async def note_return(connection: Connection, manifest: Manifest) -> None:
    """Write down, as a job that was done, that this backup takes the place of the database."""
    # A backup may be of somebody else's database, or older than the table.
    if await connection.fetchval(_HAS_JOBS):
        await connection.execute(_NOTE, RESTORED, manifest.name, manifest.created)
