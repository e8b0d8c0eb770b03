-- What the routes of profiles, collections and groups ask at once; clients may call it too. All of it runs as its
-- caller, under the policies, but for what is inside, which asks who calls.

create or replace function library.profile_stats(user_id uuid)
  returns table (resources_total bigint, resources_public bigint, resources_private bigint, views bigint,
                 downloads bigint, ratings_total bigint, ratings_average numeric, saved_count bigint)
  language plpgsql stable parallel safe rows 1 set search_path = pg_catalog, pg_temp as $$
declare
  person constant uuid := profile_stats.user_id;
begin
  if not exists (select from library.profiles as p where p.tenant_id = relais.tenant_id() and p.user_id = person) then
    return;
  end if;
  saved_count := 0;
  if person = relais.user_id() then
    -- What somebody keeps at hand is nobody else's business; what they may no longer read is not kept.
    select count(*) into saved_count
    from library.saved_resources as s
    join library.resources as r on r.tenant_id = s.tenant_id and r.id = s.resource_id
    where s.tenant_id = relais.tenant_id() and s.user_id = person;
  end if;
  select count(*), count(*) filter (where r.visibility = 'public'), count(*) filter (where r.visibility <> 'public'),
         coalesce(sum(r.views_count), 0), coalesce(sum(r.downloads_count), 0), coalesce(sum(r.ratings_count), 0),
         -- What nobody rated has no mark, rather than a bad one.
         coalesce(round(avg(r.average_rating) filter (where r.ratings_count > 0), 2), 0)
  into resources_total, resources_public, resources_private, views, downloads, ratings_total, ratings_average
  from library.resources as r
  where r.tenant_id = relais.tenant_id() and r.user_id = person;
  return next;
end
$$;
comment on function library.profile_stats(uuid) is
  'Totals of the resources of a user that the caller may read, and, to the user alone, how many they saved. No row for an'
  ' unknown user. The average is that of the resources that somebody rated.';

create or replace function library.reorder_collection(collection_id uuid, resource_ids uuid[]) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  wanted constant uuid := reorder_collection.collection_id;
  owner uuid;
  held uuid[];
begin
  select c.user_id into owner from library.collections as c
  where c.tenant_id = relais.tenant_id() and c.id = wanted;
  if owner is null then
    raise exception using errcode = 'PT404', message = 'Collection non trouvée';
  end if;
  if owner is distinct from relais.user_id() or not library_internal.has_rank('user') then
    raise exception using errcode = 'insufficient_privilege',
      message = 'Vous n''êtes pas propriétaire de cette collection';
  end if;
  -- The entries before their collection (its counter locks that), as whoever adds or removes one does.
  with locked as (
    select e.resource_id from library.collection_resources as e
    where e.tenant_id = relais.tenant_id() and e.collection_id = wanted
    order by e.id
    for update
  )
  select coalesce(array_agg(l.resource_id), '{}') into held from locked as l;
  if exists (
    select from unnest(reorder_collection.resource_ids) as named (id)
    group by named.id having count(*) > 1 or named.id is null or named.id <> all (held)
  ) then
    raise exception using errcode = 'PT400',
      message = 'Chaque ressource de l''ordre doit être dans la collection, et n''y figurer qu''une fois';
  end if;
  update library.collection_resources as e
  set order_index = placed.place
  from (
    select x.id, row_number() over (order by named.place nulls last, x.order_index, x.id) as place
    from library.collection_resources as x
    left join unnest(reorder_collection.resource_ids) with ordinality as named (id, place) on named.id = x.resource_id
    where x.tenant_id = relais.tenant_id() and x.collection_id = wanted
  ) as placed
  where e.tenant_id = relais.tenant_id() and e.id = placed.id and e.order_index <> placed.place;
end
$$;
comment on function library.reorder_collection(uuid, uuid[]) is
  'Puts the resources of a collection in this order, all at once; those that are not named follow in the order that they'
  ' had. For the owner of the collection.';

