"""Measurements: contenders that answer the same shapes of request, run by turns on a PostgreSQL of their own.

`python -m benchmarks` compares them, `python -m benchmarks.servers` compares ASGI servers. Relais alone is measured by
`benchmarks.growth`, `benchmarks.memory` and `benchmarks.own_time`. Nothing of the product imports this package.
"""
