"""Files as they come in and go out: forms read as streams, what their content shows, ranges, `data:` addresses.

Where bytes lie is `adapters/storage.py`'s affair; whose they are and who may read them is a module's.
"""
