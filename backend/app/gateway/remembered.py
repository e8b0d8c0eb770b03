"""Functions of short texts that keep what they have found: the same ones come with every request."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")
#: Longer texts are rarely the same, and strangers must not be able to fill the memory with them.
LONGEST = 256


def remembered(entries: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Keep that many results. What is refused is not kept."""

    def decorated(found: Callable[[str], T]) -> Callable[[str], T]:
        known = lru_cache(maxsize=entries)(found)

        @wraps(found)
        def once(text: str) -> T:
            return known(text) if len(text) <= LONGEST else found(text)

        return once

    return decorated
