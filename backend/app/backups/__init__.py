"""Backups: the database in PostgreSQL's own format, a copy of what Redis holds, and a manifest that says what it is.

`store.py` is the directory of them, `create.py` makes one, `restore.py` brings one back, `programs.py` runs `pg_dump`
and `pg_restore`, `picture.py` asks PostgreSQL what belongs into a manifest, `returned.py` tells a database that it was
brought back, `job.py` makes the one of the day. A backup is a directory that is renamed to its name when all of it is
there.
"""
