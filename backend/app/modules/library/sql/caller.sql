-- What policies and triggers need to know of the caller that the caller may not read: rank, groups, what was shared.
--
-- The schema is not exposed: no client can call these. They are definer functions, so that a policy of one table can
-- ask about another one without the two policies going round in circles (resources and shares, groups and members).
-- Each answers for the caller only, or checks who asks.

create schema if not exists library_internal;
comment on schema library_internal is 'What the rules of the library are made of. Not exposed.';
grant usage on schema library_internal to anon, authenticated, service;
grant usage, create on schema library, library_internal to relais_definer;

create or replace function library_internal.asks_as_service() returns boolean
  language sql stable parallel safe
  return pg_catalog.pg_has_role(
    case pg_catalog.current_setting('role')
      when 'none' then session_user::text
      else pg_catalog.current_setting('role')
    end,
    'service', 'member');
comment on function library_internal.asks_as_service() is
  'Whether the role that sent the statement is trusted: relais.is_trusted() as it is outside of the definer function.';

create or replace function library_internal.has_rank(wanted library.app_role) returns boolean
  language sql stable parallel safe security definer
  begin atomic
    select exists (
      select from library.user_roles as r
      where r.tenant_id = relais.tenant_id() and r.user_id = relais.user_id()
        and r.role >= wanted and (r.expires_at is null or r.expires_at > now())
        and (wanted < 'moderator'::library.app_role or relais.has_scope('admin'))
    );
  end;
comment on function library_internal.has_rank(library.app_role) is
  'Whether the caller has at least this rank now, whatever the token said when it was issued.';

create or replace function library_internal.my_group_ids() returns setof uuid
  language sql stable parallel safe security definer rows 20
  begin atomic
    select g.id from library.groups as g
    where g.tenant_id = relais.tenant_id() and g.owner_id = relais.user_id()
    union
    select m.group_id from library.group_members as m
    where m.tenant_id = relais.tenant_id() and m.user_id = relais.user_id();
  end;
comment on function library_internal.my_group_ids() is 'Groups that the caller owns or is in.';

create or replace function library_internal.managed_group_ids() returns setof uuid
  language sql stable parallel safe security definer rows 20
  begin atomic
    select g.id from library.groups as g
    where g.tenant_id = relais.tenant_id() and g.owner_id = relais.user_id()
    union
    select m.group_id from library.group_members as m
    where m.tenant_id = relais.tenant_id() and m.user_id = relais.user_id() and m.role >= 'admin'::library.group_role;
  end;
comment on function library_internal.managed_group_ids() is 'Groups that the caller owns or administers.';

create or replace function library_internal.shared_resource_ids() returns setof uuid
  language sql stable parallel safe security definer rows 100
  begin atomic
    select s.resource_id from library.resource_shares as s
    where s.tenant_id = relais.tenant_id() and (s.expires_at is null or s.expires_at > now())
      and s.shared_with_user_id = relais.user_id()
    union
    select s.resource_id from library.resource_shares as s
    where s.tenant_id = relais.tenant_id() and (s.expires_at is null or s.expires_at > now())
      and s.shared_with_group_id in (select library_internal.my_group_ids())
    union
    select p.resource_id from library.resource_permissions as p
    where p.tenant_id = relais.tenant_id() and (p.expires_at is null or p.expires_at > now())
      and (p.user_id = relais.user_id() or p.group_id in (select library_internal.my_group_ids()))
      and regexp_replace(p.permission, '^resource:', '')
          in ('read', 'write', 'update', 'delete', 'moderate', 'share');
  end;
comment on function library_internal.shared_resource_ids() is
  'Resources that a share or an explicit permission opens to the caller. Clients write `read` and `resource:read`.';

create or replace function library_internal.writable_resource_ids() returns setof uuid
  language sql stable parallel safe security definer rows 100
  begin atomic
    select s.resource_id from library.resource_shares as s
    where s.tenant_id = relais.tenant_id() and (s.expires_at is null or s.expires_at > now())
      and s.permission = 'write'::library.permission_type
      and (s.shared_with_user_id = relais.user_id()
           or s.shared_with_group_id in (select library_internal.my_group_ids()))
    union
    select p.resource_id from library.resource_permissions as p
    where p.tenant_id = relais.tenant_id() and (p.expires_at is null or p.expires_at > now())
      and (p.user_id = relais.user_id() or p.group_id in (select library_internal.my_group_ids()))
      and regexp_replace(p.permission, '^resource:', '') in ('write', 'update');
  end;
comment on function library_internal.writable_resource_ids() is
  'Resources that a share or an explicit permission lets the caller change.';

create or replace function library_internal.role_of(person uuid) returns library.app_role
  language sql stable parallel safe security definer
  begin atomic
    select r.role from library.user_roles as r
    where r.tenant_id = relais.tenant_id() and r.user_id = person
      and (r.expires_at is null or r.expires_at > now());
  end;
comment on function library_internal.role_of(uuid) is
  'The rank of a user of this tenant: shown to everybody with the profile.';

create or replace function library_internal.address_of(tenant uuid, person uuid) returns text
  language sql stable parallel safe security definer
  begin atomic
    select u.email from relais.users as u
    where u.id = person
      and exists (select from library.profiles as p where p.tenant_id = tenant and p.user_id = person)
      and (library_internal.asks_as_service()
           or tenant = relais.tenant_id() and (person = relais.user_id() or library_internal.has_rank('admin')));
  end;
comment on function library_internal.address_of(uuid, uuid) is
  'The e-mail address of a user of this tenant, to themselves and to administrators; null to anybody else.';

create or replace function library_internal.readable_by(tenant uuid, resource uuid, person uuid) returns boolean
  language sql stable parallel safe security definer
  begin atomic
    with mine as (
      select g.id from library.groups as g where g.tenant_id = tenant and g.owner_id = person
      union
      select m.group_id from library.group_members as m where m.tenant_id = tenant and m.user_id = person
    )
    select exists (
      select from library.resources as r
      where r.tenant_id = tenant and r.id = resource and (
        r.visibility = 'public'::library.resource_visibility
        or r.user_id = person
        or exists (
          select from library.user_roles as u
          where u.tenant_id = tenant and u.user_id = person and u.role >= 'moderator'::library.app_role
            and (u.expires_at is null or u.expires_at > now()))
        or exists (
          select from library.resource_shares as s
          where s.tenant_id = tenant and s.resource_id = r.id and (s.expires_at is null or s.expires_at > now())
            and (s.shared_with_user_id = person or s.shared_with_group_id in (select mine.id from mine)))
        or exists (
          select from library.resource_permissions as p
          where p.tenant_id = tenant and p.resource_id = r.id and (p.expires_at is null or p.expires_at > now())
            and (p.user_id = person or p.group_id in (select mine.id from mine))
            and regexp_replace(p.permission, '^resource:', '')
                in ('read', 'write', 'update', 'delete', 'moderate', 'share'))
      )
    );
  end;
comment on function library_internal.readable_by(uuid, uuid, uuid) is
  'The rule of reading that the policy of resources states, for somebody who is not the caller. Only for definers.';

create or replace function library_internal.can_read(resource uuid) returns boolean
  language sql stable parallel safe security definer
  return library_internal.readable_by(relais.tenant_id(), resource, relais.user_id())
         or library_internal.asks_as_service() and exists (
           select from library.resources as r where r.tenant_id = relais.tenant_id() and r.id = resource);
comment on function library_internal.can_read(uuid) is
  'Whether the caller may read a resource, for definer functions, which policies do not stop.';
