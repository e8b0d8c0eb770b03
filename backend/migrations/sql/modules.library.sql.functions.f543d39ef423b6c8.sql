-- What clients may call. These run as their caller, under the policies: what a caller may not read does not exist, what
-- they may not change is refused. Errors that the interface shows are worded for its users.

create or replace function library.email(person library.profiles) returns text
  language sql stable parallel safe
  return library_internal.address_of(person.tenant_id, person.user_id);
comment on function library.email(library.profiles) is
  'The address of a profile, as a computed column: to its owner and to administrators, null to anybody else.';

create or replace function library.role(person library.profiles) returns library.app_role
  language sql stable parallel safe
  return library_internal.role_of(person.user_id);
comment on function library.role(library.profiles) is 'The rank of a profile, as a computed column.';

create or replace function library_internal.count_view(resource uuid) returns void
  language sql volatile security definer
  begin atomic
    update library.resources as r set views_count = least(r.views_count, 2147483646) + 1
    where r.tenant_id = relais.tenant_id() and r.id = resource and library_internal.can_read(resource);
  end;
comment on function library_internal.count_view(uuid) is
  'One view more of a resource that the caller may read. The counter stops at its largest value.';

create or replace function library_internal.count_download(resource uuid) returns void
  language sql volatile security definer
  begin atomic
    update library.resources as r set downloads_count = least(r.downloads_count, 2147483646) + 1
    where r.tenant_id = relais.tenant_id() and r.id = resource and library_internal.can_read(resource);
  end;
comment on function library_internal.count_download(uuid) is
  'One download more of a resource that the caller may read. The counter stops at its largest value.';

create or replace function library.increment_resource_views(resource_id uuid) returns void
  language sql volatile
  return library_internal.count_view(resource_id);
comment on function library.increment_resource_views(uuid) is
  'Counts a view. An unknown resource, or one that the caller may not read, is silently nothing.';

create or replace function library.increment_resource_downloads(resource_id uuid) returns void
  language sql volatile
  return library_internal.count_download(resource_id);
comment on function library.increment_resource_downloads(uuid) is
  'Counts a download. An unknown resource, or one that the caller may not read, is silently nothing.';

create or replace function library.has_role(_user_id uuid, _role library.app_role) returns boolean
  language sql stable parallel safe
  return coalesce(library_internal.role_of(_user_id) = _role, false);
comment on function library.has_role(uuid, library.app_role) is
  'Whether a user has exactly this rank now. Ranks are shown with profiles, so that anybody may ask.';

create or replace function library.search_users(query text)
  returns table (id uuid, user_id uuid, username text, full_name text, avatar_url text)
  language sql stable parallel safe
  begin atomic
    select p.id, p.user_id, p.username, p.full_name, p.avatar_url
    from library.profiles as p
    where p.tenant_id = relais.tenant_id() and (select relais.has_role('member') or relais.is_trusted())
      and length(btrim(query)) >= 2
      and strpos(
        public.unaccent('public.unaccent', lower(concat_ws(E'\n', p.username, p.full_name))),
        public.unaccent('public.unaccent', lower(btrim(query)))) > 0
    order by p.username, p.id
    limit 10;
  end;
comment on function library.search_users(text) is
  'At most ten profiles whose user name or full name contains the text, whatever the case and the accents. For '
  'members.';

-- The form without a visibility: two of one name would not be told apart.
drop function if exists library.fork_resource(uuid);
create or replace function library.fork_resource(
    resource_id uuid, visibility library.resource_visibility default 'private')
  returns library.resources
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  copy library.resources;
begin
  insert into library.resources
    (title, description, category, tags, resource_type, visibility, github_url, external_url, file_path, file_url,
     file_size, language, license, readme)
  select left(r.title, 493) || ' (Fork)', r.description, r.category, r.tags, r.resource_type, fork_resource.visibility,
         r.github_url, r.external_url, r.file_path, r.file_url, r.file_size, r.language, r.license, r.readme
  from library.resources as r
  where r.tenant_id = relais.tenant_id() and r.id = fork_resource.resource_id
  returning * into copy;
  if copy.id is null then
    raise exception using errcode = 'PT404', message = 'Ressource non trouvée';
  end if;
  return copy;
end
$$;
comment on function library.fork_resource(uuid, library.resource_visibility) is
  'Copies a resource that the caller may read into one of their own, private unless they say otherwise.';
grant execute on function library.fork_resource(uuid, library.resource_visibility)
to anon, authenticated, service, relais_definer;

