-- Views of the exposed schemas and of the extra search path ($1), with the stored query that says where columns are from.
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'query', r.ev_action::text,
    'columns', (select pg_catalog.json_object_agg(a.attnum, a.attname) from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
)), '[]')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.ev_type = '1' and r.is_instead
where c.relkind in ('v', 'm') and n.nspname = any ($1::text[])