create or replace function library_internal.drop_entry(collection uuid, resource uuid) returns void
  language sql volatile security definer
  begin atomic
    delete from library.collection_resources as e
    using library.collections as c
    where c.tenant_id = relais.tenant_id() and c.id = collection and c.user_id = relais.user_id()
      and e.tenant_id = c.tenant_id and e.collection_id = c.id and e.resource_id = resource
      and library_internal.has_rank('user');
  end;
comment on function library_internal.drop_entry(uuid, uuid) is
  'Takes a resource out of a collection of the caller''s, also one that they may not read any more: policies hide the'
  ' place of that from a plain delete.';

create or replace function library.remove_from_collection(collection_id uuid, resource_id uuid) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  owner uuid;
begin
  select c.user_id into owner from library.collections as c
  where c.tenant_id = relais.tenant_id() and c.id = remove_from_collection.collection_id;
  if owner is null then
    raise exception using errcode = 'PT404', message = 'Collection non trouvée';
  end if;
  if owner is distinct from relais.user_id() or not library_internal.has_rank('user') then
    raise exception using errcode = 'insufficient_privilege',
      message = 'Vous n''êtes pas propriétaire de cette collection';
  end if;
  perform library_internal.drop_entry(remove_from_collection.collection_id, remove_from_collection.resource_id);
end
$$;
comment on function library.remove_from_collection(uuid, uuid) is
  'Takes a resource out of a collection, whether or not it is in it. For the owner of the collection.';

create or replace function library_internal.group_resource_ids(wanted uuid) returns setof uuid
  language sql stable parallel safe security definer rows 100
  begin atomic
    select s.resource_id from library.resource_shares as s
    where s.tenant_id = relais.tenant_id() and s.shared_with_group_id = wanted
      and (s.expires_at is null or s.expires_at > now())
      and (wanted in (select library_internal.my_group_ids()) or library_internal.has_rank('admin'));
  end;
comment on function library_internal.group_resource_ids(uuid) is
  'Resources that are shared with a group now, to its members and to administrators.';

create or replace function library.group_resources(group_id uuid) returns setof library.resources
  language plpgsql stable parallel safe rows 100 set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select r.* from library.resources as r
    where r.tenant_id = relais.tenant_id()
      and r.id in (select library_internal.group_resource_ids(group_resources.group_id));
end
$$;
comment on function library.group_resources(uuid) is
  'Resources that are shared with a group now. Nothing for whoever is neither in the group nor an administrator.';

create or replace function library_internal.keep_quiet() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from library.profile_preferences as p
    where p.tenant_id = new.tenant_id and p.user_id = new.user_id and p.notifications -> 'muted' ? new.type
  )
  -- What the worker decides is news like what a vote decides.
  and (not library_internal.asks_as_service() or coalesce(current_setting('library.settling', true), '') = 'on') then
    return null;
  end if;
  return new;
end
$$;
comment on function library_internal.keep_quiet() is 'Tells nobody what they asked not to be told of. Imports bring all.';
create or replace trigger keep_quiet before insert on library.notifications
  for each row execute function library_internal.keep_quiet();

alter function library_internal.group_resource_ids(uuid) owner to relais_definer;
alter function library_internal.drop_entry(uuid, uuid) owner to relais_definer;
alter function library_internal.keep_quiet() owner to relais_definer;
revoke execute on function
  library.profile_stats(uuid), library.reorder_collection(uuid, uuid[]), library.group_resources(uuid),
  library.remove_from_collection(uuid, uuid), library_internal.drop_entry(uuid, uuid),
  library_internal.group_resource_ids(uuid), library_internal.keep_quiet()
from public;
grant execute on function
  library.profile_stats(uuid), library.reorder_collection(uuid, uuid[]), library.group_resources(uuid),
  library.remove_from_collection(uuid, uuid), library_internal.drop_entry(uuid, uuid),
  library_internal.group_resource_ids(uuid)
to anon, authenticated, service, relais_definer;
grant execute on function library_internal.keep_quiet() to relais_definer;
