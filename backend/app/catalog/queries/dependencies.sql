-- What reading a table depends on: its policies, the definition of a view, and the bodies of functions that these call.
--
-- `r` is a relation, `f` a function. A function whose body PostgreSQL does not look into (plpgsql, SQL in a string) is
-- opaque; those in C read no tables. Functions of pg_catalog are pinned: no dependency is recorded, none is needed.
with edges as (
  select 'r' as kind, p.polrelid as oid, d.refclassid, d.refobjid
  from pg_catalog.pg_policy as p
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
  where p.polcmd in ('r', '*')
  union
  select 'r', r.ev_class, d.refclassid, d.refobjid
  from pg_catalog.pg_rewrite as r
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
  union
  select 'f', p.oid, d.refclassid, d.refobjid
  from pg_catalog.pg_proc as p
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
  where p.prosqlbody is not null
), known as (
  select distinct e.kind, e.oid, case e.refclassid when 'pg_catalog.pg_class'::pg_catalog.regclass then 'r' else 'f' end
           as on_kind, e.refobjid as on_oid
  from edges as e
  where e.refclassid in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    and (e.kind, e.oid) <> (case e.refclassid when 'pg_catalog.pg_class'::pg_catalog.regclass then 'r' else 'f' end,
                            e.refobjid)
)
select json_build_object(
  'edges', (select coalesce(json_agg(json_build_array(k.kind || k.oid, k.on_kind || k.on_oid)), '[]') from known as k),
  'relations', (
    select coalesce(json_agg(json_build_object(
      'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'stored', c.relkind in ('r', 'p'),
      'told', (
        select count(*) from pg_catalog.pg_trigger as t
        join pg_catalog.pg_proc as p on p.oid = t.tgfoid
        where t.tgrelid = c.oid and t.tgenabled in ('O', 'A') and p.proname = 'tell_written'
          and p.pronamespace = (select s.oid from pg_catalog.pg_namespace as s where s.nspname = 'relais')) > 0,
      'families', c.relkind = 'p' or exists (select from pg_catalog.pg_inherits as i where i.inhparent = c.oid))), '[]')
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and (n.nspname = any ($1) or c.oid in (select k.on_oid from known as k where k.on_kind = 'r'))),
  'opaque', (
    select coalesce(json_agg(p.oid::bigint), '[]')
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where p.prosqlbody is null and l.lanname not in ('internal', 'c') and p.provolatile <> 'i'),
  'volatile', (
    select coalesce(json_agg(p.oid::bigint), '[]') from pg_catalog.pg_proc as p
    where p.provolatile = 'v' and p.oid in (select k.on_oid from known as k where k.on_kind = 'f')),
  'of_rows', (
    select coalesce(json_agg(json_build_object(
      'oid', p.oid::bigint, 'name', p.proname, 'relation', t.typrelid::bigint)), '[]')
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_type as t on t.oid = p.proargtypes[0]
    where p.pronargs = 1 and t.typrelid <> 0 and p.pronamespace in (
      select n.oid from pg_catalog.pg_namespace as n where n.nspname = any ($1)))
)
