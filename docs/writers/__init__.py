"""One file for each generated page: what it is made from, and how it is written. What runs them is `docs.generate`."""
