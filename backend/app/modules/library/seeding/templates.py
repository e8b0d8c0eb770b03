"""The four templates that everybody may start a resource from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.modules.library.seeding.records import Template
from app.modules.library.seeding.writing import identifier

MADE_DAYS = 90
COMPONENT = """\
# Nom du composant

Ce que le composant affiche, et quand l'employer.

## Utilisation

```tsx
<MonComposant titre="Bonjour" />
```

## Propriétés

| Nom | Type | Rôle |
|---|---|---|
| `titre` | `string` | Texte affiché en tête |
"""
SERVICE = """\
# Nom de l'API

Le service rendu, en une phrase.

## Démarrer

```sh
npm install
npm start
```

## Routes

| Méthode | Chemin | Rôle |
|---|---|---|
| GET | `/elements` | Liste les éléments |
| POST | `/elements` | Crée un élément |
"""
GUIDE = """\
# Titre du guide

À qui s'adresse ce guide, et ce que l'on saura faire à la fin.

## Avant de commencer

## Étapes

1. Première étape
2. Deuxième étape

## Pour aller plus loin
"""
SETTINGS = """\
# Configuration de …

## Installation

Copiez le fichier à la racine du projet, puis adaptez les valeurs signalées.

```json
{
  "environnement": "developpement",
  "journal": "info"
}
```
"""


@dataclass(frozen=True, slots=True)
class Form:
    """A template to be. `number` is what its identifier is made from."""

    number: int
    name: str
    description: str
    category: str
    tags: tuple[str, ...]
    language: str
    readme: str


FORMS = (
    Form(
        1,
        "Template React Component",
        "Un composant React typé, avec ses propriétés décrites et un exemple d'emploi.",
        "Code & Scripts",
        ("react", "typescript", "component", "template"),
        "TypeScript",
        COMPONENT,
    ),
    Form(
        2,
        "Template API REST",
        "Une API REST sous Node.js : routes, installation et démarrage déjà décrits.",
        "Code & Scripts",
        ("nodejs", "express", "api", "rest"),
        "JavaScript",
        SERVICE,
    ),
    Form(
        3,
        "Template Documentation",
        "Un guide en Markdown avec un plan qui mène le lecteur jusqu'au bout.",
        "Documents & Fichiers",
        ("documentation", "markdown", "guide"),
        "Markdown",
        GUIDE,
    ),
    Form(
        4,
        "Template Configuration",
        "Un fichier de configuration commenté et sa marche à suivre.",
        "Outils & Utilitaires",
        ("config", "setup", "configuration"),
        "JSON",
        SETTINGS,
    ),
)


def templates(today: datetime) -> Iterator[Template]:
    """The forms as rows that belong to nobody."""
    made = today - timedelta(days=MADE_DAYS)
    for form in FORMS:
        yield Template(
            id=identifier("template", form.number),
            name=form.name,
            description=form.description,
            category=form.category,
            tags=form.tags,
            language=form.language,
            readme=form.readme,
            is_public=True,
            created_by=None,
            usage_count=0,
            template_data=_data(form),
            created_at=made,
            updated_at=made,
        )


def _data(form: Form) -> dict[str, object]:
    return {
        "title": "",
        "description": "",
        "category": form.category,
        "tags": form.tags,
        "language": form.language,
        "resource_type": "external_link",
        "visibility": "public",
        "readme": form.readme,
    }
