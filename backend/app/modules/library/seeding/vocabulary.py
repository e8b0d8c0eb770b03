"""The words that the library starts with: suggestions and their votes, categories and their filters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.modules.library.seeding.records import Category, Filter, Suggestion, Vote
from app.modules.library.seeding.writing import identifier

SuggestionKind = Literal["category", "tag", "resource_type", "filter"]
#: Approved ones by kind: the votes that they start with, then name and description.
APPROVED: Mapping[SuggestionKind, tuple[int, Mapping[str, str]]] = {
    "category": (10, {
        "Développement": "Code, bibliothèques et techniques de programmation.",
        "Design": "Interfaces, maquettes, couleurs et typographie.",
        "Documentation": "Guides, références et tout ce qui s'explique par écrit.",
        "Outils": "Logiciels et services qui font gagner du temps.",
        "Templates": "Modèles et squelettes à reprendre pour ses propres projets.",
        "Médias": "Images, sons et vidéos réutilisables.",
        "Données": "Jeux de données, statistiques et référentiels.",
        "Learning": "Cours, tutoriels et parcours pour apprendre à son rythme.",
    }),
    "tag": (8, {
        "react": "Tout ce qui touche à la bibliothèque React et à ses composants.",
        "typescript": "Projets et articles sur le typage de JavaScript.",
        "javascript": "Le langage du Web, dans le navigateur comme sur le serveur.",
        "python": "Scripts, services et analyses écrits en Python.",
        "api": "Conception, description et usage d'interfaces de programmation.",
        "database": "Schémas, requêtes et exploitation des bases de données.",
        "frontend": "Ce qui s'affiche et s'exécute chez l'utilisateur.",
        "backend": "Ce qui tourne sur le serveur : services, files, traitements.",
        "mobile": "Applications et interfaces pour téléphones et tablettes.",
        "devops": "Déploiement, surveillance et automatisation.",
        "ui": "Composants et mise en forme des interfaces.",
        "ux": "Parcours, recherche et confort d'utilisation.",
        "open-source": "Projets libres et manières d'y contribuer.",
        "tutorial": "Pas à pas qui mènent à un résultat concret.",
        "library": "Bibliothèques de code à intégrer dans un projet.",
    }),
    "resource_type": (5, {
        "github_repo": "Un dépôt de code que l'on peut cloner.",
        "external_link": "Une page ou un service situé ailleurs sur le Web.",
        "file_upload": "Un fichier déposé dans la bibliothèque.",
    }),
    "filter": (7, {
        "Popularité": "Classe les ressources selon leurs consultations.",
        "Date": "Restreint la liste à une période de publication.",
        "Note": "Garde les ressources au-dessus d'une note moyenne.",
        "Langue": "Sélectionne une langue ou un langage de programmation.",
        "Licence": "Sélectionne les ressources selon leurs conditions d'usage.",
        "Visibilité": "Distingue ressources publiques, privées et partagées.",
    }),
}  # fmt: skip
#: Proposals still open, with their voters (by their place among the accounts) for and against.
PENDING: tuple[tuple[SuggestionKind, str, str, tuple[int, ...], tuple[int, ...]], ...] = (
    ("category", "Sécurité", "Protection des données, des comptes et des services.", (0, 1, 2), ()),
    ("tag", "Machine Learning", "Apprentissage automatique, des bases à la mise en service.", (1, 3), (2,)),
    ("tag", "Docker", "Images, conteneurs et composition de services.", (2,), ()),
    ("filter", "API REST", "Ne montre que les ressources qui décrivent une API REST.", (3,), (0, 1)),
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


def suggestions(today: datetime) -> list[Suggestion]:
    """The suggestions that the library starts with."""
    made = today - timedelta(days=SUGGESTED_DAYS)
    rows = [
        _suggestion(kind, name, text, made=made, votes=votes)
        for kind, (votes, names) in APPROVED.items()
        for name, text in names.items()
    ]
    return rows + [_suggestion(kind, name, text, made=made, votes=None) for kind, name, text, _for, _against in PENDING]


def _suggestion(kind: SuggestionKind, name: str, text: str, *, made: datetime, votes: int | None) -> Suggestion:
    status = "pending" if votes is None else "approved"
    return Suggestion(identifier("suggestion", kind, name), name, text, kind, status, votes or 0, None, made, made)


def votes(known: Mapping[tuple[str, str], UUID], users: Sequence[UUID], today: datetime) -> Iterator[Vote]:
    """The votes on open proposals. `known` has the identifiers by kind and name: users may have proposed them first."""
    made = today - timedelta(days=VOTED_DAYS)
    for kind, name, _text, in_favour, against in PENDING:
        suggestion = known[kind, name]
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
