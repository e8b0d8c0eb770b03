-- What was measured: how events are written in batches, counted by day, and told.
--
-- Counts are kept beside the events, by a trigger, so that it does not matter on which road an event came, and so that
-- nobody has to read all events to say how many there were. The nil id stands for "whatever the resource". Clients reach them through functions alone:
-- a count by resource tells of resources that they may not read.

create or replace function library_internal.count_events() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- In the order of the keys, so that two statements never wait for each other.
  insert into library.analytics_daily as d (tenant_id, resource_id, day, event, count)
  select a.tenant_id, about.resource_id, (a.created_at at time zone 'UTC')::date as day, a.event, count(*)
  from added as a
  cross join lateral (
    select '00000000-0000-0000-0000-000000000000'::uuid as resource_id
    union all
    select a.resource_id where a.resource_id is not null
  ) as about
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (tenant_id, resource_id, day, event) do update set count = d.count + excluded.count;
  return null;
end
$$;
create or replace trigger count_events after insert on library.analytics_events
  referencing new table as added
  for each statement execute function library_internal.count_events();

create or replace function library_internal.recount_days(first date, last date) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Whoever counts meanwhile waits; reading goes on.
  lock table library.analytics_daily in share row exclusive mode;
  delete from library.analytics_daily as d where d.day between first and last;
  insert into library.analytics_daily (tenant_id, resource_id, day, event, count)
  select e.tenant_id, about.resource_id, (e.created_at at time zone 'UTC')::date, e.event, count(*)
  from relais.tenants as t
  join library.analytics_events as e
    on e.tenant_id = t.id and e.created_at >= first::timestamp at time zone 'UTC'
   and e.created_at < (last + 1)::timestamp at time zone 'UTC'
  cross join lateral (
    select '00000000-0000-0000-0000-000000000000'::uuid as resource_id
    union all
    select e.resource_id where e.resource_id is not null
  ) as about
  group by 1, 2, 3, 4;
end
$$;
comment on function library_internal.recount_days(date, date) is
  'Counts the events of these days anew: after imports that were taken back, or whatever else removed some.';

create or replace function library_internal.ingest_events(events jsonb) returns integer
  language sql volatile security definer
  begin atomic
    with added as (
      insert into library.analytics_events
        (tenant_id, id, event, user_id, resource_id, metadata, created_at, updated_at)
      select t.id, e.id, e.event, p.user_id,
             case when library_internal.readable_by(e.tenant, e.resource, e.person) then e.resource end,
             e.metadata, e.at, e.at
      from jsonb_to_recordset(events) as e (
        tenant uuid, id uuid, event text, person uuid, resource uuid, metadata jsonb, at timestamptz)
      join relais.tenants as t on t.id = e.tenant
      left join library.profiles as p on p.tenant_id = e.tenant and p.user_id = e.person
      on conflict (tenant_id, id) do nothing
      returning 1
    )
    select count(*)::integer from added;
  end;
comment on function library_internal.ingest_events(jsonb) is
  'Writes a batch of events. Those who are gone by then are nobody, resources that they may not read are none.';

create or replace function library_internal.ingest_what_can_be(events jsonb) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  item jsonb;
  total integer := 0;
begin
  for item in select value from jsonb_array_elements(events) loop
    begin
      total := total + library_internal.ingest_events(jsonb_build_array(item));
    exception
      when data_exception or integrity_constraint_violation then null;
    end;
  end loop;
  return total;
end
$$;
comment on function library_internal.ingest_what_can_be(jsonb) is
  'The same, one by one, without those that cannot be written: one of them must not keep all others waiting.';

