-- Functions: those of the exposed schemas ($1) that can be called by name, and functions of one row of any schema
-- on the search path ($2), which are read as columns or embedded.
with
base_types as (
    select t.oid, t.typtype, t.typrelid, t.typname, n.nspname,
        case when t.typtype = 'd' then bt.typtype else t.typtype end as base_typtype,
        case when t.typtype = 'd' then bt.typrelid else t.typrelid end as base_relid
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_type bt on bt.oid = t.typbasetype
),
candidates as (
    select p.oid, p.pronamespace, p.proname, p.prokind, p.proretset, p.prorettype, p.prorows, p.provolatile,
        p.proconfig, p.provariadic, p.pronargs, p.pronargdefaults, p.proargnames, p.proargmodes, p.proargtypes,
        p.proallargtypes, n.nspname
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.prokind = 'f' and n.nspname = any ($2::text[]) and p.prorettype <> 'pg_catalog.trigger'::regtype
),
inputs as (
    select p.oid,
        pg_catalog.count(*) - pg_catalog.count(nullif(u.name, '')) as unnamed,
        (pg_catalog.array_agg(u.type order by u.n))[1] as first_type,
        pg_catalog.json_agg(pg_catalog.json_build_array(
            coalesce(u.name, ''),
            case u.type
                when 'pg_catalog.bit'::regtype then 'bit varying'
                when 'pg_catalog.bit[]'::regtype then 'bit varying[]'
                when 'pg_catalog.bpchar'::regtype then 'character varying'
                when 'pg_catalog.bpchar[]'::regtype then 'character varying[]'
                else pg_catalog.format_type(u.type, null)
            end,
            u.n <= p.pronargs - p.pronargdefaults,
            u.mode = 'v',
            pg_catalog.format_type(u.type, null)
        ) order by u.n) as parameters
    from candidates p,
        lateral (
            select i.type, i.mode, i.name, pg_catalog.row_number() over (order by i.position) as n
            from rows from (
                pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])),
                pg_catalog.unnest(p.proargmodes::text[]),
                pg_catalog.unnest(p.proargnames)
            ) with ordinality as i (type, mode, name, position)
            where i.type is not null and coalesce(i.mode, 'i') in ('i', 'b', 'v')
        ) as u
    group by p.oid
)
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'schema', p.nspname, 'name', p.proname, 'oid', p.oid::int8,
    'callable', coalesce(case coalesce(i.unnamed, 0) when 0 then true
        when 1 then i.first_type in ('pg_catalog.bytea'::regtype, 'pg_catalog.json'::regtype,
            'pg_catalog.jsonb'::regtype, 'pg_catalog.text'::regtype, 'pg_catalog.xml'::regtype)
        else false end, true) and p.nspname = any ($1::text[]),
    'parameters', coalesce(i.parameters, '[]'),
    'set_of', p.proretset,
    'rows', p.prorows,
    'volatility', p.provolatile,
    'settings', coalesce(pg_catalog.to_json(p.proconfig), '[]'),
    'comment', pg_catalog.obj_description(p.oid, 'pg_proc'),
    'return_type', pg_catalog.format_type(p.prorettype, null),
    'return_type_oid', p.prorettype::int8,
    'columns', case
        when p.proargmodes::text[] && '{t,b,o}' then (
            select pg_catalog.json_agg(pg_catalog.json_build_array(
                u.name, pg_catalog.format_type(u.type, null), pg_catalog.format_type(u.type, -1)) order by u.n)
            from rows from (
                pg_catalog.unnest(p.proallargtypes), pg_catalog.unnest(p.proargmodes::text[]),
                pg_catalog.unnest(p.proargnames)
            ) with ordinality as u (type, mode, name, n)
            where u.mode in ('t', 'b', 'o') and u.name is not null)
        when rt.base_relid <> 0 then (
            select pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                pg_catalog.format_type(a.atttypid, -1)) order by a.attnum)
            from pg_catalog.pg_attribute a
            where a.attrelid = rt.base_relid and a.attnum > 0 and not a.attisdropped)
    end,
    'composite', rt.base_typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
    'void', p.prorettype = 'pg_catalog.void'::regtype,
    'table', case when rc.oid is not null then pg_catalog.json_build_array(rn.nspname, rc.relname) end,
    'row_of', case when p.pronargs = 1 and ac.oid is not null then pg_catalog.json_build_array(an.nspname, ac.relname) end
) order by p.nspname, p.proname, p.pronargs, p.oid), '[]')
from candidates p
left join inputs i on i.oid = p.oid
join base_types rt on rt.oid = p.prorettype
left join pg_catalog.pg_class rc on rc.oid = rt.base_relid
left join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
left join base_types at on p.pronargs = 1 and at.oid = p.proargtypes[0]
left join pg_catalog.pg_class ac on ac.oid = at.typrelid and ac.relkind in ('r', 'p', 'v', 'm', 'f')
left join pg_catalog.pg_namespace an on an.oid = ac.relnamespace
