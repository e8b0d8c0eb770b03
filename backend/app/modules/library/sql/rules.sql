-- Rules between rows that no constraint can say. Those that the interface shows are worded for its users.

create or replace function library_internal.check_parent_comment() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Policies are checked after this: what the caller may not read is theirs to refuse, like what does not exist.
  if not library_internal.asks_as_service() and not library_internal.can_read(new.resource_id) then
    return new;
  end if;
  if not exists (
    select from library.resource_comments as c
    where c.tenant_id = new.tenant_id and c.id = new.parent_id and c.resource_id = new.resource_id
  ) then
    raise exception using errcode = 'check_violation',
      message = 'Une réponse doit porter sur la même ressource que le commentaire';
  end if;
  return new;
end
$$;
create or replace trigger parent_comment before insert or update of parent_id, resource_id on library.resource_comments
  for each row when (new.parent_id is not null) execute function library_internal.check_parent_comment();

create or replace function library_internal.replace_share() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  former library.resource_shares;
begin
  -- Sharing again with somebody changes the share: it keeps its id and its date. This runs ahead of the policy's check;
  -- when that refuses the new row, the former one is back with the statement.
  perform library_internal.take_turn(concat_ws(':', 'shares', new.tenant_id, new.resource_id));
  delete from library.resource_shares as s
  where s.tenant_id = new.tenant_id and s.resource_id = new.resource_id
    and (s.shared_with_user_id = new.shared_with_user_id or s.shared_with_group_id = new.shared_with_group_id)
  returning * into former;
  if former.id is not null then
    new.id := former.id;
    new.created_at := former.created_at;
    -- Never equal: by this the notification knows a share that is not new.
    new.updated_at := greatest(new.updated_at, former.created_at + interval '1 microsecond');
  end if;
  return new;
end
$$;

-- Triggers fire in the order of their names: this one comes after stamp_row, whose dates it corrects.
create or replace trigger stamped_replace_share before insert on library.resource_shares
  for each row execute function library_internal.replace_share();

create or replace function library_internal.join_own_group() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library.group_members (tenant_id, group_id, user_id, role)
  select c.tenant_id, c.id, c.owner_id, 'admin' from created as c
  on conflict (tenant_id, group_id, user_id) do nothing;
  return null;
end
$$;
comment on function library_internal.join_own_group() is 'Makes the creator of a group its first administrator.';
create or replace trigger join_own_group after insert on library.groups referencing new table as created
  for each statement execute function library_internal.join_own_group();

create or replace function library_internal.keep_group_owner() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from library.groups as g
    where g.tenant_id = old.tenant_id and g.id = old.group_id and g.owner_id = old.user_id
  ) then
    raise exception using errcode = 'insufficient_privilege',
      message = 'Le propriétaire ne peut pas quitter le groupe';
  end if;
  return old;
end
$$;
create or replace trigger keep_group_owner before delete on library.group_members
  for each row when (not relais.is_trusted()) execute function library_internal.keep_group_owner();

create or replace function library_internal.check_category_tree() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform library_internal.take_turn(concat_ws(':', 'categories', new.tenant_id));
  if exists (
    with recursive above as (
      select new.parent_id as id
      union
      select c.parent_id from library.category_hierarchy as c join above on c.id = above.id
      where c.tenant_id = new.tenant_id
    )
    select from above where above.id = new.id
  ) then
    raise exception using errcode = 'check_violation',
      message = 'Une catégorie ne peut pas être placée sous elle-même';
  end if;
  return new;
end
$$;
create or replace trigger category_tree before insert or update of parent_id on library.category_hierarchy
  for each row when (new.parent_id is not null) execute function library_internal.check_category_tree();

create or replace function library_internal.keep_super_admin() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.role = 'super_admin' and new.expires_at is null then
    return new;
  end if;
  perform library_internal.take_turn(concat_ws(':', 'super_admins', old.tenant_id));
  if not exists (
    select from library.user_roles as r
    where r.tenant_id = old.tenant_id and r.id <> old.id and r.role = 'super_admin' and r.expires_at is null
  ) then
    raise exception using errcode = 'PT409', message = 'Le dernier super administrateur ne peut pas être rétrogradé';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
create or replace trigger keep_super_admin before update or delete on library.user_roles
  for each row when (old.role = 'super_admin' and not relais.is_trusted())
  execute function library_internal.keep_super_admin();

create or replace function library_internal.record_permission() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library.permission_audit_logs (tenant_id, actor_user_id, action, permission_id, permission_name, metadata)
  values (new.tenant_id, relais.user_id(), 'PERMISSION_CREATED', new.id, new.name,
          jsonb_build_object('resource', new.resource, 'action', new.action));
  return null;
end
$$;
create or replace trigger record_permission after insert on library.permissions
  for each row when (not relais.is_trusted()) execute function library_internal.record_permission();

create or replace function library_internal.record_role_permission() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  item constant library.role_permissions := case tg_op when 'DELETE' then old else new end;
begin
  insert into library.permission_audit_logs
    (tenant_id, actor_user_id, action, target_role, permission_id, permission_name, metadata)
  select item.tenant_id, relais.user_id(),
         case tg_op when 'DELETE' then 'PERMISSION_REVOKED' else 'PERMISSION_ASSIGNED' end,
         item.role, p.id, p.name, jsonb_build_object('role', item.role)
  from library.permissions as p where p.tenant_id = item.tenant_id and p.id = item.permission_id;
  return null;
end
$$;
create or replace trigger record_role_permission after insert or delete on library.role_permissions
  for each row when (not relais.is_trusted()) execute function library_internal.record_role_permission();

create or replace function library_internal.keep_file_private() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- What was once part of a resource stays with its uploader when the resource is gone: nobody ever published it alone.
  if new.resource_id is not null or (tg_op = 'UPDATE' and not old.is_public) then
    new.is_public := false;
  end if;
  return new;
end
$$;
comment on function library_internal.keep_file_private() is 'A file that hangs or hung on a resource is not public.';
create or replace trigger keep_file_private before insert or update on library.files
  for each row execute function library_internal.keep_file_private();
