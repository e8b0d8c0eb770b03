-- A template is used: a resource is made of it, and the use is counted.

create or replace function library_internal.count_use(template uuid) returns void
  language sql volatile security definer
  begin atomic
    update library.resource_templates as t set usage_count = least(t.usage_count, 2147483646) + 1
    where t.tenant_id = relais.tenant_id() and t.id = template
      and (t.is_public or t.created_by = relais.user_id());
  end;
comment on function library_internal.count_use(uuid) is
  'One use more of a template that the caller may read. The counter stops at its largest value.';

create or replace function library.use_template(template_id uuid, changes jsonb default '{}')
  returns library.resources
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  template library.resource_templates;
  wanted library.resources;
  made library.resources;
begin
  select * into template from library.resource_templates as t
  where t.tenant_id = relais.tenant_id() and t.id = use_template.template_id;
  if template.id is null then
    perform library_internal.refuse('TEMPLATE_NOT_FOUND', 404, 'Template non trouvé');
  end if;
  if jsonb_typeof(template.template_data) <> 'object' then
    template.template_data := '{}';
  end if;
  wanted := jsonb_populate_record(null::library.resources, template.template_data || coalesce(changes, '{}'));
  insert into library.resources
    (title, description, category, tags, resource_type, visibility, github_url, external_url, file_path, file_url,
     file_size, language, license, readme)
  values (
    coalesce(nullif(btrim(wanted.title), ''), template.name),
    coalesce(nullif(wanted.description, ''), template.description),
    coalesce(wanted.category, template.category), coalesce(wanted.tags, template.tags),
    coalesce(wanted.resource_type, 'external_link'), coalesce(wanted.visibility, 'public'), wanted.github_url,
    wanted.external_url, wanted.file_path, wanted.file_url, wanted.file_size,
    coalesce(wanted.language, template.language), wanted.license, coalesce(wanted.readme, template.readme))
  returning * into made;
  perform library_internal.count_use(template.id);
  return made;
end
$$;
comment on function library.use_template(uuid, jsonb) is
  'Makes a resource of a template that the caller may read, with changes of their own, and counts the use.';

alter function library_internal.count_use(uuid) owner to relais_definer;
grant execute on function library_internal.count_use(uuid) to authenticated, service;
grant execute on function library.use_template(uuid, jsonb) to anon, authenticated, service, relais_definer;
