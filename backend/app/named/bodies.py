"""Bodies whose members a route does not know: any JSON that can be told on."""

from typing import Annotated, Any, cast

from pydantic import AfterValidator

#: Deeper than any form nests, and than what writes JSON goes.
_DEEPEST = 100
_LARGEST = 2**63


def _storable(value: Any) -> Any:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        if not level:
            return value
        level = [inner for item in level for inner in _within(item)]
    raise ValueError("Trop de niveaux")


def _within(item: Any) -> list[Any]:
    if isinstance(item, dict):
        members = cast("dict[str, Any]", item)
        return [*members.keys(), *members.values()]
    if isinstance(item, list):
        return cast("list[Any]", item)
    if isinstance(item, str):
        # NUL, and halves of characters that JSON can spell and nothing can store.
        if "\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
            raise ValueError("Caractère interdit")
    elif isinstance(item, int) and not -_LARGEST <= item < _LARGEST:
        raise ValueError("Nombre trop grand")
    return []


#: Any JSON: no NUL, no number and no depth that would be lost on the way.
AnyJson = Annotated[Any, AfterValidator(_storable)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
