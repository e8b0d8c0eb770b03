"""Demo resources of those who build: code, looks, documentation, tools. The format is that of `sheets`."""

TEXT = """
# Développement

Passerelle d'authentification à jetons courts
auth, api, backend | repo | Python | Apache-2.0
Des jetons de quinze minutes, un renouvellement qui tourne et la détection des réutilisations. Le README détaille les
menaces prises en compte.

Réécrire une boucle en flux
typescript, flux, backend | link | TypeScript | CC-BY-4.0
Un même traitement écrit quatre fois, du plus naïf au plus paresseux, mesures à l'appui.

Application mobile de relevés hors ligne
mobile, hors-ligne, synchronisation | repo | Kotlin | GPL-3.0
Saisit sans réseau, synchronise sans doublons. Les conflits sont montrés à l'utilisateur, jamais tranchés en silence.

Bibliothèque de validation sans dépendance
javascript, library, validation | repo | JavaScript | MIT
Quatre kilooctets, des messages d'erreur en français et des types déduits du schéma.

Recette : paginer par curseur
api, database, performance | link | SQL | CC-BY-4.0
Pourquoi le décalage ralentit, comment choisir la clé et que faire des égalités. Les exemples sont exécutables.

Moteur de recherche plein texte maison
recherche, postgresql, backend | repo | Python | MIT
Trigrammes, accents et fautes de frappe, sans autre serveur que la base. Un carnet compare les réglages.

Jeu de cartes en WebAssembly
wasm, rust, jeu | repo | Rust | MIT
Un prétexte joyeux pour apprendre la frontière entre Rust et le navigateur.

Files de tâches : garantir au moins une fois
files, redis, backend | link | - | CC-BY-SA-4.0
Accusés, délais de visibilité, poison : l'article suit une tâche malchanceuse jusqu'à sa quarantaine.

Microbibliothèque de dates en français
dates, javascript, library | repo | TypeScript | MIT
« Hier », « il y a trois jours », « dans deux semaines » : les formes relatives, accords compris.

Refactorer sans tests : la méthode des relevés
qualité, tests, méthode | link | - | CC-BY-4.0
On photographie les sorties avant de toucher au code. Chaque écart devient une question, puis un test.

Extension de navigateur pour lire sans distraction
extension, frontend, accessibilité | repo | JavaScript | MPL-2.0
Garde le texte, les images utiles et les notes de bas de page. Les réglages suivent le lecteur d'un site à l'autre.

Interpréteur pédagogique en cinq cents lignes
langages, interpréteur, tutorial | repo | Python | CC0-1.0
Analyse lexicale, arbre, évaluation : un fichier par étape et un défi à la fin de chacune.

# Design

Système de conception sobre pour services publics
design-system, accessibilité, ui | repo | CSS | MIT
Vingt composants, tous utilisables au clavier. La documentation montre aussi les mauvais usages.

Grille de huit points expliquée
grille, ui, design | link | - | CC-BY-4.0
D'où vient cette habitude, ce qu'elle simplifie et les cas où l'on gagne à l'oublier.

Kit de maquettes basse fidélité
maquettes, ux, atelier | zip | - | CC0-1.0
Des blocs gris à imprimer et à découper. On déplace du papier, on décide plus vite.

Parcours d'inscription : neuf variantes testées
ux, formulaire, mesure | pdf | - | CC-BY-4.0
Les taux d'abandon de chaque variante, et l'explication la plus simple à chaque fois.

Guide des micro-interactions utiles
animation, ui, ux | link | - | CC-BY-SA-4.0
Une animation répond à une question de l'utilisateur, ou elle s'en va. Trente exemples, dix suppressions.

Jeux de couleurs pour graphiques
couleurs, graphiques, accessibilité | json | JSON | CC0-1.0
Des séries qualitatives et séquentielles distinguables par tous, en clair comme en sombre.

Carte d'expérience d'un service de prêt
ux, carte, méthode | pdf | - | CC-BY-4.0
De l'envie de lire au rappel de retard, toutes les étapes et leurs irritants.

Mode sombre sans mauvaises surprises
css, ui, frontend | link | CSS | MIT
Contrastes, images, ombres : les sept points à reprendre quand on inverse un thème.

Rédiger des libellés de boutons
rédaction, ux, ui | link | - | CC-BY-4.0
Un verbe, un objet, pas de point d'exclamation. Avant et après pour quarante boutons.

Revue ergonomique en une heure
ux, revue, méthode | pdf | - | CC-BY-SA-4.0
Dix critères, une échelle à trois niveaux et une restitution qui ne vexe personne.

Maquettes d'une application de covoiturage
maquettes, mobile, exemple | zip | - | CC-BY-NC-4.0
Quarante écrans reliés, pensés pour le pouce. Les états d'erreur n'ont pas été oubliés.

Tableau d'inspiration : interfaces de cartes
cartes, ui, inspiration | link | - | -
Légendes, zooms, regroupements de points : ce qui se fait de plus clair, classé par problème résolu.

# Documentation

Écrire un README que l'on lit jusqu'au bout
documentation, open-source, rédaction | link | Markdown | CC-BY-4.0
Dire ce que c'est, montrer que ça marche, indiquer où aller. Le reste a sa place ailleurs.

Manuel d'exploitation de la plateforme
exploitation, devops, guide | repo | Markdown | -
Démarrer, arrêter, restaurer, mesurer. Chaque procédure a été suivie par quelqu'un qui ne l'avait pas écrite.

Guide de style rédactionnel
rédaction, style, équipe | pdf | - | CC-BY-SA-4.0
Phrases courtes, voix active, un terme par notion. Deux pages de contre-exemples savoureux.

Référence de l'interface de programmation
api, reference, openapi | link | - | -
Toutes les routes, leurs paramètres et leurs erreurs, engendrées depuis le code à chaque version.

Documenter une base existante en trois jours
database, documentation, méthode | link | SQL | CC-BY-4.0
Une journée pour lire, une pour interroger, une pour écrire. Le plan de chaque journée est fourni.

Journal des décisions techniques
décision, architecture, documentation | repo | Markdown | -
Trente décisions datées, y compris celles que l'on a regrettées.

Tutoriel : publier un site statique
web, débutant, tutorial | link | HTML | CC-BY-4.0
D'un dossier vide à une adresse publique, en une soirée. Chaque étape peut être annulée.

Foire aux questions de l'équipe support
support, faq, équipe | link | - | -
Les réponses qui ont vraiment aidé, triées par fréquence.

Cartographie des services internes
architecture, carte, services | pdf | - | -
Qui appelle qui, par quel protocole et avec quel délai d'attente. Mise à jour chaque trimestre.

Guide de contribution accueillant
open-source, contribution, guide | md | Markdown | CC0-1.0
Comment proposer une idée, où poser une question, ce que l'on attend d'un premier envoi.

Lexique français du développement
glossaire, traduction, reference | repo | Markdown | CC-BY-SA-4.0
Deux cents termes avec leur équivalent en usage. Les débats sont consignés plutôt que tranchés.

Procédure de publication d'une version
version, devops, liste | md | Markdown | CC0-1.0
Treize étapes, dont deux que l'on peut enfin sauter. La dernière consiste à prévenir les gens.

# Outils

Lanceur de tâches lisible
outillage, devops, make | repo | Go | MIT
Des recettes d'une ligne, une aide engendrée et des messages qui disent quoi faire.

Linter de migrations SQL
sql, migration, qualité | repo | Rust | MIT
Repère les verrous longs, les valeurs par défaut coûteuses et les renommages dangereux avant la relecture.

Simulateur de panne réseau
réseau, tests, devops | repo | Go | Apache-2.0
Latence, pertes, coupures nettes : un mandataire que les tests pilotent par HTTP.

Tableau blanc collaboratif léger
collaboration, temps-réel, web | link | TypeScript | AGPL-3.0
Un lien, un tableau, aucune inscription. Le contenu s'efface au bout d'une semaine.

Analyseur de taille de paquets
performance, frontend, outillage | repo | JavaScript | MIT
Montre ce que chaque import coûte vraiment, compression comprise.

Sonde de disponibilité autonome
surveillance, devops, api | repo | Rust | MIT
Un binaire, un fichier de règles, un résumé hebdomadaire par courriel.

Générateur de factures en PDF
pdf, comptabilité, python | repo | Python | LGPL-3.0
Numérotation continue, mentions obligatoires et arrondis conformes. Les modèles sont de simples pages HTML.

Assistant de requêtes SQL
sql, analyse, web | link | SQL | -
Propose des jointures à partir des clés étrangères et affiche le plan d'exécution en clair.

Coffre de secrets pour petites équipes
sécurité, secrets, équipe | repo | Go | MPL-2.0
Chiffré de bout en bout, sans serveur central. Une clé perdue se remplace à trois signatures.

Visionneuse de fichiers Parquet
données, analyse, outillage | repo | C++ | BSD-3-Clause
Ouvre des fichiers de plusieurs gigaoctets en moins d'une seconde, colonne par colonne.

Correcteur de fichiers CSV abîmés
csv, import, données | link | Python | MIT
Guillemets orphelins, encodages mêlés, colonnes décalées : il répare, et dit ce qu'il a réparé.

Carnet de bord de l'astreinte
astreinte, exploitation, web | link | - | -
Une page par semaine : les alertes, les gestes, la fatigue. Les tendances se voient au bout d'un mois.
"""
