-- What clients may send but not decide. Their interface writes whole rows, counters and owners included, so a value
-- that is not theirs to choose is put back without an error. Trusted roles pass: the triggers do not even fire.
--
-- Whose row it is, on insert, is left to the policies: a row in somebody else's name is refused, not corrected.

create or replace function library_internal.keep_key() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.tenant_id := old.tenant_id;
  new.id := old.id;
  return new;
end
$$;

create or replace function library_internal.keep_user() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.user_id := case tg_op when 'INSERT' then coalesce(new.user_id, relais.user_id()) else old.user_id end;
  return new;
end
$$;

create or replace function library_internal.keep_resource() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.resource_id := old.resource_id;
  return new;
end
$$;

create or replace function library_internal.guard_resources() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.average_rating := 0;
    new.ratings_count := 0;
    new.downloads_count := 0;
    new.views_count := 0;
    return new;
  end if;
  new.average_rating := old.average_rating;
  new.ratings_count := old.ratings_count;
  new.downloads_count := old.downloads_count;
  new.views_count := old.views_count;
  -- A share lets others change what a resource says, not who may see it; their form sends the visibility all the same.
  if new.visibility <> old.visibility and old.user_id is distinct from relais.user_id()
     and not library_internal.has_rank('admin') then
    new.visibility := old.visibility;
  end if;
  return new;
end
$$;

create or replace function library_internal.guard_profiles() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.user_id := old.user_id;
  new.username := nullif(btrim(new.username), '');
  return new;
end
$$;

create or replace function library_internal.guard_groups() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.owner_id := case tg_op when 'INSERT' then coalesce(new.owner_id, relais.user_id()) else old.owner_id end;
  return new;
end
$$;

create or replace function library_internal.guard_group_members() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- Whoever owns a group stands in the group's own row. The rank `owner` in here is for trusted roles to give.
  if tg_op = 'INSERT' then
    new.added_at := now();
    if new.role = 'owner' then
      new.role := 'member';
    end if;
    return new;
  end if;
  new.group_id := old.group_id;
  new.user_id := old.user_id;
  new.added_at := old.added_at;
  if new.role = 'owner' then
    new.role := old.role;
  end if;
  return new;
end
$$;

create or replace function library_internal.guard_user_roles() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.user_id := old.user_id;
  return new;
end
$$;

create or replace function library_internal.guard_profile_preferences() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.tenant_id := old.tenant_id;
  return new;
end
$$;

create or replace function library_internal.guard_notifications() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_read constant boolean := new.is_read;
  updated_at constant timestamptz := new.updated_at;
begin
  new := old;
  new.is_read := is_read;
  new.updated_at := updated_at;
  return new;
end
$$;

create or replace function library_internal.guard_resource_shares() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.shared_with_user_id := old.shared_with_user_id;
  new.shared_with_group_id := old.shared_with_group_id;
  return new;
end
$$;

create or replace function library_internal.guard_resource_comments() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.parent_id := old.parent_id;
  return new;
end
$$;

create or replace function library_internal.guard_resource_templates() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.created_by := coalesce(new.created_by, relais.user_id());
    new.usage_count := 0;
  else
    new.created_by := old.created_by;
    new.usage_count := old.usage_count;
  end if;
  return new;
end
$$;

create or replace function library_internal.guard_collections() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.resources_count := case tg_op when 'INSERT' then 0 else old.resources_count end;
  return new;
end
$$;

create or replace function library_internal.guard_collection_resources() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.collection_id := old.collection_id;
  return new;
end
$$;

create or replace function library_internal.guard_category_tag_suggestions() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.suggested_by := old.suggested_by;
    new.votes_count := old.votes_count;
    if new.status <> old.status then
      new.reviewed_at := now();
      new.reviewed_by := relais.user_id();
    end if;
    return new;
  end if;
  new.name := btrim(new.name);
  if not library_internal.has_rank('moderator') then
    -- The interface records existing tags as approved ones, signed by nobody, whoever is looking at them.
    new.suggested_by := coalesce(new.suggested_by, relais.user_id());
    new.status := 'pending';
    new.votes_count := 0;
    new.reviewed_by := null;
    new.reviewed_at := null;
  end if;
  return new;
end
$$;

create or replace function library_internal.guard_suggestion_votes() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.suggestion_id := old.suggestion_id;
  return new;
end
$$;

create or replace function library_internal.guard_resource_versions() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.created_by := coalesce(new.created_by, relais.user_id());
  return new;
end
$$;

create or replace function library_internal.guard_analytics_events() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.user_id := relais.user_id();
  return new;
end
$$;

do $$
declare
  item record;
begin
  for item in
    select c.relname as name, 'keep_key' as trigger, 'update' as event from pg_catalog.pg_class as c
    where c.relnamespace = 'library'::regnamespace and c.relkind = 'r' and c.relname <> 'profile_preferences'
    union all
    select name, 'keep_user', 'insert or update' from unnest(array[
      'profile_preferences', 'resources', 'saved_resources', 'resource_ratings', 'resource_comments', 'collections',
      'suggestion_votes']) as name
    union all
    select name, 'keep_resource', 'update' from unnest(array[
      'saved_resources', 'resource_ratings', 'resource_comments', 'resource_shares', 'resource_permissions',
      'collection_resources']) as name
    union all
    select name, 'guard_' || name, 'insert or update' from unnest(array[
      'resources', 'groups', 'group_members', 'resource_templates', 'collections', 'category_tag_suggestions']) as name
    union all
    select name, 'guard_' || name, 'update' from unnest(array[
      'profiles', 'user_roles', 'profile_preferences', 'notifications', 'resource_shares', 'resource_comments',
      'collection_resources', 'suggestion_votes']) as name
    union all
    select name, 'guard_' || name, 'insert' from unnest(array['resource_versions', 'analytics_events']) as name
  loop
    execute format(
      'create or replace trigger %I before %s on library.%I'
      ' for each row when (not relais.is_trusted()) execute function library_internal.%I()',
      item.trigger, item.event, item.name, item.trigger);
  end loop;
end
$$;
