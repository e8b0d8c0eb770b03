"""The documentation: pages by hand (`*.md`), and the writers of those that are generated (`generate.py`)."""
