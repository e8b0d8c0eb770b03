"""Rows of the library as clients of explicit routes read them, one file a subject."""
