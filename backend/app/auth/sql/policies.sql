-- Policies live in files that may be run again, and there is no `create or replace policy`: such a file starts from none.

create or replace function relais.drop_policies(variadic tables text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  item record;
begin
  for item in
    select p.polname, p.polrelid::regclass as owner
    from pg_catalog.pg_policy as p
    where p.polpermissive and p.polrelid = any (tables::regclass[])
  loop
    execute format('drop policy %I on %s', item.polname, item.owner);
  end loop;
end
$$;
comment on function relais.drop_policies(text[]) is
  'Drops the permissive policies of these tables, before a file of policies writes them anew. For owners alone.';
