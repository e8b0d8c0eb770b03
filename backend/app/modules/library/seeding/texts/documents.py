"""Demo resources to read, to look at and to start from. The format is that of `sheets`."""

TEXT = """
# Documents & Fichiers

Charte de relecture des comptes rendus
relecture, réunion, équipe | pdf | - | CC-BY-4.0
Deux pages pour relire un compte rendu sans le réécrire : ce qui doit y figurer, ce qui peut attendre, et qui
valide avant l'envoi.

Modèle de cahier des charges commenté
cahier-des-charges, projet, méthode | pdf | - | CC-BY-SA-4.0
Chaque rubrique est suivie d'un exemple et d'une question à poser au demandeur. Prévu pour un projet de trois à six
mois.

Plan de reprise après incident, version courte
incident, exploitation, sauvegarde | pdf | - | CC-BY-4.0
Qui appeler, dans quel ordre redémarrer, comment vérifier que les données sont saines. Tient sur une feuille recto
verso, à afficher près du poste d'astreinte.

Grille d'entretien technique bienveillante
recrutement, entretien, équipe | pdf | - | CC0-1.0
Douze questions ouvertes, de la plus simple à la plus large, avec des pistes pour relancer. La grille note des faits
et laisse les impressions de côté.

Inventaire du matériel partagé
matériel, inventaire, bureau | csv | - | -
La liste des écrans, câbles et adaptateurs que l'on peut emprunter. Une colonne indique où chaque objet est rangé.

Guide d'accueil des nouveaux arrivants
accueil, équipe, guide | pdf | - | CC-BY-4.0
Une première semaine sans stress : les comptes à ouvrir, les personnes à rencontrer, les documents à lire vraiment.

Procès-verbal type d'un comité de pilotage
réunion, pilotage, modèle | docx | - | CC0-1.0
Une trame sobre qui sépare les décisions, les actions et les simples informations. Les actions ont toujours un nom
et une date.

Lettre de mission d'un référent accessibilité
accessibilité, rôle, organisation | docx | - | CC-BY-4.0
Le texte précise le temps accordé, les relais dans les équipes et les indicateurs suivis. À adapter avant signature.

Mode d'emploi de la salle de visioconférence
visio, matériel, guide | pdf | - | -
Cinq photos, cinq gestes. Écrit après la troisième réunion commencée avec vingt minutes de retard.

Règles de nommage des fichiers partagés
nommage, fichiers, méthode | pdf | - | CC-BY-4.0
Une date, un sujet, une version : la convention tient en une ligne. Le document explique surtout pourquoi les espaces
et les accents posent encore problème sur certains serveurs.

Tableau de suivi des licences logicielles
licences, inventaire, achats | xlsx | - | -
Un onglet par éditeur, avec les dates de renouvellement mises en évidence deux mois à l'avance.

Dossier de presse du projet pilote
communication, presse, projet | zip | - | CC-BY-NC-4.0
Textes courts, visuels en haute définition et chiffres clés de la première année. Les légendes sont fournies en deux
longueurs.

Compte rendu d'atelier : cartographier ses irritants
atelier, méthode, équipe | pdf | - | CC-BY-SA-4.0
Ce que vingt personnes ont collé sur un mur pendant deux heures, et les trois chantiers qui en sont sortis.

# Liens & Favoris

Dix lectures pour comprendre les index
database, index, lecture | link | SQL | -
Une sélection progressive, du premier B-tree aux index partiels. Chaque lien est accompagné d'un temps de lecture
honnête.

Glossaire francophone de l'accessibilité numérique
accessibilité, glossaire, ux | link | - | CC-BY-SA-4.0
Les termes officiels, leurs équivalents courants et des exemples à l'écran.

Veille hebdomadaire sur la sécurité du Web
sécurité, veille, api | link | - | -
Un billet par semaine, cinq nouvelles au plus, et toujours une action concrète à mener. Les archives se cherchent par
mot-clé.

Comparatif des formats d'image pour le Web
images, performance, frontend | link | - | CC-BY-4.0
Le même cliché compressé de neuf façons, avec le poids et les défauts visibles. Utile pour trancher un débat en
réunion.

Annuaire des polices libres avec accents complets
typographie, polices, design | link | - | OFL-1.1
Seules figurent les polices qui dessinent correctement les capitales accentuées et les ligatures françaises.

Carnet d'adresses des communautés locales
communauté, open-source, rencontres | link | - | -
Clubs, associations et soirées mensuelles, région par région. La page est tenue à jour par ses lecteurs.

Questions fréquentes sur le chiffrement au repos
sécurité, chiffrement, database | link | - | CC-BY-4.0
Des réponses courtes aux questions que posent les auditeurs, et celles qu'ils devraient poser.

Bibliothèque de cas d'usage du temps réel
websocket, temps-réel, backend | link | - | -
Notifications, curseurs partagés, tableaux de bord : pour chaque cas, ce qui passe à l'échelle et ce qui casse.

Petit musée des interfaces ratées
ux, ui, exemples | link | - | -
Des captures commentées avec humour. On y apprend plus vite que dans bien des manuels.

Index des normes de date et d'heure
dates, normes, reference | link | - | -
Fuseaux, semaines ISO, années bissextiles : chaque page va droit au cas limite.

Calculateur d'empreinte d'une page Web
écoconception, performance, frontend | link | - | -
On colle une adresse, l'outil mesure les octets transférés et propose trois économies classées par effort.

Recueil de commandes de diagnostic réseau
réseau, devops, terminal | link | Shell | MIT
Pour chaque symptôme, la commande à lancer d'abord et la manière de lire sa réponse.

Feuille de route type d'un produit numérique
produit, feuille-de-route, méthode | link | - | CC-BY-4.0
Trois horizons, pas de dates fermes, et une colonne pour ce que l'on a décidé de ne pas faire.

# Médias & Images

Banque de pictogrammes pour tableaux de bord
pictogrammes, ui, svg | zip | - | CC0-1.0
Cent vingt pictogrammes dessinés sur une grille de vingt-quatre pixels. Chaque fichier existe en trait fin et en
aplat.

Fonds de carte des régions, simplifiés
carte, svg, données | zip | - | ODbL-1.0
Des contours allégés pour l'affichage Web, avec un identifiant stable sur chaque polygone.

Photographies d'ateliers libres de droits
photographie, atelier, communication | zip | - | CC0-1.0
Quarante images prises pendant des ateliers, sans visage reconnaissable.

Vidéo : relire une demande de fusion en dix minutes
relecture, git, vidéo | mp4 | - | CC-BY-4.0
Une relecture filmée sans coupe, avec les hésitations. La transcription complète accompagne la vidéo.

Sons d'interface discrets
audio, ui, mobile | zip | - | CC-BY-4.0
Huit signaux de moins d'une demi-seconde, testés sur haut-parleurs de téléphone.

Illustrations pour états vides
illustration, ux, svg | zip | - | CC-BY-4.0
Un dossier vide, une recherche sans résultat, une panne : des images qui rassurent sans infantiliser.

Palette de couleurs lisible en plein soleil
couleurs, accessibilité, mobile | pdf | - | CC0-1.0
Douze teintes dont les contrastes ont été mesurés dehors, à midi. Le nuancier indique les associations à éviter.

Schémas d'architecture modifiables
architecture, schémas, documentation | zip | - | CC-BY-SA-4.0
Files d'attente, caches, répartiteurs de charge : des briques prêtes à assembler dans un éditeur vectoriel.

Enregistrement de la conférence sur les migrations
database, migration, conférence | mp4 | SQL | CC-BY-NC-4.0
Quarante minutes sur les changements de schéma sans interruption. Les questions de la salle ont été gardées.

Textures de papier pour supports imprimés
textures, impression, design | zip | - | CC0-1.0
Numérisées à 600 points par pouce, raccordables sur les quatre bords.

Captures d'écran annotées du tableau de bord
captures, guide, ui | zip | - | CC-BY-4.0
Toutes les vues de l'application, avec des repères numérotés à citer dans les guides.

Bandeau animé pour page d'accueil
animation, svg, frontend | svg | - | MIT
Une vague légère en SVG, sans script, qui respecte la préférence de réduction des animations.

Podcast interne, saison une
audio, équipe, culture | zip | - | -
Six épisodes d'un quart d'heure où l'on raconte un incident, une erreur et ce qu'elle a appris.

# Templates & Modèles

Modèle de note de version lisible
notes-de-version, communication, modèle | md | Markdown | CC0-1.0
Trois rubriques seulement : nouveau, corrigé, à savoir. Les exemples montrent comment écrire pour des lecteurs qui
n'ont pas suivi le projet.

Squelette d'application Vue et TypeScript
typescript, frontend, squelette | repo | TypeScript | MIT
Routage, tests et vérification des types déjà en place. Aucune bibliothèque de composants n'est imposée.

Modèle de ticket qui évite les allers-retours
tickets, méthode, modèle | md | Markdown | CC0-1.0
Contexte, comportement constaté, comportement attendu. Une case rappelle de joindre le journal d'erreurs.

Squelette de service Python asynchrone
python, backend, squelette | repo | Python | Apache-2.0
Configuration par variables d'environnement, arrêt propre, journal structuré. Le service démarre en une commande et
se teste contre une vraie base.

Présentation de dix planches pour une démo
présentation, démo, modèle | odp | - | CC-BY-4.0
Une idée par planche, de grandes marges et une dernière page pour les questions.

Contrat d'interface commenté
api, openapi, modèle | yaml | YAML | MIT
Un fichier OpenAPI complet dont chaque section explique le choix fait. Bon point de départ pour un nouveau service.

Modèle de courriel d'interruption planifiée
communication, exploitation, modèle | txt | - | CC0-1.0
Deux variantes, pour les utilisateurs et pour les partenaires. L'heure est donnée avec son fuseau.

Tableau de bord d'équipe en une page
pilotage, équipe, tableau | xlsx | - | CC-BY-4.0
Cinq indicateurs, pas un de plus, et une zone de texte pour dire ce que les chiffres ne disent pas.

Structure de dépôt pour un monorepo
monorepo, outillage, squelette | repo | JavaScript | MIT
Les dossiers, les scripts et les règles de dépendance d'un dépôt qui abrite plusieurs paquets.

Canevas d'entretien utilisateur
ux, entretien, modèle | pdf | - | CC-BY-SA-4.0
Une ouverture, quatre thèmes, une conclusion. Les questions fermées ont été retirées une par une.

Modèle de décision d'architecture
architecture, décision, documentation | md | Markdown | CC0-1.0
Le contexte, le choix, les conséquences : une page au plus. Trois décisions réelles servent d'illustration.

Feuille de style pour impression A4
css, impression, frontend | css | CSS | MIT
Marges, sauts de page, adresses des liens en clair : une page Web imprimée qui ressemble à un document.

Trame de bilan de fin de projet
bilan, projet, méthode | docx | - | CC-BY-4.0
On y parle d'abord de ce qui a marché. Une page entière est réservée aux surprises.
"""
