"""The demo's people: what their profiles say, their groups and what they share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.modules.library.seeding.records import Group, Member, Profile, Resource, Share
from app.modules.library.seeding.writing import dice, identifier, moment_between

#: Names and presentations in the order of the accounts, the administrator first.
PEOPLE = (
    ("Administration (démo)", "Compte d'administration de la démonstration : il voit tout et règle le reste."),
    ("Alice (démo)", "Compte de démonstration. Aime les bases de données bien rangées et les README courts."),
    ("Bruno (démo)", "Compte de démonstration. Automatise ce qui l'ennuie, documente ce qui l'inquiète."),
    ("Chloé (démo)", "Compte de démonstration. Dessine des interfaces et anime des ateliers d'accessibilité."),
)


@dataclass(frozen=True, slots=True)
class Circle:
    """A group to be; people by their place among the accounts."""

    name: str
    description: str
    owner: int
    members: tuple[int, ...]


CIRCLES = (
    Circle("Équipe Plateforme", "Exploitation, surveillance et longues soirées de migration.", 0, (1, 2)),
    Circle("Atelier Données", "Jeux de données, analyses et doutes méthodologiques.", 1, (2, 3)),
    Circle("Club de lecture technique", "Un article par mois, discuté autour d'un goûter.", 2, (0, 1, 3)),
    Circle("Formation interne", "Préparation des parcours et des ateliers de la rentrée.", 3, (1,)),
)


def profiles(users: Sequence[UUID]) -> list[Profile]:
    """A profile for each account; accounts beyond the known ones are numbered."""
    return [
        Profile(user, *(PEOPLE[place] if place < len(PEOPLE) else (f"Compte {place + 1} (démo)", PEOPLE[1][1])))
        for place, user in enumerate(users)
    ]


def groups(users: Sequence[UUID], today: datetime) -> list[Group]:
    """The circles as rows. Their owners become members by themselves."""
    rows: list[Group] = []
    for place, circle in enumerate(CIRCLES):
        made = today - timedelta(days=320 - 60 * place)
        owner = users[circle.owner % len(users)]
        rows.append(Group(identifier("group", circle.name), circle.name, circle.description, owner, made, made))
    return rows


def members(circles: Sequence[Group], users: Sequence[UUID]) -> list[Member]:
    """The members of the groups but their owners; the first of a larger group helps to run it."""
    rows: list[Member] = []
    for circle, group in zip(CIRCLES, circles, strict=True):
        people = dict.fromkeys(users[place % len(users)] for place in circle.members)
        people.pop(group.owner_id, None)
        for turn, user in enumerate(people):
            made = group.created_at + timedelta(days=1 + turn)
            role = "admin" if turn == 0 and len(people) > 2 else "member"
            key = identifier("member", group.name, users.index(user))
            rows.append(Member(key, group.id, user, role, made, made, made))
    return rows


def shares_with_users(resources: Iterable[Resource], users: Sequence[UUID], today: datetime) -> list[Share]:
    """One or two people for each resource that is meant for some, and for a private one now and then."""
    chance = dice("user shares")
    meant = [item for item in resources if item.visibility == "shared_users"]
    meant += [item for item in resources if item.visibility == "private"][::6]
    rows: list[Share] = []
    for resource in meant:
        others = [user for user in users if user != resource.user_id]
        for user in chance.sample(others, k=min(len(others), chance.choice((1, 1, 2)))):
            made = moment_between(chance, resource.created_at, today)
            key = identifier("share", resource.id, "user", users.index(user))
            permission = "write" if len(rows) % 3 == 2 else "read"
            rows.append(Share(key, resource.id, user, None, permission, _expiry(len(rows), today), made, made))
    return rows


def shares_with_groups(resources: Iterable[Resource], circles: Sequence[Group], today: datetime) -> list[Share]:
    """A group for each resource that is meant for groups."""
    chance = dice("group shares")
    rows: list[Share] = []
    for resource in resources:
        if resource.visibility != "shared_groups":
            continue
        group = chance.choice(circles)
        made = moment_between(chance, resource.created_at, today)
        key = identifier("share", resource.id, "group", group.name)
        rows.append(Share(key, resource.id, None, group.id, "read", _expiry(len(rows), today), made, made))
    return rows


def _expiry(turn: int, today: datetime) -> datetime | None:
    """One share in five has expired, another will."""
    days = {1: -10, 3: 180}.get(turn % 5)
    return None if days is None else today + timedelta(days=days)