create or replace function library_internal.add_views(counts jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Locked in the order of their keys first: two batches never wait for each other.
  perform from library.resources as r
  where (r.tenant_id, r.id) in (
    select c.tenant, c.resource from jsonb_to_recordset(counts) as c (tenant uuid, resource uuid))
  order by r.tenant_id, r.id
  for no key update;

  update library.resources as r
  set views_count = least(r.views_count::bigint + c.views, 2147483647)::integer
  from jsonb_to_recordset(counts) as c (tenant uuid, resource uuid, views bigint)
  where r.tenant_id = c.tenant and r.id = c.resource;
end
$$;
comment on function library_internal.add_views(jsonb) is
  'So many views more of each resource. Whoever counted them has seen that the viewer may read it.';

create or replace function library_internal.daily_counts(days integer, wanted text)
  returns table (day date, event text, count bigint)
  language sql stable parallel safe security definer
  begin atomic
    select d.day, d.event, d.count
    from library.analytics_daily as d
    where d.tenant_id = relais.tenant_id() and d.resource_id = '00000000-0000-0000-0000-000000000000'
      and d.day > (now() at time zone 'UTC')::date - least(greatest(days, 1), 366)
      and (wanted is null or d.event = wanted);
  end;
comment on function library_internal.daily_counts(integer, text) is
  'How often what happened in the last days, of all events or of one: numbers that anybody may know.';

create or replace function library_internal.most_viewed(days integer, most integer)
  returns table (resource_id uuid, views bigint)
  language sql stable parallel safe security definer
  begin atomic
    select d.resource_id, sum(d.count)::bigint as views
    from library.analytics_daily as d
    join library.resources as r on r.tenant_id = d.tenant_id and r.id = d.resource_id
    where d.tenant_id = relais.tenant_id() and d.event = 'resource_view'
      and d.day > (now() at time zone 'UTC')::date - least(greatest(days, 1), 366)
      and r.visibility = 'public'::library.resource_visibility
    group by d.resource_id
    order by views desc, d.resource_id
    limit least(greatest(most, 1), 100);
  end;
comment on function library_internal.most_viewed(integer, integer) is
  'Public resources that were viewed most in the last days.';

create or replace function library_internal.contributions(person uuid, days integer) returns json
  language sql stable parallel safe security definer
  begin atomic
    with bounds as (
      select now() - least(greatest(days, 1), 366) * interval '1 day' as since
      where person = relais.user_id() or library_internal.has_rank('admin'::library.app_role)
    )
    select json_build_object(
      'resourcesCreated', (
        select count(*) from bounds, library.resources as r
        where r.tenant_id = relais.tenant_id() and r.user_id = person and r.created_at >= bounds.since),
      'resourcesSaved', (
        select count(*) from bounds, library.saved_resources as s
        where s.tenant_id = relais.tenant_id() and s.user_id = person and s.created_at >= bounds.since),
      'commentsCreated', (
        select count(*) from bounds, library.resource_comments as c
        where c.tenant_id = relais.tenant_id() and c.user_id = person and c.created_at >= bounds.since));
  end;
comment on function library_internal.contributions(uuid, integer) is
  'What somebody added in the last days, to themselves and to administrators; nothing to anybody else.';

create or replace function library.popular_resources(days integer default 7, most integer default 10)
  returns table (resource_id uuid, views bigint)
  language sql stable parallel safe
  begin atomic
    select m.resource_id, m.views from library_internal.most_viewed(days, most) as m;
  end;
comment on function library.popular_resources(integer, integer) is
  'The public resources that were viewed most in the last days, and how often.';

create or replace function library.user_activity(person uuid, days integer default 30) returns json
  language sql stable parallel safe
  begin atomic
    with bounds as (
      select now() - least(greatest(days, 1), 366) * interval '1 day' as since
    ), events as (
      select e.event, e.resource_id, (e.created_at at time zone 'UTC')::date as day
      from bounds, library.analytics_events as e
      where e.tenant_id = relais.tenant_id() and e.user_id = person and e.created_at >= bounds.since
    )
    select json_build_object(
      'total', (select count(*) from events),
      'by_type', (
        select coalesce(json_object_agg(x.event, x.count order by x.count desc, x.event), '{}')
        from (select event, count(*) as count from events group by event order by 2 desc, 1 limit 100) as x),
      'top_resources', (
        select coalesce(json_agg(json_build_object('resourceId', x.resource_id, 'views', x.count)), '[]')
        from (select resource_id, count(*) as count from events
              where event = 'resource_view' and resource_id is not null
              group by resource_id order by 2 desc, 1 limit 10) as x),
      'by_day', (
        select coalesce(json_agg(json_build_object('date', x.day, 'count', x.count)), '[]')
        from (select day, count(*) as count from events group by day order by day) as x),
      'content', library_internal.contributions(person, days));
  end;
comment on function library.user_activity(uuid, integer) is
  'What somebody did in the last days, in numbers: their own, or, for administrators, anybody''s.';

create or replace function library.analytics_stats(days integer default 7, event text default null) returns json
  language sql stable parallel safe
  begin atomic
    with counts as (
      select c.day, c.event, c.count from library_internal.daily_counts(days, analytics_stats.event) as c
    )
    select json_build_object(
      'total', (select coalesce(sum(count), 0) from counts),
      'by_type', (
        select coalesce(json_object_agg(x.event, x.count), '{}')
        from (select c.event, sum(c.count) as count from counts as c group by c.event order by 2 desc, 1 limit 100) as x),
      'recent', (
        select coalesce(json_agg(json_build_object('event', x.event, 'count', x.count, 'date', x.day)), '[]')
        from (select c.event, c.count, c.day from counts as c order by c.day desc, c.count desc, c.event limit 1000)
          as x));
  end;
comment on function library.analytics_stats(integer, text) is
  'How often what happened in the last days: numbers of the whole tenant.';

do $$
declare
  item text;
begin
  foreach item in array array[
    'count_events()', 'recount_days(date, date)', 'ingest_events(jsonb)', 'ingest_what_can_be(jsonb)',
    'add_views(jsonb)', 'daily_counts(integer, text)', 'most_viewed(integer, integer)',
    'contributions(uuid, integer)']
  loop
    execute format('alter function library_internal.%s owner to relais_definer', item);
  end loop;
end
$$;
revoke execute on function
  library_internal.count_events(), library_internal.recount_days(date, date), library_internal.ingest_events(jsonb),
  library_internal.ingest_what_can_be(jsonb), library_internal.add_views(jsonb),
  library_internal.daily_counts(integer, text), library_internal.most_viewed(integer, integer),
  library_internal.contributions(uuid, integer),
  library.popular_resources(integer, integer), library.user_activity(uuid, integer),
  library.analytics_stats(integer, text)
from public;
grant execute on function
  library_internal.daily_counts(integer, text), library_internal.most_viewed(integer, integer),
  library_internal.contributions(uuid, integer),
  library.popular_resources(integer, integer), library.user_activity(uuid, integer),
  library.analytics_stats(integer, text)
to anon, authenticated, service, relais_definer;
grant execute on function
  library_internal.recount_days(date, date), library_internal.ingest_events(jsonb),
  library_internal.ingest_what_can_be(jsonb), library_internal.add_views(jsonb)
to service, relais_definer;
