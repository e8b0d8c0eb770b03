-- Where rows may lead whoever reads them: to sites and to places on this one, on whatever road the row was written. What
-- a browser would run is no address. Trusted roles pass, imports bring what there is; and what is there already may stay.

create or replace function library_internal.check_links() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  said constant jsonb := to_jsonb(new);
  former jsonb;
  name text;
begin
  for turn in 0 .. tg_nargs / 2 - 1 loop
    name := tg_argv[2 * turn];
    if left(said ->> name, 20) !~* tg_argv[2 * turn + 1] then
      if tg_op = 'UPDATE' then
        former := to_jsonb(old);
      elsif tg_table_name = 'resource_versions' then
        select to_jsonb(r) into former from library.resources as r
        where r.tenant_id = new.tenant_id and r.id = new.resource_id;
      end if;
      if said -> name is distinct from former -> name then
        raise exception using errcode = 'check_violation', message = format('%s : adresse invalide', name), column = name;
      end if;
    end if;
  end loop;
  return new;
end
$$;
comment on function library_internal.check_links() is
  'Refuses a text that does not match the pattern behind its column, unless it was there before.';

do $$
declare
  site constant text := '^(https?://|/|\s*$)';
  picture constant text := '^(https?://|/|data:image/|\s*$)';
  file constant text := '^(https?://|/|data:|\s*$)';
  item record;
begin
  for item in
    select name, columns, patterns from (values
      ('resources', 'github_url, external_url, file_url',
       array['github_url', site, 'external_url', site, 'file_url', file]),
      ('resource_versions', 'github_url, external_url, file_url',
       array['github_url', site, 'external_url', site, 'file_url', file]),
      ('collections', 'cover_image_url', array['cover_image_url', picture]),
      ('profiles', 'avatar_url', array['avatar_url', picture])
    ) as checked (name, columns, patterns)
  loop
    execute format(
      'create or replace trigger check_links before insert or update of %s on library.%I'
      ' for each row when (not relais.is_trusted()) execute function library_internal.check_links(%s)',
      item.columns, item.name, (select string_agg(quote_literal(word), ', ' order by turn)
                                from unnest(item.patterns) with ordinality as words (word, turn)));
  end loop;
end
$$;
