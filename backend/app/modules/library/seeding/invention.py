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
    "id", "user_id", "visibility", "average_rating", "ratings_count", "views_count", "downloads_count", "created_at",
    "updated_at", "title", "description", "category", "tags", "language", "license", "readme", "resource_type",
    "github_url", "external_url", "file_path", "file_url", "file_size",
)  # fmt: skip
RATING = ("id", "user_id", "resource_id", "rating", "created_at", "updated_at")
COMMENT = ("id", "resource_id", "user_id", "parent_id", "content", "created_at", "updated_at")
SAVED = ("id", "user_id", "resource_id", "created_at", "updated_at")
SHARE = ("id", "resource_id", "shared_with_user_id", "created_at", "updated_at")

CATEGORIES = tuple(CALLED)
#: The n-th category is about 1/n as common as the first one.
CATEGORY_WEIGHTS = tuple(sum(1 / (place + 2) for place in range(count)) for count in range(1, len(CATEGORIES) + 1))
KINDS: tuple[Kind, ...] = (
    "github_repo",
    "github_repo",
    "external_link",
    "external_link",
    "external_link",
    "file_upload",
)
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
    key, author = identifier_of(number), scene.people[_somebody(chance, scene)]
    visibility = chance.choices(VISIBILITIES, cum_weights=VISIBILITY_WEIGHTS)[0]
    crowd = _crowd(chance, scene, made, wanted=int(pull * 0.5))
    marks = chance.choices(MARKS, cum_weights=MARK_WEIGHTS, k=len(crowd))
    views = int(pull * chance.uniform(45, 75)) + chance.randrange(20)
    changed = made + (scene.last - made) * chance.random() ** 3
    standing = (visibility, _average(marks), len(marks), views, views // 7, made, changed)
    return Invented(
        resource=(key, author, *standing, *_content(chance, number)),
        ratings=[
            (identifier(key, "rating", place), scene.people[place], key, mark, when, when)
            for (place, when), mark in zip(crowd, marks, strict=True)
        ],
        comments=_comments(chance, scene, made, key=key, wanted=int(pull * 0.3)),
        saved=[
            (identifier(key, "saved", place), scene.people[place], key, when, when)
            for place, when in _crowd(chance, scene, made, wanted=int(pull * 0.4))
        ],
        shares=_shares(chance, scene, made, key=key) if visibility == "shared_users" and number <= SHARED_MAX else [],
    )


def _somebody(chance: Random, scene: Scene) -> int:
    """One of the people, by their place: a tenth of them is met a third of the time."""
    return int(len(scene.people) * chance.random() ** 2)


def _crowd(chance: Random, scene: Scene, made: datetime, *, wanted: int) -> list[tuple[int, datetime]]:
    """Distinct people, and when each of them came."""
    wanted = min(wanted, len(scene.people) // CROWD_PART)
    found: dict[int, datetime] = {}
    while len(found) < wanted:
        found.setdefault(_somebody(chance, scene), made + (scene.last - made) * chance.random())
    return list(found.items())


def _average(marks: Sequence[int]) -> str:
    """What the database would find: the mean to two decimals, halves up."""
    if not marks:
        return "0"
    hundredths = (200 * sum(marks) + len(marks)) // (2 * len(marks))
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _content(chance: Random, number: int) -> Row:
    category = chance.choices(CATEGORIES, cum_weights=CATEGORY_WEIGHTS)[0]
    topic, angle = chance.choice(TOPICS), chance.choice(ANGLES)
    title = f"{chance.choice(CALLED[category])} {topic.phrase}, {angle}"
    description = (
        chance.choice(OPENINGS).format(topic=topic.phrase, angle=chance.choice(ANGLES))
        + chance.choice(MIDDLES)
        + chance.choice(CLOSINGS)
    )
    slug = f"ressource-{number}"
    readme = readme_of(title, description, slug, chance) if chance.random() < README_PART else None
    words = (title, description, category, _tags(chance, topic))
    return (*words, chance.choice(topic.languages), chance.choice(LICENCES), readme, *_place(chance, slug))


def _tags(chance: Random, topic: Topic) -> list[str]:
    """The topic's tags, often with one of another topic."""
    return list(dict.fromkeys((*topic.tags, *chance.choice(TOPICS).tags[: chance.randrange(2)])))


def _place(chance: Random, slug: str) -> tuple[Kind, str | None, str | None, str | None, str | None, str | None]:
    """The kind of resource, and where it is to be found."""
    kind = chance.choice(KINDS)
    if kind == "github_repo":
        return kind, f"https://git.example.com/charge/{slug}", None, None, None, None
    if kind == "external_link":
        return kind, None, f"https://www.example.com/{slug}", None, None, None
    size = str(chance.randrange(2_000, 20_000_000))
    return kind, None, None, f"charge/{slug}.pdf", f"https://files.example.com/charge/{slug}.pdf", size


def _comments(chance: Random, scene: Scene, made: datetime, *, key: UUID, wanted: int) -> list[Row]:
    """Remarks in the order of time, some of them replies to an earlier one."""
    rows: list[Row] = []
    for turn in range(wanted):
        made += (scene.last - made) * (chance.random() / 4)
        parent = identifier(key, "comment", chance.randrange(turn)) if turn and chance.random() < REPLY_PART else None
        text = chance.choice(REPLIES if parent else COMMENTS)
        author = scene.people[_somebody(chance, scene)]
        rows.append((identifier(key, "comment", turn), key, author, parent, text, made, made))
    return rows


def _shares(chance: Random, scene: Scene, made: datetime, *, key: UUID) -> list[Row]:
    place = _somebody(chance, scene)
    return [(identifier(key, "share", place), key, scene.people[place], made, made)]
