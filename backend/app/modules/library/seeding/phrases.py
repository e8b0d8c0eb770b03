"""Parts that titles, descriptions and comments of generated resources are put together from, in French."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """What a resource is about: a noun phrase with its article, tags, and languages it may be in."""

    phrase: str
    tags: tuple[str, ...]
    languages: tuple[str | None, ...] = (None,)


#: The most common category first; the words that resources of it are called by.
CALLED: Mapping[str, tuple[str, ...]] = {
    "Code & Scripts": ("Script sur", "Extraits de code sur", "Bibliothèque autour de", "Prototype sur"),
    "Développement": ("Étude sur", "Exemples sur", "Bonnes pratiques sur", "Notes sur"),
    "Formations & Tutoriels": ("Tutoriel sur", "Atelier sur", "Cours sur", "Exercices sur"),
    "Documentation": ("Guide sur", "Manuel sur", "Fiche sur", "Foire aux questions sur"),
    "Outils & Utilitaires": ("Outil pour explorer", "Assistant pour comprendre", "Utilitaire pour vérifier"),
    "Données & Références": ("Jeu de données sur", "Aide-mémoire sur", "Mesures sur"),
    "Liens & Favoris": ("Lectures sur", "Liens choisis sur", "Veille sur"),
    "Outils": ("Banc d'essai pour", "Outil en ligne pour", "Extension pour"),
    "Documents & Fichiers": ("Compte rendu sur", "Note de cadrage sur", "Synthèse sur"),
    "Learning": ("Parcours sur", "Premiers pas avec", "Révisions sur"),
    "Templates & Modèles": ("Modèle de dossier sur", "Squelette de projet sur"),
    "Design": ("Maquettes sur", "Recherches graphiques sur"),
    "Données": ("Statistiques sur", "Relevés sur"),
    "Médias & Images": ("Vidéo sur", "Schémas sur"),
    "Templates": ("Modèle prêt à l'emploi sur", "Gabarit sur"),
    "Médias": ("Infographie sur", "Podcast sur"),
}
TOPICS = (
    Topic("les index partiels", ("database", "index", "performance"), ("SQL",)),
    Topic("la pagination par curseur", ("api", "database"), ("SQL", "Python", "TypeScript")),
    Topic("le cache partagé", ("cache", "redis", "performance"), ("Python", "Go", None)),
    Topic("l'accessibilité des formulaires", ("accessibilité", "frontend", "ux"), ("HTML", "TypeScript")),
    Topic("la rotation des jetons", ("auth", "sécurité", "api"), ("Python", "TypeScript", "Go")),
    Topic("les migrations sans interruption", ("database", "migration", "devops"), ("SQL", "Python")),
    Topic("le rendu des composants", ("react", "frontend", "performance"), ("TypeScript", "JavaScript")),
    Topic("la recherche plein texte", ("recherche", "database"), ("SQL", "Python")),
    Topic("les files de tâches", ("files", "backend", "redis"), ("Python", "Go", "Rust")),
    Topic("la synchronisation hors ligne", ("mobile", "hors-ligne"), ("Kotlin", "TypeScript")),
    Topic("la journalisation structurée", ("journaux", "devops"), ("Python", "Go", None)),
    Topic("le chiffrement au repos", ("sécurité", "chiffrement"), (None, "SQL")),
    Topic("les notifications en temps réel", ("temps-réel", "websocket", "backend"), ("TypeScript", "Python")),
    Topic("la gestion des fuseaux horaires", ("dates", "qualité"), ("Python", "JavaScript")),
    Topic("l'analyse de séries temporelles", ("données", "analyse", "séries-temporelles"), ("Python", "SQL")),
    Topic("la revue de code", ("relecture", "équipe", "git"), (None,)),
    Topic("les tests de bout en bout", ("tests", "qualité", "frontend"), ("TypeScript", "Python")),
    Topic("le déploiement progressif", ("devops", "kubernetes"), ("YAML", None)),
    Topic("les conteneurs légers", ("docker", "devops"), ("Dockerfile", "Shell")),
    Topic("la limitation de débit", ("api", "redis", "sécurité"), ("Lua", "Python")),
    Topic("les couleurs lisibles", ("couleurs", "design", "accessibilité"), (None, "CSS")),
    Topic("la grille typographique", ("typographie", "design", "ui"), ("CSS", None)),
    Topic("le mode sombre", ("ui", "css", "frontend"), ("CSS",)),
    Topic("l'écoconception", ("écoconception", "performance"), (None,)),
    Topic("les arbres équilibrés", ("algorithmes", "tutorial"), ("C++", "Rust", "Python")),
    Topic("la détection d'anomalies", ("machine-learning", "surveillance"), ("Python",)),
    Topic("la validation des saisies", ("validation", "frontend", "api"), ("TypeScript", "Python")),
    Topic("les sauvegardes vérifiées", ("sauvegarde", "exploitation"), ("Shell", None)),
    Topic("la documentation vivante", ("documentation", "open-source"), ("Markdown", None)),
    Topic("les contrats d'interface", ("api", "openapi", "backend"), ("YAML", "TypeScript")),
    Topic("la sécurité au niveau des lignes", ("postgresql", "sécurité", "database"), ("SQL",)),
    Topic("le partage de fichiers", ("fichiers", "équipe"), (None,)),
    Topic("les parcours d'inscription", ("ux", "formulaire", "mesure"), (None,)),
    Topic("l'internationalisation", ("traduction", "frontend", "library"), ("TypeScript", "JavaScript")),
    Topic("la compression d'images", ("images", "performance"), ("Rust", None)),
    Topic("les expressions régulières", ("regex", "tutorial", "terminal"), ("Python", None)),
    Topic("la planification d'équipe", ("équipe", "méthode", "pilotage"), (None,)),
    Topic("l'observation des utilisateurs", ("ux", "entretien", "méthode"), (None,)),
    Topic("les graphes de dépendances", ("graphes", "outillage"), ("Go", "JavaScript")),
    Topic("la qualité des données", ("données", "qualité", "sql"), ("SQL", "Python")),
    Topic("les transactions concurrentes", ("database", "backend", "tests"), ("SQL", "Python")),
    Topic("l'authentification sans mot de passe", ("auth", "sécurité", "mobile"), ("TypeScript", "Kotlin")),
    Topic("la gestion des secrets", ("secrets", "sécurité", "devops"), ("Shell", "Go")),
    Topic("les interfaces en ligne de commande", ("terminal", "ux", "outillage"), ("Rust", "Go", "Python")),
    Topic("le glisser-déposer", ("ui", "react", "mobile"), ("TypeScript",)),
    Topic("l'import de tableurs", ("csv", "import", "données"), ("Python", "SQL")),
    Topic("les licences libres", ("licences", "open-source"), (None,)),
    Topic("la vie des incidents", ("incident", "exploitation", "astreinte"), (None,)),
)
ANGLES = (
    "en production", "pas à pas", "sans dépendance", "pour débutants", "pour une petite équipe", "en trois exemples",
    "à grande échelle", "sans jargon", "depuis le terrain", "en une heure", "avec mesures", "et ses pièges",
    "hors connexion", "côté serveur", "côté navigateur", "de zéro à l'exploitation", "au quotidien", "en équipe",
    "sous contrainte de budget", "avec exercices corrigés", "pour l'enseignement", "en pratique", "en seconde édition",
    "cas d'étude",
)  # fmt: skip
OPENINGS = (
    "Un tour d'horizon : {topic}, {angle}.",
    "Tout ce que nous aurions aimé savoir plus tôt sur {topic}.",
    "Une réponse argumentée aux questions que soulève chaque projet sur {topic}.",
    "Ce travail aborde {topic} à partir de situations vécues.",
    "On y découvre {topic} sans détour, exemples à l'appui.",
    "Né d'un atelier, ce contenu éclaire {topic} par la pratique.",
    "De quoi aborder {topic} avec confiance dès la première semaine.",
    "Une base commune sur {topic}, relue par plusieurs équipes.",
    "Des choix, des mesures, des regrets : {topic}, {angle}.",
    "Le point sur {topic} après deux ans d'usage.",
)
MIDDLES = (
    " Les exemples sont complets et se copient tels quels.",
    " Chaque section se lit indépendamment des autres.",
    " Les chiffres cités proviennent de mesures reproductibles.",
    " Une partie entière est consacrée aux erreurs courantes.",
    " Le plan suit l'ordre dans lequel les difficultés se présentent.",
    " Les schémas peuvent être réutilisés avec mention de la source.",
    " Aucune connaissance préalable n'est nécessaire.",
    " La méthode a été éprouvée sur trois projets de tailles différentes.",
    " Un glossaire accompagne les termes techniques.",
    " Les limites connues sont annoncées dès l'introduction.",
)
CLOSINGS = (
    "", "", "",
    " Vos retours sont les bienvenus.",
    " Une mise à jour est prévue chaque trimestre.",
    " Comptez une demi-heure de lecture.",
    " La dernière page résume l'essentiel.",
    " Les corrigés sont fournis à part.",
)  # fmt: skip
LICENCES = (None, None, "MIT", "MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "GPL-3.0")
