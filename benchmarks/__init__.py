"""Measurements: contenders that answer the same shapes of request, run by turns on a PostgreSQL of their own.

`python -m benchmarks` compares them, `python -m benchmarks.servers` compares ASGI servers. Nothing of the product
imports this package.
"""
