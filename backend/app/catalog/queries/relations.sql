-- Tables and views of the exposed schemas ($1), with their columns. Types of other schemas than those ($2) cannot be
-- named by every caller: values for their enums are left to PostgreSQL to type.
with recursive
-- What is below each domain, however many are stacked.
bases as (
    select t.oid as domain, t.typbasetype as base from pg_catalog.pg_type t where t.typtype = 'd'
    union all
    select b.domain, t.typbasetype from bases b join pg_catalog.pg_type t on t.oid = b.base where t.typtype = 'd'
),
ground as (
    select b.domain, b.base from bases b join pg_catalog.pg_type t on t.oid = b.base where t.typtype <> 'd'
),
sequences as (
    select d.refobjid, d.refobjsubid, pg_catalog.format('%I.%I', n.nspname, s.relname) as name
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.deptype = 'i'
),
relations as (
    select c.oid, n.nspname, c.relname, c.relkind, c.relowner
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname = any ($1::text[])
),
labels as (
    select e.enumtypid, pg_catalog.json_agg(e.enumlabel order by e.enumsortorder) as labels
    from pg_catalog.pg_enum e group by e.enumtypid
),
columns as (
    select a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_array(
        a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        case when bt.typtype = 'e' and bn.nspname <> all ($2::text[]) then ''
             -- It has no operators of its own.
             when bt.oid = 'pg_catalog.cidr'::regtype then 'inet'
             else pg_catalog.format_type(bt.oid, -1) end,
        a.atttypid::int8,
        not (a.attnotnull or t.typtype = 'd' and t.typnotnull),
        case
            when a.attgenerated <> '' or a.attidentity = 'a' then null
            when a.attidentity = 'd' then 'nextval(' || pg_catalog.quote_literal(s.name) || ')'
            else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault)
        end,
        case when a.attgenerated = '' then coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault) end,
        o.description,
        case
            when a.atttypid in (1042, 1043) and a.atttypmod > 4 then a.atttypmod - 4
            when a.atttypid in (1560, 1562) and a.atttypmod > 0 then a.atttypmod
            when t.typtype = 'd' and t.typbasetype in (1042, 1043) and t.typtypmod > 4 then t.typtypmod - 4
        end,
        l.labels,
        a.attnum,
        pg_catalog.format_type(
            case when gt.typnamespace = 'pg_catalog'::regnamespace then g.base else a.atttypid end, null)
    ) order by a.attnum) as columns
    from relations c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join ground g on g.domain = a.atttypid
    join pg_catalog.pg_type bt on bt.oid = coalesce(g.base, a.atttypid)
    join pg_catalog.pg_namespace bn on bn.oid = bt.typnamespace
    left join pg_catalog.pg_type gt on gt.oid = g.base
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join sequences s on a.attidentity <> '' and s.refobjid = a.attrelid and s.refobjsubid = a.attnum
    -- `col_description` would look each one up by itself.
    left join pg_catalog.pg_description o
        on o.objoid = a.attrelid and o.objsubid = a.attnum and o.classoid = 'pg_catalog.pg_class'::regclass
    left join labels l on l.enumtypid = coalesce(g.base, a.atttypid)
    group by a.attrelid
)
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'oid', c.oid::int8,
    'schema', c.nspname,
    'name', c.relname,
    'kind', c.relkind,
    'writable', case when c.relkind in ('r', 'p') then 28
                     when c.relkind = 'm' then 0
                     else pg_catalog.pg_relation_is_updatable(c.oid, true) end,
    'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
    'columns', coalesce(k.columns, '[]')
) order by c.nspname, c.relname), '[]')
from relations c left join columns k on k.attrelid = c.oid
