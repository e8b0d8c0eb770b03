-- The rules of reading of a table ($1), as PostgreSQL applies them to a role ($2): names in them are written out in full,
-- for the search path is empty. Whoever is above them sees everything.
--
-- What is not written out: casts that come by themselves, and what operators do with types that somebody made. So it is
-- told apart whether policies rest on such (hides), and which columns are of PostgreSQL's own types or enumerations
-- (plain). The columns that policies speak of are told as well, if images of rows may be without them (needed).
with recursive roles as (
  select r.oid, r.rolsuper or r.rolbypassrls as above from pg_catalog.pg_roles as r where r.rolname = $2
), memberships as (
  select oid from roles
  union
  select m.roleid from pg_catalog.pg_auth_members as m join memberships on memberships.oid = m.member
  where m.inherit_option
), rules as (
  select p.* from pg_catalog.pg_policy as p
  where p.polrelid = pg_catalog.to_regclass($1) and p.polcmd in ('r', '*') and p.polqual is not null
    and (p.polroles = '{0}' or p.polroles && (select array_agg(oid) from memberships))
), grounds as (
  select d.refclassid, d.refobjid, d.refobjsubid from pg_catalog.pg_depend as d join rules on rules.oid = d.objid
  where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
), plain_types as (
  select t.oid from pg_catalog.pg_type as t left join pg_catalog.pg_type as e on e.oid = t.typelem
  -- What is made later than a database has a higher number.
  where t.oid < 16384 or (t.typtype = 'd' and t.typbasetype < 16384) or 'e' in (t.typtype, e.typtype)
)
select
  roles.above or not c.relrowsecurity or (c.relowner = roles.oid and not c.relforcerowsecurity) as sees_all,
  (select array_agg(a.attname::text) from pg_catalog.pg_attribute as a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     and pg_catalog.has_column_privilege(roles.oid, c.oid, a.attnum, 'select')) as columns,
  (select array_agg(a.attname::text) from pg_catalog.pg_attribute as a join plain_types as t on t.oid = a.atttypid
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as plain,
  exists (
    select from grounds as g where g.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and g.refobjid in (select castfunc from pg_catalog.pg_cast)
      or g.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and g.refobjid not in (select oid from plain_types)
  ) as hides,
  (select array_agg(distinct a.attname::text) from grounds as g
   join pg_catalog.pg_attribute as a on a.attrelid = g.refobjid and a.attnum = g.refobjsubid
   where g.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and g.refobjid = c.oid and a.attnum > 0
     and (a.attlen < 0 or a.attgenerated <> '')) as needed,
  (select pg_catalog.json_agg(
     pg_catalog.json_build_array(p.polname, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid))
     order by not p.polpermissive, p.polname)
   from rules as p) as policies
from pg_catalog.pg_class as c cross join roles
where c.oid = pg_catalog.to_regclass($1)
