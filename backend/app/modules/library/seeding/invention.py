"""One generated resource and what happened to it, as tuples for COPY. Pure: a number and a scene in, rows out.

Interest is as uneven as in life: most resources are hardly seen, a few by everybody, and some people do most of what
is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.modules.library.seeding.phrases import ANGLES, CALLED, CLOSINGS, LICENCES, MIDDLES, OPENINGS, TOPICS, Topic
from app.modules.library.seeding.readmes import readme_of
from app.modules.library.seeding.records import Kind, Visibility
from app.modules.library.seeding.voices import COMMENTS, REPLIES
from app.modules.library.seeding.writing import identifier

Row = tuple[object, ...]
RESOURCE = (
    "id", "user_id", "title", "description", "category", "tags", "resource_type", "visibility", "github_url",
    "external_url", "file_path", "file_url", "file_size", "language", "license", "readme", "average_rating",
    "ratings_count", "downloads_count", "views_count", "created_at", "updated_at",
)  # fmt: skip
RATING = ("id", "user_id", "resource_id", "rating", "created_at", "updated_at")
COMMENT = ("id", "resource_id", "user_id", "parent_id", "content", "created_at", "updated_at")
SAVED = ("id", "user_id", "resource_id", "created_at", "updated_at")
SHARE = ("id", "resource_id", "shared_with_user_id", "created_at", "updated_at")

CATEGORIES = tuple(CALLED)
#: The n-th category is about 1/n as common as the first one.
CATEGORY_WEIGHTS = tuple(sum(1 / (place + 2) for place in range(count)) for count in range(1, len(CATEGORIES) + 1))
KINDS: tuple[Kind, ...] = ("github_repo", "github_repo", "external_link", "external_link", "external_link", "file_upload")
VISIBILITIES: tuple[Visibility, ...] = ("public", "private", "shared_users", "shared_groups")
VISIBILITY_WEIGHTS = (85, 92, 97, 100)
MARKS, MARK_WEIGHTS = (1, 2, 3, 4, 5), (4, 10, 27, 65, 100)
#: Nobody's interest is without end, and a resource is rated by a part of the people only.
PULL_MAX, CROWD_PART = 400.0, 4
REPLY_PART, README_PART = 0.25, 0.05
#: A share holds a lock until the end of the load: resources beyond this number are shared with nobody.
SHARED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when: the accounts, the first day, the last, and the time between two resources."""

    people: Sequence[UUID]
    first: datetime
    last: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Invented:
    """A resource's row, and the rows that refer to it."""

    resource: Row
    ratings: list[Row] = field(default_factory=list[Row])
    comments: list[Row] = field(default_factory=list[Row])
    saved: list[Row] = field(default_factory=list[Row])
    shares: list[Row] = field(default_factory=list[Row])


def identifier_of(number: int) -> UUID:
    """The identifier of the generated resource of this number."""
    return identifier("generated", number)


def invent(number: int, scene: Scene) -> Invented:
    """The generated resource of this number."""
    chance = Random(number)  # noqa: S311 - nothing secret is drawn
    made = scene.first + scene.step * (number - chance.random())
    # A Pareto law: the mean is about 3.5, the median below 1.
    pull = min(chance.paretovariate(1.2) - 1, PULL_MAX)
    key, visibility = identifier_of(number), chance.choices(VISIBILITIES, cum_weights=VISIBILITY_WEIGHTS)[0]
    ratings = [
        (identifier(key, "rating", place), scene.people[place], key, _mark(chance), when, when)
        for place, when in _crowd(chance, scene, made, wanted=int(pull * 0.5))
    ]
    return Invented(
        resource=_resource(chance, scene, made, key=key, facts=(visibility, pull, *_average(ratings))),
        ratings=ratings,
        comments=_comments(chance, scene, made, key=key, wanted=int(pull * 0.3)),
        saved=[
            (identifier(key, "saved", place), scene.people[place], key, when, when)
            for place, when in _crowd(chance, scene, made, wanted=int(pull * 0.4))
        ],
        shares=_shares(scene, made, key) if visibility == "shared_users" and number <= SHARED_MAX else [],
    )


def _crowd(chance: Random, scene: Scene, made: datetime, *, wanted: int) -> list[tuple[int, datetime]]:
    """Distinct people, the busy ones more often than the others, and when each of them came."""
    count = len(scene.people)
    wanted = min(wanted, count // CROWD_PART)
    found: dict[int, datetime] = {}
    while len(found) < wanted:
        found.setdefault(int(count * chance.random() ** 2), made + (scene.last - made) * chance.random())
    return list(found.items())


def _mark(chance: Random) -> int:
    return chance.choices(MARKS, cum_weights=MARK_WEIGHTS)[0]


def _average(ratings: Sequence[Row]) -> tuple[str, int]:
    """What the database will find: the mean to two decimals, halves up, and the count."""
    count = len(ratings)
    if not count:
        return "0", 0
    hundredths = (200 * sum(int(str(row[3])) for row in ratings) + count) // (2 * count)
    return f"{hundredths // 100}.{hundredths % 100:02}", count
