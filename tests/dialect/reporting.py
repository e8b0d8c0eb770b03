"""Tells people of differences: the like ones together, each group with one request to try."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .comparing import Difference, Exchange, error_of

GROUPS = 20
WIDTH = 600


def report(found: Iterable[Difference], *, most: int = GROUPS) -> str:
    """The differences in words, the largest groups first."""
    groups: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
    for difference in found:
        groups[likeness(difference)].append(difference)
    ranked = sorted(groups.values(), key=len, reverse=True)
    total = sum(map(len, ranked))
    lines = [f"{total} differences in {len(ranked)} groups; the {min(most, len(ranked))} largest:"]
    for number, group in enumerate(ranked[:most], 1):
        lines += ["", *_described(number, group)]
    return "\n".join(lines)


def histogram(exchanges: Iterable[Exchange]) -> dict[str, Counter[int]]:
    """How often the reference answered what, by category."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for exchange in exchanges:
        found[exchange.request.category][exchange.reference.status] += 1
    return dict(sorted(found.items()))


def likeness(difference: Difference) -> tuple[str, ...]:
    """What two differences have in common when they are of one cause."""
    exchange = difference.exchange
    errors = (error_of(exchange.reference), error_of(exchange.ours))
    codes = tuple(str(error.get("code")) for error in errors)
    values: Sequence[str] = ()
    if difference.aspect == "answer":
        values = tuple(_shape(str(error.get("message"))) for error in errors)
    elif difference.aspect.startswith("error.") or difference.aspect in ("content-type", "allow", "www-authenticate"):
        values = (_shape(difference.reference), _shape(difference.ours))
    return (difference.aspect, str(exchange.reference.status), str(exchange.ours.status), *codes, *values)


def _described(number: int, group: Sequence[Difference]) -> list[str]:
    # The shortest request says it best.
    one = min(
        group, key=lambda difference: len(difference.exchange.request.target) + len(difference.exchange.request.headers)
    )
    exchange = one.exchange
    categories = Counter(difference.exchange.request.category for difference in group)
    return [
        f"{number}. {one.aspect}: {len(group)} times, in {', '.join(f'{n} {c}' for n, c in categories.most_common(4))}",
        f"   {exchange.request.curl('$URL')}",
        f"   PostgREST: {_cut(one.reference)}",
        f"   Relais:    {_cut(one.ours)}",
    ]


def _shape(text: str) -> str:
    text = re.sub(r"\"[^\"]*\"|'[^']*'|\([^()]*\)|\S+[./]\S+", "~", text)
    return re.sub(r"\d+", "0", text)[:60]


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({len(text)} characters)"
