-- Primary keys, unique constraints, unique indexes and foreign keys of the whole database, columns by name.
with
owned as (
    select c.oid, n.nspname, c.relname
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
      and c.relkind in ('r', 'p', 'f', 'm')
),
keys as (
    select k.contype, k.conname, k.conrelid, k.confrelid, k.conkey, k.confkey,
        (select pg_catalog.json_agg(a.attname order by u.n)
         from pg_catalog.unnest(k.conkey) with ordinality as u (attnum, n)
         join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum) as columns,
        case when k.contype = 'f' then
            (select pg_catalog.json_agg(a.attname order by u.n)
             from pg_catalog.unnest(k.confkey) with ordinality as u (attnum, n)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum)
        end as referenced
    from pg_catalog.pg_constraint k
    where k.contype in ('p', 'u', 'f') and k.conparentid = 0
),
indexes as (
    select 'i' as contype, i.indrelid,
        (select pg_catalog.json_agg(a.attname order by u.n)
         from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, n)
         join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
         where u.n <= i.indnkeyatts) as columns
    from pg_catalog.pg_index i
    where i.indisunique and i.indexprs is null
)
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'type', k.contype, 'name', k.conname,
    'schema', o.nspname, 'table', o.relname, 'oid', o.oid::int8, 'columns', k.columns, 'numbers', k.conkey,
    'target_schema', r.nspname, 'target_table', r.relname, 'target_oid', r.oid::int8,
    'referenced', k.referenced, 'referenced_numbers', k.confkey
) order by o.nspname, o.relname, k.conname), '[]')
from (
    select contype::text, conname, conrelid, confrelid, conkey, confkey, columns, referenced from keys
    union all
    select contype, null, indrelid, 0, null, null, columns, null from indexes
) as k
join owned o on o.oid = k.conrelid
left join owned r on r.oid = k.confrelid and k.contype = 'f'
where k.contype <> 'f' or r.oid is not null
