-- The words that a library starts with: suggestions of categories, tags, types and filters. Nobody signs them, and no
-- member has to propose them.

create or replace function library_internal.start_vocabulary(tenant uuid) returns void
  language sql volatile security definer
  begin atomic
    insert into library.category_tag_suggestions
      (tenant_id, id, type, name, description, status, votes_count, suggested_by)
    select tenant, md5(concat_ws(':', tenant, wanted.type, wanted.name))::uuid, wanted.type::library.suggestion_type,
           wanted.name, wanted.description, wanted.status::library.suggestion_status, wanted.votes_count, null
    from (values
      ('category', 'Développement', 'approved', 10, 'Code, bibliothèques et techniques de programmation.'),
      ('category', 'Design', 'approved', 10, 'Interfaces, maquettes, couleurs et typographie.'),
      ('category', 'Documentation', 'approved', 10, 'Guides, références et tout ce qui s''explique par écrit.'),
      ('category', 'Outils', 'approved', 10, 'Logiciels et services qui font gagner du temps.'),
      ('category', 'Templates', 'approved', 10, 'Modèles et squelettes à reprendre pour ses propres projets.'),
      ('category', 'Médias', 'approved', 10, 'Images, sons et vidéos réutilisables.'),
      ('category', 'Données', 'approved', 10, 'Jeux de données, statistiques et référentiels.'),
      ('category', 'Learning', 'approved', 10, 'Cours, tutoriels et parcours pour apprendre à son rythme.'),
      ('tag', 'react', 'approved', 8, 'Tout ce qui touche à la bibliothèque React et à ses composants.'),
      ('tag', 'typescript', 'approved', 8, 'Projets et articles sur le typage de JavaScript.'),
      ('tag', 'javascript', 'approved', 8, 'Le langage du Web, dans le navigateur comme sur le serveur.'),
      ('tag', 'python', 'approved', 8, 'Scripts, services et analyses écrits en Python.'),
      ('tag', 'api', 'approved', 8, 'Conception, description et usage d''interfaces de programmation.'),
      ('tag', 'database', 'approved', 8, 'Schémas, requêtes et exploitation des bases de données.'),
      ('tag', 'frontend', 'approved', 8, 'Ce qui s''affiche et s''exécute chez l''utilisateur.'),
      ('tag', 'backend', 'approved', 8, 'Ce qui tourne sur le serveur : services, files, traitements.'),
      ('tag', 'mobile', 'approved', 8, 'Applications et interfaces pour téléphones et tablettes.'),
      ('tag', 'devops', 'approved', 8, 'Déploiement, surveillance et automatisation.'),
      ('tag', 'ui', 'approved', 8, 'Composants et mise en forme des interfaces.'),
      ('tag', 'ux', 'approved', 8, 'Parcours, recherche et confort d''utilisation.'),
      ('tag', 'open-source', 'approved', 8, 'Projets libres et manières d''y contribuer.'),
      ('tag', 'tutorial', 'approved', 8, 'Pas à pas qui mènent à un résultat concret.'),
      ('tag', 'library', 'approved', 8, 'Bibliothèques de code à intégrer dans un projet.'),
      ('resource_type', 'github_repo', 'approved', 5, 'Un dépôt de code que l''on peut cloner.'),
      ('resource_type', 'external_link', 'approved', 5, 'Une page ou un service situé ailleurs sur le Web.'),
      ('resource_type', 'file_upload', 'approved', 5, 'Un fichier déposé dans la bibliothèque.'),
      ('filter', 'Popularité', 'approved', 7, 'Classe les ressources selon leurs consultations.'),
      ('filter', 'Date', 'approved', 7, 'Restreint la liste à une période de publication.'),
      ('filter', 'Note', 'approved', 7, 'Garde les ressources au-dessus d''une note moyenne.'),
      ('filter', 'Langue', 'approved', 7, 'Sélectionne une langue ou un langage de programmation.'),
      ('filter', 'Licence', 'approved', 7, 'Sélectionne les ressources selon leurs conditions d''usage.'),
      ('filter', 'Visibilité', 'approved', 7, 'Distingue ressources publiques, privées et partagées.'),
      ('category', 'Sécurité', 'pending', 0, 'Protection des données, des comptes et des services.'),
      ('tag', 'Machine Learning', 'pending', 0, 'Apprentissage automatique, des bases à la mise en service.'),
      ('tag', 'Docker', 'pending', 0, 'Images, conteneurs et composition de services.'),
      ('filter', 'API REST', 'pending', 0, 'Ne montre que les ressources qui décrivent une API REST.')
    ) as wanted (type, name, status, votes_count, description)
    where not exists (
      select from library.category_tag_suggestions as s
      where s.tenant_id = tenant and s.type::text = wanted.type and lower(s.name) = lower(wanted.name))
    on conflict do nothing;
  end;
comment on function library_internal.start_vocabulary(uuid) is
  'Gives a tenant the suggestions that the application starts with. Leaves alone what is already there.';

alter function library_internal.start_vocabulary(uuid) owner to relais_definer;
grant execute on function library_internal.start_vocabulary(uuid) to service;
