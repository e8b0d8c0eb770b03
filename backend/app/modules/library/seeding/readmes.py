"""The long texts of some demo resources, in Markdown, put together from a few parts."""

from random import Random

STARTS = (
    "## Pour commencer\n\n```sh\ngit clone https://git.example.org/demo/{slug}\ncd {slug}\nmake test\n```\n\n"
    "Les tests passent en moins d'une minute sur une machine ordinaire.",
    "## Installation\n\n1. Récupérez la dernière version sur <https://www.example.org/{slug}>.\n"
    "2. Lisez `CHANGELOG.md`, surtout la partie « À savoir ».\n3. Lancez la démonstration : `make demo`.",
    "## En deux minutes\n\nTout tient dans un dossier. Copiez-le, ouvrez `exemples/` et modifiez le premier fichier :\n"
    "le résultat s'affiche à chaque enregistrement.",
    "## Prérequis\n\n| Besoin | Version |\n|---|---|\n| Système | Linux, macOS ou Windows récent |\n"
    "| Mémoire | 512 Mo |\n| Réseau | seulement à l'installation |",
)
BODIES = (
    "## Ce que cela ne fait pas\n\n- Rien n'est envoyé à l'extérieur.\n- Aucun réglage caché : tout est dans le "
    "fichier de configuration.\n- Pas de magie : quand un cas est ambigu, une erreur le dit.",
    "## Comment c'est organisé\n\n- `src/` : le code, un fichier par sujet ;\n- `tests/` : des phrases qui disent ce "
    "qui doit arriver ;\n- `docs/` : les choix, et pourquoi.",
    "## Questions fréquentes\n\n**Peut-on s'en servir en production ?** Oui, plusieurs équipes le font depuis un an."
    "\n\n**Et si je trouve un défaut ?** Ouvrez un ticket avec le plus petit exemple possible.",
    "## Feuille de route\n\n- [x] Première version stable\n- [x] Messages en français\n- [ ] Import depuis un tableur\n"
    "- [ ] Guide de migration",
)
ENDINGS = (
    "## Contribuer\n\nLes remarques de forme sont aussi bienvenues que les corrections. Une proposition, un sujet.",
    "## Aide\n\nUne question ? Laissez un commentaire sous cette ressource : quelqu'un répond dans la semaine.",
    "## Remerciements\n\nMerci aux relectrices et relecteurs de la première heure, dont les ratures ont fait ce texte.",
)


def readme_of(title: str, description: str, slug: str, chance: Random) -> str:
    """A README for a resource of this title."""
    start = chance.choice(STARTS).format(slug=slug)
    return "\n\n".join((f"# {title}", description, start, chance.choice(BODIES), chance.choice(ENDINGS))) + "\n"
