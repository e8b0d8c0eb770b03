"""The warning that goes with an answer when a request used an old spelling."""

from collections.abc import Sequence

from app.version import VERSION

_TEXT = (
    "Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop"
    " working in a future release. {} in query string filters, orders or limits."
)


def legacy_names(updates: Sequence[str]) -> str | None:
    """What is said of embeds that were named by their table although they have an alias."""
    if not updates:
        return None
    said = ", ".join(dict.fromkeys(updates))
    return f'299 PostgRESTv{VERSION} "{_TEXT.format(said)}"'
