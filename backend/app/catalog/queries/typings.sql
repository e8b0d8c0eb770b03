-- Types of values that are more than one of PostgreSQL's own, by the names that `format_type` has for them when the search
-- path is empty; and columns of the exposed schemas ($1) that are never written to.
select pg_catalog.json_build_object(
  'enums', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
      pg_catalog.format_type(t.oid, null), n.nspname, t.typname,
      (select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder)
       from pg_catalog.pg_enum as e where e.enumtypid = t.oid)) order by n.nspname, t.typname), '[]')
    from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
    where t.typtype = 'e'),
  'domains', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
      pg_catalog.format_type(t.oid, null), pg_catalog.format_type(t.typbasetype, null))), '[]')
    from pg_catalog.pg_type as t where t.typtype = 'd'),
  'composites', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
      pg_catalog.format_type(t.oid, null), n.nspname, t.typname,
      (select pg_catalog.json_agg(
         pg_catalog.json_build_array(a.attname, pg_catalog.format_type(a.atttypid, null)) order by a.attnum)
       from pg_catalog.pg_attribute as a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)) order by n.nspname, t.typname), '[]')
    from pg_catalog.pg_type as t
    join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
    join pg_catalog.pg_class as c on c.oid = t.typrelid
    where c.relkind = 'c'),
  'rows', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
      pg_catalog.format_type(c.reltype, null), n.nspname, c.relname)), '[]')
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = any ($1::text[])),
  'unknown', (
    select coalesce(pg_catalog.json_agg(pg_catalog.format_type(t.oid, null)), '[]')
    from pg_catalog.pg_type as t
    where t.typtype = 'p' or exists (
      select from pg_catalog.pg_cast as k
      where k.castsource = t.oid and k.casttarget = 'pg_catalog.json'::regtype and k.castfunc <> 0)),
  'never', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, a.attname)), '[]')
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any ($1::text[]) and a.attnum > 0 and not a.attisdropped
      and (a.attgenerated <> '' or a.attidentity = 'a'))
)
