-- How long texts may be that members write, on whatever road: lists tell whole rows, so that a long one weighs on
-- everybody who reads the list. Trusted roles pass, imports bring what there is; and what is longer already may stay.

create or replace function library_internal.bound_texts() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  said constant jsonb := to_jsonb(new);
  former jsonb;
  name text;
begin
  for turn in 0 .. tg_nargs / 2 - 1 loop
    name := tg_argv[2 * turn];
    if length(said ->> name) > tg_argv[2 * turn + 1]::integer then
      if tg_op = 'UPDATE' then
        former := to_jsonb(old);
      elsif tg_table_name = 'resource_versions' then
        select to_jsonb(r) into former from library.resources as r
        where r.tenant_id = new.tenant_id and r.id = new.resource_id;
      end if;
      if said -> name is distinct from former -> name then
        raise exception using errcode = 'string_data_right_truncation',
          message = format('%s : au plus %s caractères', name, tg_argv[2 * turn + 1]), column = name;
      end if;
    end if;
  end loop;
  return new;
end
$$;
comment on function library_internal.bound_texts() is
  'Refuses a text that is longer than the number behind its column, unless it was there before.';

do $$
declare
  item record;
begin
  for item in
    select name, columns, bounds from (values
      ('resources', 'description, readme, tags, github_url, external_url, file_path, file_url',
       'description, 50000, readme, 250000, tags, 300000, github_url, 2048, external_url, 2048, file_path, 2048, file_url, 131072'),
      ('resource_versions', 'description, readme, tags, github_url, external_url, file_path, file_url, change_summary',
       'description, 50000, readme, 250000, tags, 300000, github_url, 2048, external_url, 2048, file_path, 2048, file_url, 131072, '
       'change_summary, 10000'),
      ('resource_templates', 'description, readme, tags, preview, template_data',
       'description, 50000, readme, 250000, tags, 300000, preview, 50000, template_data, 500000'),
      ('resource_comments', 'content', 'content, 2000'),
      ('collections', 'description, cover_image_url', 'description, 1000, cover_image_url, 2048'),
      ('groups', 'description', 'description, 1000'),
      ('profiles', 'bio, avatar_url', 'bio, 500, avatar_url, 2048'),
      ('category_tag_suggestions', 'description', 'description, 1000')
    ) as bounded (name, columns, bounds)
  loop
    execute format(
      'create or replace trigger bound_texts before insert or update of %s on library.%I'
      ' for each row when (not relais.is_trusted()) execute function library_internal.bound_texts(%s)',
      item.columns, item.name, item.bounds);
  end loop;
end
$$;
