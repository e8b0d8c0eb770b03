"""Demo resources to run, to learn from, to work with and to look things up in. The format is that of `sheets`."""

TEXT = """
# Code & Scripts

Sauvegarde chiffrée d'une base PostgreSQL
postgresql, sauvegarde, devops | repo | Shell | MIT
Un script de cent lignes qui vide, chiffre, envoie et vérifie. La restauration est testée chaque nuit par le même
script, lancé à l'envers.

Limiteur de débit en Lua pour Redis
redis, api, lua | repo | Lua | MIT
Un seau à jetons qui tient en un seul aller-retour. Les tests comparent le débit accordé au débit promis.

Renommer mille fichiers sans peur
fichiers, terminal, python | repo | Python | CC0-1.0
Le programme montre d'abord ce qu'il ferait, puis garde de quoi tout annuler.

Client HTTP avec reprises et gigue
http, réseau, typescript | repo | TypeScript | MIT
Les requêtes sans effet sont relancées, les autres jamais. Le délai croît avec une part de hasard pour ne pas écraser
un serveur qui se relève.

Convertir un tableur en requêtes d'insertion
csv, sql, import | repo | Python | Apache-2.0
Le type de chaque colonne est deviné sur mille lignes, puis confirmé par l'utilisateur.

Afficher l'arbre des dépendances d'un paquet
dépendances, outillage, javascript | repo | JavaScript | ISC
Une vue en texte brut, triée par poids. Les doublons sont signalés avec le chemin qui les amène.

Générateur de jeux d'essai cohérents
tests, données, python | repo | Python | BSD-3-Clause
Des clients qui ont des commandes qui ont des lignes, et des totaux qui tombent juste. Une graine fixe rend tout
reproductible.

Script de vérification des liens d'un site
liens, qualité, terminal | repo | Go | MIT
Parcourt un site, respecte le fichier robots et rend un rapport que l'on peut comparer à celui de la veille.

Composant de liste virtuelle accessible
react, accessibilité, frontend | repo | TypeScript | MIT
Dix mille lignes, un défilement fluide et un lecteur d'écran qui s'y retrouve. La démonstration inclut le clavier
seul.

Hachage de mots de passe : migrer sans rien casser
sécurité, auth, python | repo | Python | MIT
Les anciens condensats sont vérifiés une dernière fois puis remplacés à la connexion. Le dépôt contient un plan de
migration et ses tests.

Extraits SQL pour fenêtres glissantes
sql, analyse, database | link | SQL | CC0-1.0
Moyennes mobiles, rangs, écarts avec la ligne précédente : un exemple exécutable pour chaque besoin.

Petit serveur d'événements poussés
temps-réel, backend, rust | repo | Rust | MIT
Server-Sent Events, reprise au dernier identifiant et fermeture propre. Moins de six cents lignes commentées.

Tri topologique expliqué et testé
algorithmes, graphes, python | repo | Python | CC0-1.0
L'algorithme, sa preuve en français et un message d'erreur qui montre le cycle trouvé.

# Formations & Tutoriels

Premiers pas avec Git, sans ligne de commande obscure
git, débutant, tutorial | link | - | CC-BY-SA-4.0
Six leçons de vingt minutes. Chaque exercice se fait dans un dépôt jetable, pour se tromper librement.

Apprendre SQL en enquêtant
sql, database, tutorial | link | SQL | CC-BY-4.0
Un vol dans un musée, huit tables, des indices à croiser. Les jointures arrivent quand l'histoire en a besoin.

React au-delà des hooks : comprendre le rendu
react, frontend, performance | link | TypeScript | -
Ce qui déclenche un rendu, ce qui n'en déclenche pas, et comment le voir de ses yeux.

Atelier Docker : de l'image au déploiement
docker, devops, atelier | pdf | Dockerfile | CC-BY-4.0
Une demi-journée à animer soi-même, supports et corrigés compris. Les images d'exemple restent sous cinquante
mégaoctets.

Comprendre la sécurité au niveau des lignes
postgresql, sécurité, database | link | SQL | CC-BY-4.0
Du premier `create policy` aux pièges de performance. Chaque chapitre finit par une question qui fait douter.

Écrire des tests qui racontent quelque chose
tests, qualité, python | link | Python | CC-BY-SA-4.0
Un test est une phrase : le cours part de là et n'en démord pas.

Python asynchrone, pas à pas
python, asynchrone, backend | repo | Python | MIT
Douze carnets exécutables, de la première coroutine à l'annulation propre. Les erreurs courantes y sont provoquées
exprès.

Bases de la typographie à l'écran
typographie, design, débutant | link | - | CC-BY-4.0
Longueur de ligne, interligne, hiérarchie : une heure pour ne plus jamais justifier un paragraphe étroit.

Découvrir l'apprentissage automatique sans formules
machine-learning, débutant, données | link | Python | CC-BY-NC-SA-4.0
On classe des fruits, puis des tickets de support. Les formules viennent en annexe, pour qui les demande.

Animer une rétrospective à distance
équipe, animation, méthode | pdf | - | CC-BY-4.0
Trois formats éprouvés, leur durée réelle et la phrase qui relance quand plus personne ne parle.

Mise en cache : les quatre questions à se poser
cache, performance, redis | link | - | CC-BY-4.0
Qui invalide ? Quand ? Que voit-on entre-temps ? Et si le cache disparaît ? Un cours court, avec un simulateur.

Accessibilité : corriger dix pages en une journée
accessibilité, frontend, atelier | pdf | HTML | CC-BY-SA-4.0
Un parcours guidé sur de vraies pages imparfaites. On mesure avant, on mesure après.

Introduction aux expressions régulières
regex, débutant, terminal | link | - | CC0-1.0
Vingt motifs du quotidien, construits un caractère à la fois. Le dernier chapitre explique quand s'en passer.

# Outils & Utilitaires

Comparateur de schémas de base de données
database, migration, outillage | repo | Go | Apache-2.0
Deux connexions, une différence, un script proposé. L'outil refuse de supprimer une colonne sans qu'on le lui répète.

Éditeur de diagrammes en texte
diagrammes, documentation, outillage | link | - | MIT
On écrit des flèches, il dessine. Le fichier source se relit dans une demande de fusion.

Minuteur de réunion partagé
réunion, équipe, web | link | JavaScript | MIT
Un compte à rebours visible de tous, et une couleur qui change sans sonner.

Vérificateur de contraste en lot
accessibilité, couleurs, design | link | - | -
On dépose une palette, il croise toutes les paires et garde celles qui passent.

Explorateur de journaux en ligne de commande
journaux, terminal, devops | repo | Rust | MIT
Filtre, regroupe et colore des lignes JSON par gigaoctets. Les touches sont celles d'un pageur classique.

Banc d'essai HTTP minimal
performance, http, api | repo | C | MIT
Une seule connexion par défaut, des percentiles justes et pas de moyenne trompeuse.

Convertisseur de fuseaux horaires pour équipes
dates, équipe, web | link | - | -
Quatre villes, une plage commune surlignée, une adresse à partager.

Gestionnaire d'instantanés de configuration
configuration, terminal, sauvegarde | repo | Shell | GPL-3.0
Enregistre l'état d'un dossier avant chaque changement et sait revenir en arrière fichier par fichier.

Générateur de mots de passe prononçables
sécurité, auth, web | link | TypeScript | MIT
Des syllabes françaises, une entropie affichée, rien qui quitte le navigateur.

Extension de relecture orthographique du code
relecture, éditeur, qualité | repo | TypeScript | MIT
Vérifie les commentaires et les textes affichés, jamais les identifiants. Le dictionnaire du projet se partage.

Tableur en ligne de commande pour CSV
csv, terminal, données | repo | Python | BSD-2-Clause
Trier, filtrer, joindre deux fichiers : les opérations courantes sans ouvrir de fenêtre.

Surveillance légère de certificats
certificats, sécurité, devops | repo | Go | MIT
Un rappel trente jours avant l'échéance, un autre sept jours avant, puis tous les jours.

Bac à sable pour requêtes d'API
api, tests, web | link | - | -
Compose, rejoue et compare des requêtes. L'historique reste sur le poste.

# Données & Références

Table des jours fériés par région
dates, calendrier, données | csv | - | Licence-Ouverte-2.0
Les jours fériés et leurs exceptions locales sur vingt ans. Une colonne donne la règle de calcul.

Aide-mémoire des codes de réponse HTTP
http, api, reference | pdf | - | CC0-1.0
Chaque code avec la question à laquelle il répond. Les moins connus ont droit à un exemple.

Corpus de titres de petites annonces fictives
corpus, texte, machine-learning | csv | - | CC0-1.0
Cinquante mille titres inventés, utiles pour essayer un classement ou une recherche.

Référentiel des unités de mesure
unités, reference, données | json | JSON | CC0-1.0
Symboles, facteurs de conversion et formes plurielles françaises.

Relevés météo d'une station imaginaire
météo, séries-temporelles, données | csv | - | ODbL-1.0
Dix ans de températures et de pluies, avec des trous et quelques capteurs en panne : tout ce qu'il faut pour
s'entraîner au nettoyage.

Liste de contrôle avant mise en production
devops, liste, reference | md | Markdown | CC-BY-4.0
Vingt-trois points, dont huit que l'on oublie. Se coche en équipe, à voix haute.

Dictionnaire des données du catalogue
documentation, données, database | xlsx | - | -
Chaque colonne, son type, son propriétaire et la date de sa dernière vérification.

Aide-mémoire des opérateurs de filtrage
api, filtres, reference | pdf | - | CC-BY-4.0
Égal, différent, contient, entre : la syntaxe et un exemple pour chaque opérateur.

Statistiques anonymes de fréquentation
statistiques, analyse, données | csv | - | ODbL-1.0
Deux ans de visites agrégées par jour et par page. Les effectifs inférieurs à dix ont été masqués.

Nomenclature des erreurs de l'application
erreurs, api, documentation | json | JSON | -
Le code, le message montré, la cause probable et le geste conseillé à l'assistance.

Tableau périodique des structures de données
algorithmes, reference, tutorial | pdf | - | CC-BY-SA-4.0
Une case par structure, ses coûts et son usage préféré. Le format affiche se lit à deux mètres.

Modèle numérique d'une bibliothèque municipale
données, exemple, sql | sql | SQL | CC0-1.0
Ouvrages, exemplaires, prêts et retards : un schéma complet et cent mille lignes plausibles.

Abréviations courantes des métiers du numérique
glossaire, reference, débutant | md | Markdown | CC0-1.0
Trois cents sigles dépliés et expliqués en une phrase, sans en employer d'autres.
"""
