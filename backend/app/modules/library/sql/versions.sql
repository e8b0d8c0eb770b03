-- Versions by the resource and its number, as people speak of them. These run as their caller, under the policies.

create or replace function library.keep_version(resource_id uuid, change_summary text default null)
  returns library.resource_versions
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  item library.resources;
  kept library.resource_versions;
begin
  -- Locked, so that nobody changes it between the reading and the keeping. Locking asks for the right to update.
  select * into item from library.resources as r
  where r.tenant_id = relais.tenant_id() and r.id = keep_version.resource_id
  for no key update;
  if item.id is null then
    if exists (
      select from library.resources as r where r.tenant_id = relais.tenant_id() and r.id = keep_version.resource_id
    ) then
      raise exception using errcode = 'insufficient_privilege',
        message = 'Seul le propriétaire peut créer des versions';
    end if;
    raise exception using errcode = 'PT404', message = 'Ressource non trouvée';
  end if;
  insert into library.resource_versions
    (resource_id, title, description, category, tags, github_url, external_url, language, readme, file_path, file_url,
     file_size, change_summary)
  values
    (item.id, item.title, item.description, item.category, item.tags, item.github_url, item.external_url,
     item.language, item.readme, item.file_path, item.file_url, item.file_size, keep_version.change_summary)
  returning * into kept;
  return kept;
end
$$;
comment on function library.keep_version(uuid, text) is
  'Keeps the present state of a resource as a new version, with the next number. For whoever may change it.';

create or replace function library.restore_numbered_version(resource_id uuid, version_number integer)
  returns table (restored_version integer, backup_version integer)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  version library.resource_versions;
begin
  select v.* into version from library.resource_versions as v
  where v.tenant_id = relais.tenant_id() and v.resource_id = restore_numbered_version.resource_id
    and v.version_number = restore_numbered_version.version_number;
  if version.id is null then
    raise exception using errcode = 'PT404', message = 'Version non trouvée';
  end if;
  perform library.restore_version(version.id);
  -- Whoever else keeps one waits for this transaction: the newest is the one that was just kept.
  return query
    select version.version_number, max(v.version_number) from library.resource_versions as v
    where v.tenant_id = version.tenant_id and v.resource_id = version.resource_id;
end
$$;
comment on function library.restore_numbered_version(uuid, integer) is
  'Brings a resource back to a version. Answers the number of that version and of the one that keeps what was replaced.';

grant execute on function
  library.keep_version(uuid, text), library.restore_numbered_version(uuid, integer)
to anon, authenticated, service, relais_definer;
