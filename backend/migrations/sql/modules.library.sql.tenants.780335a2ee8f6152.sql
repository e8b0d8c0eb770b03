-- What a new tenant and a new member find: settings, the matrix of permissions, a profile and a rank.

create or replace function library_internal.prepare_tenant(tenant uuid) returns void
  language sql volatile security definer
  begin atomic
    insert into library.admin_config (tenant_id, key, value, description)
    select tenant, wanted.key, wanted.value, wanted.description
    from (values
      ('auto_approval_enabled', 'true', 'Approuver et rejeter automatiquement les suggestions selon les votes'),
      ('consider_downvotes', 'true', 'Soustraire les votes négatifs du score'),
      ('auto_approval_vote_threshold_category', '5', 'Score qui approuve une catégorie'),
      ('auto_approval_vote_threshold_tag', '5', 'Score qui approuve un tag'),
      ('auto_approval_vote_threshold_resource_type', '5', 'Score qui approuve un type de ressource'),
      ('auto_approval_vote_threshold_filter', '5', 'Score qui approuve un filtre'),
      ('auto_rejection_downvote_threshold_category', '3', 'Votes négatifs qui rejettent une catégorie'),
      ('auto_rejection_downvote_threshold_tag', '3', 'Votes négatifs qui rejettent un tag'),
      ('auto_rejection_downvote_threshold_resource_type', '3', 'Votes négatifs qui rejettent un type de ressource'),
      ('auto_rejection_downvote_threshold_filter', '3', 'Votes négatifs qui rejettent un filtre')
    ) as wanted (key, value, description)
    on conflict (tenant_id, key) do nothing;

    -- The lowest rank that has the permission; every higher one has it too, in rows of its own.
    with base (name, lowest) as (values
      ('resource:read', 'guest'), ('resource:write', 'user'), ('resource:delete', 'user'), ('resource:share', 'user'),
      ('resource:rate', 'user'), ('resource:comment', 'user'), ('resource:moderate', 'moderator'),
      ('template:read', 'guest'), ('template:write', 'user'), ('template:delete', 'user'),
      ('template:moderate', 'moderator'),
      ('suggestion:read', 'user'), ('suggestion:write', 'user'), ('suggestion:vote', 'user'),
      ('suggestion:approve', 'moderator'), ('suggestion:reject', 'moderator'), ('suggestion:delete', 'admin'),
      ('admin:access', 'admin'), ('admin:manage_users', 'super_admin'), ('admin:manage_roles', 'super_admin'),
      ('admin:manage_config', 'super_admin'), ('admin:view_analytics', 'moderator'),
      ('collection:read', 'guest'), ('collection:write', 'user'), ('collection:delete', 'user'),
      ('file:upload', 'user'), ('file:download', 'user'), ('file:delete', 'user')
    ),
    created as (
      insert into library.permissions (tenant_id, name, resource, action)
      select tenant, name, split_part(name, ':', 1), split_part(name, ':', 2) from base
      on conflict (tenant_id, name) do nothing
      returning id, name
    )
    insert into library.role_permissions (tenant_id, role, permission_id)
    select tenant, ranks.role, created.id
    from created
    join base on base.name = created.name
    cross join unnest(enum_range(base.lowest::library.app_role, null::library.app_role)) as ranks (role)
    on conflict (tenant_id, role, permission_id) do nothing;
  end;
comment on function library_internal.prepare_tenant(uuid) is
  'Gives a tenant its settings and its matrix of permissions. Leaves alone what is already there.';

create or replace function library_internal.free_username(wanted text, tenant uuid default relais.tenant_id())
  returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  stem constant text := coalesce(nullif(left(btrim(wanted), 240), ''), 'membre');
  candidate text := stem;
  suffix integer := 1;
begin
  -- People who sign up at once take turns: a name with a suffix may be somebody else's name without one.
  perform library_internal.take_turn(concat_ws(':', 'username', tenant));
  while exists (select from library.profiles as p where p.tenant_id = tenant and p.username = candidate) loop
    suffix := suffix + 1;
    candidate := stem || '-' || suffix;
  end loop;
  return candidate;
end
$$;
comment on function library_internal.free_username(text, uuid) is
  'This user name, or with a number behind it when it is taken.';

