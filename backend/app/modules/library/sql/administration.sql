-- What administrators are shown of everybody: figures and people. And the record of who gave whom which rank.

create or replace function library_internal.must_administer() returns void
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not library_internal.asks_as_service() and not library_internal.has_rank('admin'::library.app_role) then
    raise exception using errcode = 'insufficient_privilege', message = 'Réservé aux administrateurs';
  end if;
end
$$;
comment on function library_internal.must_administer() is 'Refuses whoever is no administrator.';

create or replace function library_internal.statistics(days integer) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := relais.tenant_id();
  first_day constant timestamptz := date_trunc('day', now()) - make_interval(days => greatest(least(days, 366), 1) - 1);
  of_users jsonb;
  of_resources jsonb;
  of_files jsonb;
  by_day jsonb;
begin
  perform library_internal.must_administer();
  -- Whoever has no rank that counts is a guest.
  select jsonb_build_object('total', coalesce(sum(r.people), 0), 'byRole', coalesce(jsonb_object_agg(r.role, r.people), '{}'))
  into of_users from (
    select coalesce(u.role, 'guest'::library.app_role) as role, count(*) as people
    from library.profiles as p
    left join library.user_roles as u on u.tenant_id = p.tenant_id and u.user_id = p.user_id
      and (u.expires_at is null or u.expires_at > now())
    where p.tenant_id = tenant group by 1
  ) as r;
  select jsonb_build_object(
    'total', coalesce(sum(v.resources), 0),
    'public', coalesce(sum(v.resources) filter (where v.visibility = 'public'), 0),
    'private', coalesce(sum(v.resources) filter (where v.visibility = 'private'), 0),
    'shared', coalesce(sum(v.resources) filter (where v.visibility not in ('public', 'private')), 0),
    'views', coalesce(sum(v.views), 0),
    'downloads', coalesce(sum(v.downloads), 0))
  into of_resources from (
    select r.visibility::text as visibility, count(*) as resources, sum(r.views_count) as views,
           sum(r.downloads_count) as downloads
    from library.resources as r where r.tenant_id = tenant group by 1
  ) as v;
  select jsonb_build_object('files', count(*), 'bytes', coalesce(sum(f.size), 0)) into of_files
  from library.files as f where f.tenant_id = tenant;
  select jsonb_agg(
    jsonb_build_object(
      'date', to_char(d.day, 'YYYY-MM-DD'), 'users', coalesce(u.made, 0), 'resources', coalesce(r.made, 0),
      'comments', coalesce(c.made, 0))
    order by d.day)
  into by_day
  from generate_series(first_day, date_trunc('day', now()), interval '1 day') as d (day)
  left join (
    select date_trunc('day', p.created_at) as day, count(*) as made from library.profiles as p
    where p.tenant_id = tenant and p.created_at >= first_day group by 1) as u on u.day = d.day
  left join (
    select date_trunc('day', r.created_at) as day, count(*) as made from library.resources as r
    where r.tenant_id = tenant and r.created_at >= first_day group by 1) as r on r.day = d.day
  left join (
    select date_trunc('day', c.created_at) as day, count(*) as made from library.resource_comments as c
    where c.tenant_id = tenant and c.created_at >= first_day group by 1) as c on c.day = d.day;
  return jsonb_build_object(
    'users', of_users,
    'resources', of_resources,
    'collections', (select jsonb_build_object('total', count(*)) from library.collections as x where x.tenant_id = tenant),
    'comments', (select jsonb_build_object('total', count(*)) from library.resource_comments as x where x.tenant_id = tenant),
    'groups', (select jsonb_build_object('total', count(*)) from library.groups as x where x.tenant_id = tenant),
    'notifications', (select jsonb_build_object('total', count(*)) from library.notifications as x where x.tenant_id = tenant),
    'suggestions', (
      select jsonb_build_object('total', count(*), 'pending', count(*) filter (where x.status = 'pending'))
      from library.category_tag_suggestions as x where x.tenant_id = tenant),
    'storage', of_files,
    'activity', by_day);
end
$$;
comment on function library_internal.statistics(integer) is
  'Figures of the caller''s tenant, to administrators: what there is, and what came on each of the last days.';

