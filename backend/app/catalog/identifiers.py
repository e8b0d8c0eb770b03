"""Names as SQL takes them."""


def quoted(*parts: str) -> str:
    """An identifier, or several that lead from one to the next, in quotes: whatever is in them stays a name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
