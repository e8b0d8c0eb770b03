"""Named queries: what explicit routes are made of.

`shapes.py` declares rows as clients read them, `ask.py` runs queries of the gateway's dialect in a caller's name,
`lists.py` reads pages, orders and filters from a query string, `answers.py` makes answers. No route lives here.
"""
