"""The application that the tutorials of FastAPI and SQLModel lead to, on the library's tables: the yardstick.

Written as its documentation teaches, and as well as that goes: composite keys so that every index serves, a pool as
large as the load, `selectinload` for the author. It knows nothing of Relais but the tables.
"""
