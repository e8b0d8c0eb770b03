"""What can be known of a running installation: its requests, its servers, its machine; and how monitoring reads it.

`shared.py` has what the processes count, all of them; `servers.py` what PostgreSQL and Redis say of themselves,
`statements.py` which statements are slow, `machine.py` memory and processors, `exposition.py` Prometheus' text of it
all. Who may ask is decided by the routes.
"""
