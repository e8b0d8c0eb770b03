"""The shapes in PostgREST's dialect: what every gateway that speaks it is asked, by users who take turns in no order.

The same users ask the same requests in the same order in every run.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from urllib.parse import quote, urlencode

from benchmarks.load import Request, get, patch, post
from benchmarks.shapes import (
    BODIES,
    HUNDRED_ROWS,
    INSERT_CATEGORY,
    LICENSE,
    LIST_ROWS,
    MALFORMED_ID,
    Samples,
    Shape,
)
from benchmarks.statements import AUTHOR_COLUMNS, COLUMNS

#: Requests of a shape, which are repeated; those of many rows are long, hence fewer.
REQUESTS, BULK_REQUESTS = 2000, 100
SEED = 20_260_101
SELECT = ",".join(COLUMNS)
AUTHOR = f"author:profiles({','.join(AUTHOR_COLUMNS)})"
#: How a shape names what it wants: a name for each column or one for all, which is less to read and to write.
SELECTS = {
    Shape.ONE: SELECT,
    Shape.ONE_ALL: "*",
    Shape.LIST: f"{SELECT},{AUTHOR}",
    Shape.LIST_ALL: f"*,{AUTHOR}",
    Shape.HUNDRED: "*",
    Shape.INSERT: "*",
}
MINIMAL = {"Prefer": "return=minimal"}


def requests(shape: Shape, samples: Samples, prefix: str) -> Sequence[Request]:
    """Requests of a shape to a gateway that serves tables under a prefix."""
    count = BULK_REQUESTS if shape is Shape.BULK else REQUESTS
    return list(islice(_endless(shape, samples, prefix), count))


def listed(prefix: str, select: str, category: str, limit: int) -> str:
    """The path that asks for the newest public resources of a category."""
    options = {"select": select, "visibility": "eq.public", "category": f"eq.{category}", "order": "created_at.desc"}
    return f"{prefix}/resources?{urlencode(options, safe=',:()*', quote_via=quote)}&limit={limit}"


def authorization(token: str) -> Mapping[str, str]:
    """The header that says who asks."""
    return {"Authorization": f"Bearer {token}"}


def _endless(shape: Shape, samples: Samples, prefix: str) -> Iterator[Request]:
    chance = random.Random(SEED)
    callers, ids, owned = range(len(samples.users)), samples.ids(), samples.owned()
    bodies = [samples.body(number) for number in range(BODIES)]
    number = 0
    while True:
        caller = chance.choice(callers)
        token = authorization(samples.tokens[caller])
        match shape:
            case Shape.ONE | Shape.ONE_ALL:
                row = chance.choice(ids)
                yield get(f"{prefix}/resources?id=eq.{row}&select={SELECTS[shape]}", token, contains=row)
            case Shape.LIST | Shape.LIST_ALL | Shape.HUNDRED:
                category = chance.choice(samples.categories)
                rows = HUNDRED_ROWS if shape is Shape.HUNDRED else LIST_ROWS
                yield get(listed(prefix, SELECTS[shape], category, rows), token, contains=f'"{category}"')
            case Shape.INSERT:
                headers = {**token, "Prefer": "return=representation"}
                body = bodies[number % BODIES]
                yield post(f"{prefix}/resources?select={SELECTS[shape]}", body, headers, contains=INSERT_CATEGORY)
            case Shape.BULK:
                yield post(f"{prefix}/resources", samples.bulk_body(number), {**token, **MINIMAL})
            case Shape.UPDATE:
                body = f'{{"license":"{LICENSE}"}}'
                yield patch(f"{prefix}/resources?id=eq.{owned[caller]}", body, {**token, **MINIMAL})
            case Shape.RPC:
                name = chance.choice(samples.names)
                yield post(f"{prefix}/rpc/search_users", f'{{"query":"{name}"}}', token, status=200, contains=name)
            case Shape.ERROR:
                yield get(f"{prefix}/resources?id=eq.{MALFORMED_ID}", token, status=400, contains='"22P02"')
        number += 1
