-- The roles that requests run as. They belong to the whole server, not to one database: made when absent, never dropped.
--
--   anon, authenticated   what a caller without, and with, a token becomes
--   service               jobs, imports and the auth code: passes row security knowingly
--   relais_login          what the API connects as: may become the three, owns nothing, inherits nothing
--   relais_definer        owns the functions that must see more than their caller; nobody can log in or become it

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon',           'nologin noinherit'),
      ('authenticated',  'nologin noinherit'),
      ('service',        'nologin noinherit bypassrls'),
      ('relais_login',   'login noinherit'),
      ('relais_definer', 'nologin noinherit bypassrls')
    ) as roles (name, options)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      begin
        execute format('create role %I %s', wanted.name, wanted.options);
      exception
        when duplicate_object or unique_violation then null;  -- another database of this server was faster
      end;
    end if;
  end loop;
end
$$;

grant anon, authenticated, service to relais_login;
-- Membership alone marks the definer as trusted by relais.is_trusted(); it inherits nothing.
grant service to relais_definer;

do $$
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    -- An owner that is no superuser must be able to hand functions over and to act as the service role.
    execute format('grant relais_definer, service to %I', current_user);
  end if;
end
$$;

grant usage, create on schema relais to relais_definer;
