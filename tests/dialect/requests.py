"""A generator of requests: aware of the grammar, seeded, so that one number always stands for one list.

What a request of each category looks like is in `reading.py`, `writing.py`, `calling.py` and `breaking.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from .breaking import Breaker
from .calling import Caller
from .messages import Request
from .picture import Picture
from .reading import Reader
from .tokens import good_authorization
from .writing import Writer

#: Methods and paths that OPTIONS is asked of.
DESCRIBED = (
    "/books",
    "/book_list",
    "/tree",
    "/editable",
    "/insert_only",
    "/book_prices",
    "/events",
    "/logs",
    "/rpc/add",
    "/rpc/over",
    "/rpc/do_nothing",
    "/rpc/whoami",
    "/",
    "/nosuch",
    "/rpc/nosuch",
    "/constants",
    "/book_writers",
    "/checked_books",
    "/single",
    "/no_columns",
    "/locked",
    "/rpc/many_defaults",
)


def generate(picture: Picture, seed: int, count: int) -> Iterator[Request]:
    """That many requests."""
    rng = Random(seed)
    reader = Reader(rng, picture)
    writer = Writer(rng, picture, reader)
    caller = Caller(rng, picture, reader)
    breaker = Breaker(rng)
    makers: list[tuple[int, Callable[[], Request]]] = [
        (10, reader.plain),
        (8, reader.filtered),
        (6, reader.logical),
        (5, reader.documents),
        (4, reader.aggregates),
        (15, reader.embedded),
        (2, reader.unclear),
        (6, reader.counted),
        (7, writer.insert),
        (5, writer.upsert),
        (5, writer.update),
        (4, writer.delete),
        (3, writer.put),
        (3, writer.guarded),
        (7, caller.get),
        (7, caller.post),
        (6, breaker.grammar),
        (2, breaker.media),
        (3, breaker.body),
        (2, breaker.preference),
        (1, breaker.method),
        (3, breaker.path),
        (2, breaker.profile),
        (2, breaker.token),
        (1, lambda: described(rng)),
    ]
    weights = [weight for weight, _ in makers]
    for _ in range(count):
        request = rng.choices(makers, weights)[0][1]()
        yield _signed(request, rng)


def described(rng: Random) -> Request:
    """OPTIONS, and what is at the root."""
    if rng.random() < 0.06:
        return Request(
            "root",
            rng.choice(("GET", "HEAD")),
            "/",
            "",
            (("Accept", rng.choice(("application/openapi+json", "*/*", "text/csv"))),),
        )
    origin = (("Origin", "http://example.org"),) if rng.random() < 0.3 else ()
    return Request("options", "OPTIONS", rng.choice(DESCRIBED), "", origin)


def _signed(request: Request, rng: Random) -> Request:
    """Some callers have a token; those of guarded tables mostly do."""
    if request.category == "broken.token" or rng.random() > (0.7 if request.category == "guarded" else 0.2):
        return request
    return replace(request, headers=(*request.headers, ("Authorization", good_authorization(rng))))
