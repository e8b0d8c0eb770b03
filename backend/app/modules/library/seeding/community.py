"""What the demo's users do with its resources: versions, ratings, comments, bookmarks, collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.modules.library.seeding.records import Collection, Comment, Entry, Rating, Resource, Saved, Version
from app.modules.library.seeding.voices import CHANGES, COMMENTS, REPLIES
from app.modules.library.seeding.writing import dice, identifier, moment_between

MARKS = (2, 3, 3, 4, 4, 4, 4, 5, 5, 5)
ENTRIES_MAX = 9


@dataclass(frozen=True, slots=True)
class Theme:
    """A collection to be: it gathers the most visited resources that carry one of the tags."""

    name: str
    description: str
    owner: int
    tags: frozenset[str]
    is_public: bool = True


THEMES = (
    Theme("Bien débuter en base de données", "De la première table aux index, une progression pour le soir.", 0,
          frozenset({"database", "sql"})),
    Theme("Accessibilité, par où commencer", "Des lectures courtes, des outils et deux ateliers à animer.", 1,
          frozenset({"accessibilité", "couleurs"})),
    Theme("Boîte à outils d'astreinte", "À garder sous la main quand le téléphone sonne la nuit.", 2,
          frozenset({"exploitation", "devops", "surveillance", "réseau"})),
    Theme("Pour la formation de la rentrée", "Les supports retenus, dans l'ordre du programme.", 3,
          frozenset({"débutant", "cours", "atelier"})),
    Theme("Écrire mieux, écrire moins", "Rédaction technique, modèles de documents et contre-exemples.", 1,
          frozenset({"rédaction", "documentation", "modèle"})),
    Theme("Interfaces qui inspirent", "Ce que nous aimons regarder avant de dessiner.", 3,
          frozenset({"ui", "design", "inspiration", "illustration"})),
    Theme("Sécurité au quotidien", "Mots de passe, secrets, certificats : le minimum vital et un peu plus.", 2,
          frozenset({"sécurité", "auth"})),
    Theme("Jeux de données pour s'entraîner", "Fictifs, propres ou volontairement sales.", 0,
          frozenset({"données", "corpus"})),
    Theme("Vie d'équipe", "Réunions utiles, accueil et entraide.", 1, frozenset({"équipe", "réunion", "méthode"})),
    Theme("À lire plus tard", "Ma pile personnelle, en désordre.", 1,
          frozenset({"culture", "lecture", "éthique"}), False),
    Theme("Brouillon pour l'atelier API", "Sélection en cours, ne pas diffuser.", 2, frozenset({"api"}), False),
    Theme("Idées cadeaux pour développeurs", "Oui, des affiches et des jeux de cartes.", 3,
          frozenset({"jeu", "affiche", "algorithmes"}), False),
)  # fmt: skip


def visible(resources: Sequence[Resource]) -> list[Resource]:
    """Those that everybody may read, and so rate, keep and comment."""
    return [resource for resource in resources if resource.visibility == "public"]


def versions(resources: Sequence[Resource]) -> list[Version]:
    """Earlier states of every ninth resource."""
    chance = dice("versions")
    rows: list[Version] = []
    for resource in resources[::9]:
        for number in range(1, 2 + chance.randrange(3)):
            made = moment_between(chance, resource.created_at, resource.updated_at)
            summary = CHANGES[0] if number == 1 else chance.choice(CHANGES[1:])
            rows.append(_version(resource, number, summary, made))
    return rows


def _version(resource: Resource, number: int, summary: str, made: datetime) -> Version:
    draft = number == 1
    return Version(
        id=identifier("version", resource.id, number),
        resource_id=resource.id,
        version_number=number,
        title=f"{resource.title} (brouillon)" if draft else resource.title,
        description=resource.description.split(". ")[0].rstrip(".") + "." if draft else resource.description,
        category=resource.category,
        tags=resource.tags[:1] if draft else resource.tags,
        github_url=resource.github_url,
        external_url=resource.external_url,
        language=resource.language,
        readme=None if draft else resource.readme,
        file_path=resource.file_path,
        file_url=resource.file_url,
        file_size=resource.file_size,
        created_by=resource.user_id,
        change_summary=summary,
        created_at=made,
        updated_at=made,
    )


def ratings(resources: Sequence[Resource], users: Sequence[UUID], today: datetime) -> list[Rating]:
    """Marks that the users give to each other's resources."""
    chance = dice("ratings")
    rows: list[Rating] = []
    for resource in visible(resources):
        for user in users:
            if user == resource.user_id or chance.random() > 0.45:
                continue
            made = moment_between(chance, resource.created_at, today)
            key = identifier("rating", resource.id, users.index(user))
            rows.append(Rating(key, user, resource.id, chance.choice(MARKS), made, made))
    return rows


