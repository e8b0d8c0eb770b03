"""The words of the demo: votes on the suggestions that every library starts with, categories and their filters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.modules.library.seeding.records import Category, Filter, Vote
from app.modules.library.seeding.writing import identifier

SuggestionKind = Literal["category", "tag", "resource_type", "filter"]
#: Proposals still open (`sql/vocabulary.sql`), with their voters (by their place among the accounts) for and against.
PENDING: tuple[tuple[SuggestionKind, str, tuple[int, ...], tuple[int, ...]], ...] = (
    ("category", "Sécurité", (0, 1, 2), ()),
    ("tag", "Machine Learning", (1, 3), (2,)),
    ("tag", "Docker", (2,), ()),
    ("filter", "API REST", (3,), (0, 1)),
)
SUGGESTED_DAYS, VOTED_DAYS = 90, 30


@dataclass(frozen=True, slots=True)
class Branch:
    """A category to be, with what is under it and the questions that narrow it down."""

    name: str
    description: str
    children: tuple[tuple[str, str], ...]
    filters: tuple[tuple[str, str, str, tuple[str, ...]], ...]


LICENCES = ("MIT", "Apache-2.0", "GPL-3.0", "CC-BY-4.0", "CC0-1.0")
LEVELS = ("Débutant", "Intermédiaire", "Avancé")
BRANCHES = (
    Branch(
        "Documents & Fichiers", "Textes, tableaux et présentations à lire ou à télécharger.",
        (("Comptes rendus", "Ce qui a été dit et décidé."), ("Guides internes", "Comment on fait, chez nous."),
         ("Modèles administratifs", "Lettres, contrats et formulaires.")),
        (("format", "select", "Format", ("PDF", "Texte", "Tableur", "Présentation")),
         ("pages", "range", "Nombre de pages", ())),
    ),
    Branch(
        "Liens & Favoris", "Pages et services du Web qui valent le détour.",
        (("Articles", "À lire en une pause."), ("Annuaires", "Des listes tenues à jour.")),
        (("consulte", "date", "Consulté le", ()), ("site", "text", "Site", ())),
    ),
    Branch(
        "Médias & Images", "Images, sons et vidéos réutilisables.",
        (("Illustrations", "Dessins et pictogrammes."), ("Vidéos", "Captations et démonstrations."),
         ("Sons", "Signaux, voix et musiques.")),
        (("licence", "multiselect", "Licence", LICENCES), ("duree", "range", "Durée en secondes", ())),
    ),
    Branch(
        "Templates & Modèles", "Squelettes et modèles à reprendre.",
        (("Squelettes de projets", "Pour démarrer un dépôt."), ("Modèles de pages", "Pour démarrer une interface.")),
        (("langage", "select", "Langage", ("TypeScript", "Python", "CSS", "YAML")),),
    ),
    Branch(
        "Code & Scripts", "Programmes, bibliothèques et extraits.",
        (("Bibliothèques", "À intégrer dans un projet."), ("Scripts", "À lancer tels quels."),
         ("Extraits", "À lire et à adapter.")),
        (("langage", "multiselect", "Langage", ("Python", "TypeScript", "Rust", "Go", "SQL", "Shell")),
         ("licence", "select", "Licence", LICENCES)),
    ),
    Branch(
        "Formations & Tutoriels", "Cours, ateliers et pas à pas.",
        (("Cours", "Plusieurs séances, des exercices."), ("Ateliers", "Une demi-journée à plusieurs."),
         ("Tutoriels", "Un résultat au bout d'une heure.")),
        (("niveau", "select", "Niveau", LEVELS), ("duree", "range", "Durée en minutes", ())),
    ),
    Branch(
        "Outils & Utilitaires", "Logiciels et services du quotidien.",
        (("En ligne de commande", "Pour le terminal."), ("Services Web", "Rien à installer.")),
        (("systeme", "multiselect", "Système", ("Linux", "macOS", "Windows", "Web")),),
    ),
    Branch(
        "Données & Références", "Jeux de données, tables et aide-mémoire.",
        (("Jeux de données", "À charger et à explorer."), ("Aide-mémoire", "À garder sous les yeux.")),
        (("format", "select", "Format", ("CSV", "JSON", "SQL", "PDF")), ("maj", "date", "Mis à jour le", ())),
    ),
)  # fmt: skip


def votes(known: Mapping[tuple[str, str], UUID], users: Sequence[UUID], today: datetime) -> Iterator[Vote]:
    """The votes on open proposals that are still there. `known` has the identifiers by kind and name."""
    made = today - timedelta(days=VOTED_DAYS)
    for kind, name, in_favour, against in PENDING:
        suggestion = known.get((kind, name))
        if suggestion is None:
            continue
        ballots: dict[UUID, Literal["upvote", "downvote"]] = {
            users[place % len(users)]: "downvote" for place in against
        }
        ballots |= {users[place % len(users)]: "upvote" for place in in_favour}
        for user, vote in ballots.items():
            yield Vote(identifier("vote", kind, name, users.index(user)), suggestion, user, vote, made, made)


def categories(today: datetime) -> tuple[list[Category], list[Category]]:
    """The categories, and what is under them."""
    made = today - timedelta(days=SUGGESTED_DAYS)
    roots: list[Category] = []
    children: list[Category] = []
    for place, branch in enumerate(BRANCHES, start=1):
        root = Category(
            identifier("category", branch.name), branch.name, None, branch.description, place, True, made, made
        )
        roots.append(root)
        children += [
            Category(identifier("category", branch.name, name), name, root.id, text, turn, True, made, made)
            for turn, (name, text) in enumerate(branch.children, start=1)
        ]
    return roots, children


def filters(today: datetime) -> list[Filter]:
    """The questions of each category."""
    made = today - timedelta(days=SUGGESTED_DAYS)
    return [
        Filter(
            identifier("filter", branch.name, key), identifier("category", branch.name), key, kind, label, options,
            False, turn, made, made,
        )
        for branch in BRANCHES
        for turn, (key, kind, label, options) in enumerate(branch.filters, start=1)
    ]  # fmt: skip
