"""Demo resources to start from, to show, to compute with and to learn by. The format is that of `sheets`."""

TEXT = """
# Templates

Thème de portfolio sans image
css, portfolio, frontend | repo | CSS | MIT
Du texte, de l'espace et deux couleurs. Le thème pèse moins qu'une photo de couverture.

Tableau de bord d'administration prêt à brancher
react, administration, ui | repo | TypeScript | MIT
Listes filtrées, formulaires, droits : il ne manque que vos données. Les appels passent par un seul fichier.

Modèle de page d'erreur utile
ux, erreurs, frontend | html | HTML | CC0-1.0
Dit ce qui s'est passé, ce qui est sauvé et ce que l'on peut faire. L'humour reste discret.

Squelette de bibliothèque TypeScript publiable
typescript, library, squelette | repo | TypeScript | MIT
Types, tests, double format et publication automatique. Deux dépendances de développement, aucune autre.

Rapport d'analyse reproductible
données, analyse, modèle | ipynb | Python | CC-BY-4.0
Du fichier brut au graphique final, sans étape manuelle. La dernière cellule vérifie les chiffres cités dans le texte.

Modèle de plan de tests
tests, qualité, modèle | xlsx | - | CC0-1.0
Les cas, leurs données et leur verdict, regroupés par risque plutôt que par écran.

Infolettre en HTML compatible
html, communication, modèle | html | HTML | MIT
Une colonne, des tableaux imbriqués et un résultat identique dans les messageries les plus capricieuses.

Manifeste de déploiement annoté
devops, kubernetes, modèle | yaml | YAML | Apache-2.0
Sondes, limites, arrêt gracieux : chaque valeur est suivie de la raison qui l'a fait choisir.

Carte de visite en SVG
svg, impression, design | svg | - | CC0-1.0
Deux gabarits au format européen, fonds perdus compris.

Modèle de budget associatif
budget, association, tableau | ods | - | CC-BY-SA-4.0
Prévisionnel et réalisé côte à côte. Les écarts de plus de dix pour cent se signalent d'eux-mêmes.

Squelette de robot de messagerie
python, robot, squelette | repo | Python | MIT
Commandes, permissions et reprise après coupure. Un exemple complet répond aux questions sur la cantine.

Gabarit d'affiche d'événement
affiche, impression, communication | zip | - | CC-BY-4.0
Trois formats, des zones de texte généreuses et une version pour écran.

# Médias

Tutoriels vidéo : prise en main du tableau de bord
vidéo, guide, débutant | mp4 | - | CC-BY-4.0
Sept épisodes de trois minutes, sous-titrés. L'ordre importe peu.

Animations d'attente sobres
animation, css, ui | repo | CSS | MIT
Douze indicateurs de chargement qui savent s'arrêter. Aucun ne tourne plus vite que le serveur.

Photothèque de paysages ruraux
photographie, paysage, communication | zip | - | CC-BY-4.0
Soixante vues prises en toute saison, avec des légendes détaillées pour le texte de remplacement.

Jingle d'introduction pour podcast
audio, podcast, communication | wav | - | CC-BY-4.0
Neuf secondes au piano, livrées avec une version sans basse.

Infographie : le trajet d'une requête
http, infographie, tutorial | svg | - | CC-BY-SA-4.0
Du clic à l'octet affiché, onze étapes dessinées. Imprimable en grand format.

Émoticônes maison pour la messagerie
illustration, équipe, culture | zip | - | -
Cinquante petits dessins, dont le fameux canard perplexe.

Captation : table ronde sur l'écoconception
écoconception, conférence, vidéo | mp4 | - | CC-BY-NC-4.0
Une heure de discussion, chapitrée et transcrite. Les chiffres cités sont sourcés en annexe.

Bruitages de bureau pour démonstrations
audio, démo, bruitages | zip | - | CC0-1.0
Clavier, porte, machine à café : de quoi habiller une vidéo sans droits à régler.

Collection d'arrière-plans pour visioconférence
visio, images, équipe | zip | - | CC0-1.0
Des fonds calmes, testés avec les détourages automatiques les plus brouillons.

Schéma animé de la réplication
database, infographie, animation | svg | - | CC-BY-SA-4.0
Un primaire, deux répliques et un retard visible. On peut ralentir le temps.

Diaporama de la journée portes ouvertes
présentation, événement, communication | odp | - | -
Les trente planches projetées dans le hall, notes de l'orateur comprises.

Cartes illustrées des métiers du numérique
illustration, métiers, formation | pdf | - | CC-BY-NC-SA-4.0
Vingt-quatre cartes à découper pour parler d'orientation avec des collégiens.

# Données

Jeu de données : trajets de vélos partagés fictifs
données, mobilité, analyse | csv | - | ODbL-1.0
Un million de trajets simulés, avec leurs heures de pointe et leurs stations boudées.

Annuaire synthétique de dix mille entreprises
données, tests, import | csv | - | CC0-1.0
Des noms inventés, des adresses inexistantes et des doublons placés exprès. Idéal pour essayer un import.

Mesures de qualité de l'air simulées
air, séries-temporelles, données | json | JSON | ODbL-1.0
Douze capteurs, un point toutes les dix minutes. Deux capteurs dérivent : à vous de les trouver.

Catalogue de graines potagères
jardin, données, exemple | csv | - | CC-BY-SA-4.0
Semis, récolte, voisinages heureux : un petit jeu de données pour des exercices qui changent.

Arbre des compétences d'une équipe produit
compétences, équipe, graphes | json | JSON | CC0-1.0
Un graphe orienté prêt à dessiner, avec des niveaux et des passerelles.

Phrases alignées français et anglais
traduction, corpus, machine-learning | csv | - | CC0-1.0
Vingt mille paires écrites pour l'occasion, courtes et sans noms propres.

Échantillon de journaux applicatifs
journaux, données, surveillance | zip | - | CC0-1.0
Une journée ordinaire et une journée de panne. L'exercice consiste à dater la première anomalie.

Résultats d'une enquête sur le télétravail
enquête, statistiques, télétravail | csv | - | CC-BY-4.0
Mille réponses simulées à vingt-deux questions, avec un dictionnaire des variables.

Graphe de dépendances d'un projet libre
graphes, dépendances, analyse | json | JSON | CC0-1.0
Trois mille nœuds, leurs versions et leurs dates. Se charge en une ligne dans un carnet.

Réseau ferré d'un pays imaginaire
graphes, carte, exemple | geojson | JSON | CC0-1.0
Cent gares et leurs correspondances, pour réviser les plus courts chemins sans quitter son siège.

Indicateurs d'activité de la plateforme
statistiques, pilotage, données | link | SQL | -
Les requêtes derrière chaque chiffre du rapport mensuel, et la date depuis laquelle on les calcule.

Barème de notation commenté
notation, reference, données | csv | - | CC-BY-4.0
Cinq niveaux décrits par des comportements observables, et les seuils retenus.

# Learning

Parcours : devenir autonome en SQL
sql, parcours, débutant | link | SQL | CC-BY-SA-4.0
Huit semaines, deux heures chacune. À la fin, on sait lire un plan d'exécution et douter d'une moyenne.

Cours du soir : penser en composants
react, frontend, cours | link | TypeScript | CC-BY-4.0
Découper, nommer, réutiliser. Le projet fil rouge est une bibliothèque de recettes.

Exercices corrigés d'algorithmique
algorithmes, exercices, python | repo | Python | CC-BY-SA-4.0
Soixante énoncés classés par idée plutôt que par difficulté. Les corrigés expliquent aussi les fausses pistes.

Lire le code des autres
relecture, méthode, culture | link | - | CC-BY-4.0
Une compétence qui s'apprend : par où entrer, quoi noter, quand s'arrêter.

Atelier : construire une API en une matinée
api, atelier, python | repo | Python | MIT
De la table vide aux tests verts. Chaque étape est un commit que l'on peut rejouer.

Mathématiques utiles pour développeurs
mathématiques, cours, débutant | pdf | - | CC-BY-NC-SA-4.0
Probabilités, logarithmes, matrices : juste ce qu'il faut, avec des exercices qui servent demain.

Initiation à la cryptographie appliquée
sécurité, chiffrement, cours | link | Python | CC-BY-4.0
Hacher, chiffrer, signer : trois verbes que l'on ne confondra plus. On casse d'abord, on protège ensuite.

Mentorat : guide du binôme
mentorat, équipe, guide | pdf | - | CC-BY-SA-4.0
Comment fixer un rythme, choisir un sujet et se séparer en bons termes au bout de six mois.

Comprendre les réseaux avec des boîtes en carton
réseau, débutant, jeu | pdf | - | CC-BY-4.0
Une activité de deux heures où chacun est un routeur. Les paquets se perdent, et c'est le but.

Révisions express avant un entretien
entretien, algorithmes, révisions | link | - | CC0-1.0
Quarante fiches, cinq minutes chacune. On peut les tirer au hasard dans le métro.

Bien débuter en mobile
mobile, débutant, parcours | link | Kotlin | CC-BY-4.0
Deux semaines pour publier une petite application honnête. Les comptes développeur ne sont pas nécessaires.

L'éthique des données en douze situations
données, éthique, atelier | pdf | - | CC-BY-SA-4.0
Des cas courts à débattre en groupe, sans réponse toute faite. Le livret de l'animateur donne des relances.
"""