def saved(resources: Sequence[Resource], users: Sequence[UUID], today: datetime) -> list[Saved]:
    """Resources that the users keep at hand."""
    chance = dice("saved")
    rows: list[Saved] = []
    for resource in visible(resources):
        for place, user in enumerate(users):
            if chance.random() < 0.12:
                made = moment_between(chance, resource.created_at, today)
                rows.append(Saved(identifier("saved", resource.id, place), user, resource.id, made, made))
    return rows


def comments(resources: Sequence[Resource], users: Sequence[UUID], today: datetime) -> list[Comment]:
    """Remarks on about half of the resources, without the replies."""
    chance = dice("comments")
    rows: list[Comment] = []
    for resource in visible(resources):
        for number in range(chance.choice((0, 0, 1, 1, 2, 3))):
            made = moment_between(chance, resource.created_at, today - timedelta(hours=6))
            key, author = identifier("comment", resource.id, number), chance.choice(users)
            rows.append(Comment(key, resource.id, author, None, chance.choice(COMMENTS), made, made))
    return rows


def replies(remarks: Sequence[Comment], owners: dict[UUID, UUID], today: datetime) -> list[Comment]:
    """What the owners answer to some of the remarks."""
    chance = dice("replies")
    rows: list[Comment] = []
    for remark in remarks:
        owner = owners[remark.resource_id]
        if owner == remark.user_id or chance.random() > 0.6:
            continue
        made = moment_between(chance, remark.created_at, today)
        key = identifier("reply", remark.id)
        rows.append(Comment(key, remark.resource_id, owner, remark.id, chance.choice(REPLIES), made, made))
    return rows


def collections(users: Sequence[UUID], today: datetime) -> list[Collection]:
    """The themes as rows."""
    chance = dice("collections")
    rows: list[Collection] = []
    for theme in THEMES:
        made = moment_between(chance, today - timedelta(days=200), today - timedelta(days=20))
        owner = users[theme.owner % len(users)]
        key = identifier("collection", theme.name)
        rows.append(Collection(key, theme.name, theme.description, owner, theme.is_public, made, made))
    return rows


def entries(shelves: Sequence[Collection], resources: Sequence[Resource], today: datetime) -> list[Entry]:
    """The resources of each collection in their order; a private one also takes what only its owner sees."""
    rows: list[Entry] = []
    by_visits = sorted(resources, key=lambda resource: (-resource.views_count, resource.id))
    for theme, shelf in zip(THEMES, shelves, strict=True):
        chosen = [
            resource
            for resource in by_visits
            if theme.tags.intersection(resource.tags)
            and (resource.visibility == "public" or (not shelf.is_public and resource.user_id == shelf.user_id))
        ]
        for place, resource in enumerate(chosen[:ENTRIES_MAX], start=1):
            made = max(shelf.created_at, min(resource.created_at, today)) + timedelta(minutes=place)
            key = identifier("entry", shelf.id, resource.id)
            rows.append(Entry(key, shelf.id, resource.id, place, made, made, made))
    return rows
