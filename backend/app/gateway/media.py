"""Media types: what `Accept` asks for, and what of it can be produced."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.catalog.types import MediaHandler, Name
from app.errors import AppError
from app.gateway.errors import BAD_MEDIA_TYPE, say
from app.gateway.remembered import remembered
from app.gateway.types import Media, MediaRange

JSON = "application/json; charset=utf-8"
_PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")
ANY = MediaRange("any", "*/*")
JSON_RANGE = MediaRange("json", "application/json")
_ARRAY = "application/vnd.pgrst.array"
_OBJECT = "application/vnd.pgrst.object"
_PLAN = "application/vnd.pgrst.plan"
#: Types that mean the same whatever parameters come with them, though only a function can produce them.
_PLAIN_TYPES = frozenset({"text/plain", "text/xml", "application/octet-stream", "application/x-www-form-urlencoded"})
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
#: A parameter, whose value may be in quotes.
_PARAMETER = re.compile(r';((?:"[^"]*"|[^;])*)')


@remembered(512)
def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """The entries of `Accept`, the most wanted first."""
    if not header:
        return (ANY,)
    parted = [part.replace(" ", "").partition(";q=") for part in header.split(",")]
    # What says how much an entry is wanted does not make it more specific.
    weighed = [(_quality(rest), entry.count(";") - entry.count("*"), entry) for entry, _, rest in parted]
    weighed.sort(key=lambda item: (-item[0], -item[1]))
    return tuple(media_range(entry) for _, _, entry in weighed)


def _quality(text: str) -> float:
    found = _NUMBER.match(text)
    return float(found[0]) if found else 1.0


def media_range(entry: str) -> MediaRange:
    """One entry, without spaces and quality."""
    name = entry.partition(";")[0].lower()
    parameters = _PARAMETER.findall(entry, len(name))
    options = [parameter.lower() for parameter in parameters]
    match name:
        case "*/*":
            return ANY
        case "application/json":
            return JSON_RANGE
        case "text/csv":
            return MediaRange("csv", name)
        case "application/geo+json":
            return MediaRange("geojson", name)
        case "application/openapi+json":
            return MediaRange("openapi", name)
        case "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json":
            stripped = "nulls=stripped" in options
            return MediaRange("array", f"{_ARRAY}+json;nulls=stripped", stripped=True) if stripped else JSON_RANGE
        case "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json":
            stripped = "nulls=stripped" in options
            return MediaRange("object", f"{_OBJECT}+json;nulls=stripped" if stripped else f"{_OBJECT}+json", stripped)
        case "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" | "application/vnd.pgrst.plan+json":
            return _plan_range(name, parameters)
        case _:
            return MediaRange("other", name if name in _PLAIN_TYPES else entry.lower())


def _plan_range(name: str, parameters: Sequence[str]) -> MediaRange:
    target, options = "application/json", ""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.lower() == "for" and value.startswith('"') and value.endswith('"') and len(value) > 1:
            target = media_range(value[1:-1].replace("\\", "")).name
        elif key.lower() == "options":
            options = value.strip('"').lower()
    chosen = tuple(option for option in _PLAN_OPTIONS if option in options.split("|"))
    is_json = name.endswith("+json")
    shown = f'{_PLAN}+{"json" if is_json else "text"}; for="{target}"'
    if chosen:
        shown += f"; options={'|'.join(chosen)}"
    return MediaRange("plan", shown, plan_json=is_json, plan_for=target, plan_options=chosen)


def choose_media(
    accept: Iterable[MediaRange], handlers: Sequence[MediaHandler], target: Name, *, plain: bool, plans: bool
) -> Media:
    """The first entry that can be produced. `plain`: the root is selected as it is, without embeds."""
    wanted = tuple(accept)
    for entry in wanted:
        media = _produce(entry, handlers, target, plain=plain, plans=plans)
        if media is not None:
            return media
    raise not_available(wanted)


def not_available(wanted: Sequence[MediaRange]) -> AppError:
    """None of what is wanted can be had. It is told in the order in which it is wanted."""
    names = ", ".join(entry.name for entry in wanted)
    return say(BAD_MEDIA_TYPE, f"None of these media types are available: {names}")


def _produce(
    entry: MediaRange, handlers: Sequence[MediaHandler], target: Name, *, plain: bool, plans: bool
) -> Media | None:
    handler = _handler(entry, handlers, target, plain=plain)
    if handler is not None:
        return handled(handler)
    match entry.kind:
        case "any" | "json":
            return Media("json", JSON)
        case "array":
            return Media("array_stripped", f"{entry.name}; charset=utf-8", stripped=True)
        case "object":
            return Media("object", f"{entry.name}; charset=utf-8", stripped=entry.stripped)
        case "csv" | "geojson":
            return Media(entry.kind, f"{entry.name}; charset=utf-8")
        case "plan" if plans:
            explained = _produce(media_range(entry.plan_for), handlers, target, plain=plain, plans=False)
            return explained and replace(explained, content_type=f"{entry.name}; charset=utf-8", plan=entry)
        case _:
            return None


def handled(handler: MediaHandler) -> Media:
    """An answer that a function of the database makes."""
    if handler.media_type == "*/*":
        return Media("handler", "application/octet-stream", handler=handler)
    with_charset = handler.media_type in (
        "text/plain",
        "text/xml",
        "text/csv",
        "application/json",
        "application/geo+json",
    )
    return Media("handler", handler.media_type + ("; charset=utf-8" if with_charset else ""), handler=handler)


def _handler(entry: MediaRange, handlers: Sequence[MediaHandler], target: Name, *, plain: bool) -> MediaHandler | None:
    if not handlers or entry.kind in ("array", "object", "plan", "openapi"):
        return None
    own = [item for item in handlers if item.target == target] if plain else []
    for item in own:
        if item.media_type == "*/*":
            return item
    for item in [*own, *(item for item in handlers if item.target is None)]:
        if item.media_type == entry.name:
            return item
    return None