create or replace function library_internal.befitting_rank(standing relais.tenant_role) returns library.app_role
  language sql immutable parallel safe
  return (case standing when 'owner' then 'super_admin' when 'admin' then 'admin' else 'user' end)::library.app_role;
comment on function library_internal.befitting_rank(relais.tenant_role) is 'Who runs the tenant runs its library.';

create or replace function library_internal.welcome(tenant uuid, person uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  stem text;
  told jsonb;
begin
  for attempt in 1..5 loop
    exit when exists (select from library.profiles as p where p.tenant_id = tenant and p.user_id = person);
    select split_part(u.email, '@', 1), u.user_metadata into stem, told from relais.users as u where u.id = person;
    begin
      insert into library.profiles (tenant_id, id, user_id, username, full_name, avatar_url, github_username)
      values (
        tenant, person, person,
        library_internal.free_username(coalesce(nullif(btrim(told ->> 'username'), ''), stem), tenant),
        coalesce(nullif(btrim(told ->> 'full_name'), ''), stem), told ->> 'avatar_url', told ->> 'github_username')
      on conflict (tenant_id, user_id) do nothing;
    exception
      -- Somebody renamed themselves to it in the meantime; now that is seen.
      when unique_violation then
        if attempt = 5 then raise; end if;
    end;
  end loop;
  -- An expired rank is none. One that was given in the library and counts is never lowered from here.
  insert into library.user_roles (tenant_id, user_id, role)
  select tenant, person, library_internal.befitting_rank(m.role)
  from relais.memberships as m where m.tenant_id = tenant and m.user_id = person
  on conflict (tenant_id, user_id) do update set role = excluded.role, expires_at = null
  where user_roles.role < excluded.role or user_roles.expires_at <= now();
end
$$;
comment on function library_internal.welcome(uuid, uuid) is
  'Gives a member of a tenant a profile, and the rank that befits their standing there.';

create or replace function library_internal.take_leave(tenant uuid, person uuid) returns void
  language sql volatile security definer
  begin atomic
    delete from library.user_roles as r where r.tenant_id = tenant and r.user_id = person;
    delete from library.group_members as m where m.tenant_id = tenant and m.user_id = person;
    delete from library.resource_shares as s where s.tenant_id = tenant and s.shared_with_user_id = person;
    delete from library.resource_permissions as p where p.tenant_id = tenant and p.user_id = person;
  end;
comment on function library_internal.take_leave(uuid, uuid) is
  'Takes from somebody what was given to them in a tenant. What they wrote stays, under their name.';

create or replace function library_internal.same_profile_ids() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.id := coalesce(new.id, new.user_id);
  new.user_id := coalesce(new.user_id, new.id);
  return new;
end
$$;
comment on function library_internal.same_profile_ids() is
  'Clients know one identifier of a person: both columns hold it.';
create or replace trigger same_ids before insert on library.profiles
  for each row execute function library_internal.same_profile_ids();

create or replace function library_internal.on_tenant() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform library_internal.prepare_tenant(new.id);
  return null;
end
$$;
create or replace trigger library_prepare after insert on relais.tenants
  for each row execute function library_internal.on_tenant();

create or replace function library_internal.on_membership() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    perform library_internal.take_leave(old.tenant_id, old.user_id);
    return null;
  end if;
  if tg_op = 'UPDATE' and new.role < old.role then
    -- The rank that came with the old standing goes with it. Another one was given on purpose, and stays.
    update library.user_roles as r set role = library_internal.befitting_rank(new.role)
    where r.tenant_id = new.tenant_id and r.user_id = new.user_id
      and r.role = library_internal.befitting_rank(old.role);
  end if;
  perform library_internal.welcome(new.tenant_id, new.user_id);
  return null;
end
$$;
create or replace trigger library_member after insert or update of role or delete on relais.memberships
  for each row execute function library_internal.on_membership();

create or replace function library_internal.catch_up() returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform library_internal.prepare_tenant(t.id) from relais.tenants as t;
  perform library_internal.welcome(m.tenant_id, m.user_id)
  from relais.memberships as m order by m.created_at, m.user_id;
end
$$;
comment on function library_internal.catch_up() is
  'Prepares the tenants and members that were there before the library.';
