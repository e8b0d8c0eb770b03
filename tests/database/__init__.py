"""The database by itself: what its rules, triggers and functions do, asked in SQL, without the API."""
