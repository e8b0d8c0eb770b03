-- The roles that requests run as. They belong to the whole server, not to one database: made when absent, never dropped.
--
--   anon, authenticated   what a caller without, and with, a token becomes
--   service               jobs, imports and the auth code: passes row security knowingly
--   relais_login          what the API connects as: may become the three, owns nothing, inherits nothing
--   relais_definer        owns the functions that must see more than their caller; nobody can log in or become it
--
-- Only what is missing is made, so that an owner who may make no roles can migrate on a server where they are already.

do $$
declare
  wanted text[];
  statement text;
  held text[];
begin
  select array_agg(format('create role %I %s', name, options) order by place) into wanted
  from (values
    (1, 'anon',           'nologin noinherit'),
    (2, 'authenticated',  'nologin noinherit'),
    (3, 'service',        'nologin noinherit bypassrls'),
    (4, 'relais_login',   'login noinherit'),
    (5, 'relais_definer', 'nologin noinherit bypassrls')
  ) as roles (place, name, options)
  where not exists (select from pg_catalog.pg_roles as r where r.rolname = name);

  -- Membership of service alone marks the definer as trusted by relais.is_trusted(); it inherits nothing.
  select wanted || array_agg(format('grant %I to %I', name, member) order by place) into wanted
  from (values
    (1, 'anon', 'relais_login'), (2, 'authenticated', 'relais_login'), (3, 'service', 'relais_login'),
    (4, 'service', 'relais_definer')
  ) as memberships (place, name, member)
  where not exists (
    select from pg_catalog.pg_auth_members as m
    where m.roleid = to_regrole(name) and m.member = to_regrole(memberships.member));

  -- An owner that is no superuser must be able to hand functions over and to act as the service role. Since
  -- PostgreSQL 16 whoever makes a role is its administrator without either right.
  held := case when current_setting('server_version_num')::int >= 160000 then '{USAGE,SET}' else '{USAGE}' end;
  select wanted || array_agg(format('grant %I to %I', name, current_user) order by name) into wanted
  from unnest(array['relais_definer', 'service']) as name
  where to_regrole(name) is null
     or exists (select from unnest(held) as way where not pg_has_role(to_regrole(name)::oid, way));

  foreach statement in array coalesce(wanted, '{}') loop
    begin
      execute statement;
    exception
      when duplicate_object or unique_violation then null;  -- another database of this server was faster
      when insufficient_privilege then
        raise exception using
          errcode = 'insufficient_privilege',
          message = format('The role %I may not make the roles that Relais needs.', current_user),
          hint = format('Run once as a superuser of this server: %s;', array_to_string(wanted, '; '));
    end;
  end loop;
end
$$;

grant usage, create on schema relais to relais_definer;