create or replace function library.vote_on_suggestion(suggestion_id uuid, vote library.vote_type)
  returns table (id uuid, status library.suggestion_status, votes_count integer,
                 total_upvotes integer, total_downvotes integer, user_vote library.vote_type)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  suggestion constant uuid := vote_on_suggestion.suggestion_id;
  wanted constant library.vote_type := vote_on_suggestion.vote;
begin
  if relais.user_id() is null then
    raise exception using errcode = 'insufficient_privilege', message = 'Connectez-vous pour voter';
  end if;
  delete from library.suggestion_votes as v
  where v.tenant_id = relais.tenant_id() and v.suggestion_id = suggestion and v.user_id = relais.user_id()
    and v.vote_type = wanted;
  if not found then
    insert into library.suggestion_votes as v (suggestion_id, user_id, vote_type)
    select s.id, relais.user_id(), wanted from library.category_tag_suggestions as s
    where s.tenant_id = relais.tenant_id() and s.id = suggestion
    on conflict on constraint suggestion_votes_suggestion_id_user_id_key do update set vote_type = excluded.vote_type;
    if not found then
      raise exception using errcode = 'PT404', message = 'Suggestion non trouvée';
    end if;
  end if;
  return query
    select s.id, s.status, s.votes_count,
           (count(*) filter (where v.vote_type = 'upvote'))::integer,
           (count(*) filter (where v.vote_type = 'downvote'))::integer,
           max(v.vote_type) filter (where v.user_id = relais.user_id())
    from library.category_tag_suggestions as s
    left join library.suggestion_votes as v on v.tenant_id = s.tenant_id and v.suggestion_id = s.id
    where s.tenant_id = relais.tenant_id() and s.id = suggestion
    group by s.tenant_id, s.id;
end
$$;
comment on function library.vote_on_suggestion(uuid, library.vote_type) is
  'Votes; the same vote again takes it back, the other one replaces it. Answers the counts and the caller''s vote.';

create or replace function library.review_suggestion(
    suggestion_id uuid, status library.suggestion_status, name text default null, description text default null)
  returns library.category_tag_suggestions
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  reviewed library.category_tag_suggestions;
begin
  if not relais.is_trusted() and not library_internal.has_rank('moderator') then
    raise exception using errcode = 'insufficient_privilege', message = 'Réservé aux modérateurs';
  end if;
  update library.category_tag_suggestions as s
  set status = review_suggestion.status,
      name = coalesce(review_suggestion.name, s.name),
      description = coalesce(review_suggestion.description, s.description),
      reviewed_at = now(),
      reviewed_by = relais.user_id()
  where s.tenant_id = relais.tenant_id() and s.id = review_suggestion.suggestion_id
  returning * into reviewed;
  if reviewed.id is null then
    raise exception using errcode = 'PT404', message = 'Suggestion non trouvée';
  end if;
  return reviewed;
end
$$;
comment on function library.review_suggestion(uuid, library.suggestion_status, text, text) is
  'Gives a suggestion its status, and another wording if there is one. For moderators.';

create or replace function library.restore_version(version_id uuid) returns library.resources
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  version library.resource_versions;
  restored library.resources;
begin
  select * into version from library.resource_versions as v
  where v.tenant_id = relais.tenant_id() and v.id = restore_version.version_id;
  if version.id is null then
    raise exception using errcode = 'PT404', message = 'Version non trouvée';
  end if;
  -- Locked first: what is kept as the backup is what gets replaced. Locking asks for the right to update. The weak lock:
  -- whoever adds a version meanwhile holds the turn to number it, which is waited for below, and refers to this row.
  select * into restored from library.resources as r
  where r.tenant_id = version.tenant_id and r.id = version.resource_id
  for no key update;
  if restored.id is null then
    raise exception using errcode = 'insufficient_privilege',
      message = 'Seul le propriétaire peut restaurer une version';
  end if;
  insert into library.resource_versions
    (resource_id, title, description, category, tags, github_url, external_url, language, readme, file_path, file_url,
     file_size, change_summary)
  values
    (restored.id, restored.title, restored.description, restored.category, restored.tags, restored.github_url,
     restored.external_url, restored.language, restored.readme, restored.file_path, restored.file_url,
     restored.file_size, format('Sauvegarde avant la restauration de la version %s', version.version_number));
  update library.resources as r
  set title = version.title, description = version.description, category = version.category, tags = version.tags,
      github_url = version.github_url, external_url = version.external_url, language = version.language,
      readme = version.readme, file_path = version.file_path, file_url = version.file_url, file_size = version.file_size
  where r.tenant_id = version.tenant_id and r.id = version.resource_id
  returning * into restored;
  return restored;
end
$$;
comment on function library.restore_version(uuid) is
  'Brings a resource back to a version, keeping its present state as a new one.';
