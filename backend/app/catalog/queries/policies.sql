-- The rules of reading of a table ($1), as PostgreSQL applies them to a role ($2): names in them are written out in full,
-- for the search path is empty. Whoever is above them sees everything.
-- Deparsing says nothing of casts that come by themselves. So it is told apart whether policies rest on casts that
-- somebody made (made_casts), and which columns are of PostgreSQL's own types or of enumerations, whose operators are its
-- own as well (plain). What policies depend on of the table itself and an image of a row may be without are judged.
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
)
select
  roles.above or not c.relrowsecurity or (c.relowner = roles.oid and not c.relforcerowsecurity) as sees_all,
  (select array_agg(a.attname::text) from pg_catalog.pg_attribute as a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     and pg_catalog.has_column_privilege(roles.oid, c.oid, a.attnum, 'select')) as columns,
  (select array_agg(a.attname::text) from pg_catalog.pg_attribute as a
   join pg_catalog.pg_type as t on t.oid = a.atttypid
   left join pg_catalog.pg_type as e on e.oid = t.typelem
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     -- The first that is nobody's but PostgreSQL's.
     and (16384 > any (array[t.oid, t.typbasetype]) and t.typbasetype in (0, t.typbasetype)
          or 'e' in (t.typtype, e.typtype))) as plain,
  (select pg_catalog.json_agg(
     pg_catalog.json_build_array(p.polname, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid))
     order by not p.polpermissive, p.polname)
   from pg_catalog.pg_policy as p
   where p.polrelid = c.oid and p.polcmd in ('r', '*') and p.polqual is not null
     and (p.polroles = '{0}' or p.polroles && (select array_agg(oid) from memberships))) as policies
from pg_catalog.pg_class as c cross join roles
where c.oid = pg_catalog.to_regclass($1)
