-- Who is asking, as SQL sees it. The API sets `relais.*` on the connection (the caller's stamp); policies read them
-- only through these functions, wrapped as `(select relais.user_id())` so that they run once a statement.
--
-- Bodies are written in the standard form (`return …`): they are bound when they are created, so that no search_path
-- of a caller can change what they mean, and PostgreSQL can inline them.

create or replace function relais.user_id() returns uuid
  language sql stable parallel safe
  return nullif(pg_catalog.current_setting('relais.user_id', true), '')::uuid;
comment on function relais.user_id() is 'The caller''s user, or null when nobody has signed in.';

create or replace function relais.tenant_id() returns uuid
  language sql stable parallel safe
  return nullif(pg_catalog.current_setting('relais.tenant_id', true), '')::uuid;
comment on function relais.tenant_id() is 'The tenant that the caller acts in.';

create or replace function relais.is_trusted() returns boolean
  language sql stable parallel safe
  return pg_catalog.pg_has_role(current_user, 'service', 'member');
comment on function relais.is_trusted() is
  'Whether the current role is the service role or one that may become it: jobs, imports, definer functions, owners.';

create or replace function relais.has_scope(wanted text) returns boolean
  language sql stable parallel safe
  return coalesce(
    (nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb -> 'relais_scopes') ? wanted, true);
comment on function relais.has_scope(text) is
  'Whether the caller''s token reaches so far. A session reaches as far as its user; an API token may reach less far.';

create or replace function relais.has_role(wanted relais.tenant_role) returns boolean
  language sql stable parallel safe security definer
  begin atomic
    select exists (
      select from relais.memberships as m
      where m.tenant_id = relais.tenant_id() and m.user_id = relais.user_id() and m.role >= wanted
        and (wanted = 'member'::relais.tenant_role or relais.has_scope('admin'))
    );
  end;
comment on function relais.has_role(relais.tenant_role) is
  'Whether the caller has at least this standing in the tenant now, whatever the token said when it was issued.';
alter function relais.has_role(relais.tenant_role) owner to relais_definer;

create or replace function relais.default_tenant_id() returns uuid
  language sql stable parallel safe security definer
  begin atomic
    select id from relais.tenants where is_default;
  end;
comment on function relais.default_tenant_id() is 'The tenant of callers who name none.';
alter function relais.default_tenant_id() owner to relais_definer;
