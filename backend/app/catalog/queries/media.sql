-- Aggregates and functions of the exposed schemas ($1) that return a domain named like a media type.
with domains as (
    select t.oid, pg_catalog.lower(t.typname) as media_type, b.typname = 'bytea' as is_binary
    from pg_catalog.pg_type t join pg_catalog.pg_type b on b.oid = t.typbasetype
    where t.typtype = 'd' and (t.typname ~* '^[A-Za-z0-9.-]+/[A-Za-z0-9.\+-]+$' or t.typname = '*/*')
)
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'schema', n.nspname, 'name', p.proname, 'aggregate', p.prokind = 'a', 'media_type', d.media_type,
    'binary', d.is_binary,
    'target', case when p.prokind = 'f' then pg_catalog.json_build_array(n.nspname, p.proname)
                   when c.oid is not null then pg_catalog.json_build_array(cn.nspname, c.relname) end
) order by p.oid), '[]')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join domains d on d.oid = p.prorettype
left join pg_catalog.pg_type a on p.prokind = 'a' and a.oid = p.proargtypes[0]
left join pg_catalog.pg_class c on c.oid = a.typrelid
left join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
where n.nspname = any ($1::text[]) and not p.proretset
  and (p.prokind = 'f' or p.prokind = 'a' and p.pronargs = 1
       and (c.oid is not null or a.oid = 'pg_catalog.anyelement'::regtype))