create or replace function library.admin_stats(days integer default 30) returns jsonb
  language sql stable
  return library_internal.statistics(days);
comment on function library.admin_stats(integer) is
  'What there is in the library and what came on each of the last days. For administrators.';

create or replace function library_internal.people(search text, page_limit integer, page_offset bigint) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := relais.tenant_id();
  wanted constant text := lower(btrim(coalesce(search, '')));
  total bigint;
  page jsonb;
begin
  perform library_internal.must_administer();
  select count(*) into total
  from library.profiles as p
  where p.tenant_id = tenant and (wanted = '' or strpos(lower(concat_ws(E'\n', p.username, p.full_name)), wanted) > 0
    or exists (select from relais.users as u where u.id = p.user_id and strpos(lower(u.email), wanted) > 0));
  select coalesce(jsonb_agg(to_jsonb(f) order by f.created_at desc, f.id), '[]') into page
  from (
    select p.id, p.user_id, u.email, p.username, p.full_name, p.bio, p.avatar_url, p.github_username,
           (select o.preferred_layout from library.profile_preferences as o
            where o.tenant_id = tenant and o.user_id = p.user_id) as preferred_layout,
           p.created_at, p.updated_at, u.disabled_at, u.last_sign_in_at,
           library_internal.role_of(p.user_id) as role,
           (select count(*) from library.resources as r
            where r.tenant_id = tenant and r.user_id = p.user_id) as resources_count,
           (select count(*) from library.collections as c
            where c.tenant_id = tenant and c.user_id = p.user_id) as collections_count
    from library.profiles as p
    join relais.users as u on u.id = p.user_id
    where p.tenant_id = tenant and (wanted = '' or strpos(lower(concat_ws(E'\n', p.username, p.full_name)), wanted) > 0
      or strpos(lower(u.email), wanted) > 0)
    order by p.created_at desc, p.id
    limit least(page_limit, 100) offset page_offset
  ) as f;
  return jsonb_build_object('total', total, 'rows', page);
end
$$;
comment on function library_internal.people(text, integer, bigint) is
  'People of the caller''s tenant with their addresses, the newest first, to administrators.';

create or replace function library.admin_users(
    search text default '', page_limit integer default 20, page_offset bigint default 0) returns jsonb
  language sql stable
  return library_internal.people(search, page_limit, page_offset);
comment on function library.admin_users(text, integer, bigint) is
  'People whose user name, full name or address contains the text, the newest first. For administrators.';

create or replace function library_internal.record_rank() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  item constant library.user_roles := case tg_op when 'DELETE' then old else new end;
  before constant library.app_role := case tg_op when 'INSERT' then null else old.role end;
  after constant library.app_role := case tg_op when 'DELETE' then null else new.role end;
begin
  insert into relais.audit_log (tenant_id, actor_id, action, target, details)
  values (item.tenant_id, relais.user_id(), 'RANK_CHANGED', item.user_id::text,
          jsonb_build_object('from', before, 'to', after, 'expires_at', item.expires_at));
  return null;
end
$$;
comment on function library_internal.record_rank() is 'Notes in the audit log who gave whom which rank.';
create or replace trigger record_rank after insert or update or delete on library.user_roles
  for each row when (not relais.is_trusted()) execute function library_internal.record_rank();

do $$
declare
  name text;
begin
  foreach name in array array[
    'library_internal.statistics(integer)', 'library_internal.people(text, integer, bigint)',
    'library_internal.record_rank()']
  loop
    execute format('alter function %s owner to relais_definer', name);
  end loop;
end
$$;
revoke execute on function
  library.admin_stats(integer), library.admin_users(text, integer, bigint),
  library_internal.must_administer(), library_internal.statistics(integer),
  library_internal.people(text, integer, bigint), library_internal.record_rank()
from public;
grant execute on function library.admin_stats(integer), library.admin_users(text, integer, bigint)
to anon, authenticated, service, relais_definer;
-- Each looks at who asks before it answers.
grant execute on function library_internal.statistics(integer), library_internal.people(text, integer, bigint)
to authenticated, service, relais_definer;
grant execute on function library_internal.must_administer(), library_internal.record_rank() to relais_definer;
