-- Numbers that the server keeps: ratings, entries of a collection, votes, and what votes decide.
--
-- Each is recounted, not moved up and down, once per statement for the rows that the statement touched. The rows that
-- hold the numbers are locked first, in the order of their keys: whoever comes second counts what the first one wrote,
-- and two statements never wait for each other. The lock is the weak one that foreign keys of new rows do not wait for.

create or replace function library_internal.count_ratings() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from library.resources as r
  where (r.tenant_id, r.id) in (select c.tenant_id, c.resource_id from changed as c)
  order by r.tenant_id, r.id
  for no key update;

  update library.resources as r
  set average_rating = counted.average, ratings_count = counted.total
  from (
    select c.tenant_id, c.resource_id, coalesce(round(avg(x.rating), 2), 0) as average, count(x.id) as total
    from (select distinct tenant_id, resource_id from changed) as c
    left join library.resource_ratings as x on x.tenant_id = c.tenant_id and x.resource_id = c.resource_id
    group by c.tenant_id, c.resource_id
  ) as counted
  where r.tenant_id = counted.tenant_id and r.id = counted.resource_id
    and (r.average_rating, r.ratings_count) is distinct from (counted.average, counted.total);
  return null;
end
$$;

create or replace function library_internal.count_entries() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from library.collections as r
  where (r.tenant_id, r.id) in (select c.tenant_id, c.collection_id from changed as c)
  order by r.tenant_id, r.id
  for no key update;

  update library.collections as r
  set resources_count = counted.total
  from (
    select c.tenant_id, c.collection_id, count(x.id) as total
    from (select distinct tenant_id, collection_id from changed) as c
    left join library.collection_resources as x on x.tenant_id = c.tenant_id and x.collection_id = c.collection_id
    group by c.tenant_id, c.collection_id
  ) as counted
  where r.tenant_id = counted.tenant_id and r.id = counted.collection_id and r.resources_count <> counted.total;
  return null;
end
$$;

create or replace function library_internal.setting(tenant uuid, name text, otherwise integer) returns integer
  language sql stable parallel safe security definer
  begin atomic
    select coalesce(
      (select btrim(c.value, '" ')::integer from library.admin_config as c
       where c.tenant_id = tenant and c.key = name and btrim(c.value, '" ') ~ '^[0-9]{1,9}$'), otherwise);
  end;
comment on function library_internal.setting(uuid, text, integer) is
  'A whole number from admin_config, or another one.';

create or replace function library_internal.is_on(tenant uuid, name text) returns boolean
  language sql stable parallel safe security definer
  begin atomic
    select coalesce(
      (select btrim(c.value, '" ') <> 'false' from library.admin_config as c
       where c.tenant_id = tenant and c.key = name), true);
  end;
comment on function library_internal.is_on(uuid, text) is 'Whether a switch in admin_config is on; a missing one is.';

create or replace function library_internal.count_votes() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from library.category_tag_suggestions as s
  where (s.tenant_id, s.id) in (select c.tenant_id, c.suggestion_id from changed as c)
  order by s.tenant_id, s.id
  for no key update;

  -- A suggestion may start with votes that nobody cast (seeded ones do): the first real vote takes their place.
  update library.category_tag_suggestions as s
  set votes_count = counted.score
  from (
    select c.tenant_id, c.suggestion_id,
           count(*) filter (where x.vote_type = 'upvote')
           - count(*) filter (where x.vote_type = 'downvote'
                              and library_internal.is_on(c.tenant_id, 'consider_downvotes')) as score
    from (select distinct tenant_id, suggestion_id from changed) as c
    left join library.suggestion_votes as x on x.tenant_id = c.tenant_id and x.suggestion_id = c.suggestion_id
    group by c.tenant_id, c.suggestion_id
  ) as counted
  where s.tenant_id = counted.tenant_id and s.id = counted.suggestion_id and s.votes_count <> counted.score;

  -- An import brings the verdicts along with the votes.
  if not library_internal.asks_as_service() then
    perform library_internal.decide(c.tenant_id, c.suggestion_id)
    from (select distinct tenant_id, suggestion_id from changed order by tenant_id, suggestion_id) as c;
  end if;
  return null;
end
$$;

create or replace function library_internal.decide(tenant uuid, suggestion uuid) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  item library.category_tag_suggestions;
  against bigint;
  verdict library.suggestion_status;
begin
  select * into item from library.category_tag_suggestions as s where s.tenant_id = tenant and s.id = suggestion;
  if item.status is distinct from 'pending' or not library_internal.is_on(tenant, 'auto_approval_enabled') then
    return;
  end if;
  select count(*) into against from library.suggestion_votes as v
  where v.tenant_id = tenant and v.suggestion_id = suggestion and v.vote_type = 'downvote';

  if item.votes_count >= library_internal.setting(tenant, 'auto_approval_vote_threshold_' || item.type, 5) then
    verdict := 'approved';
  elsif item.votes_count < 0
    and against >= library_internal.setting(tenant, 'auto_rejection_downvote_threshold_' || item.type, 3) then
    verdict := 'rejected';
  else
    return;
  end if;
  update library.category_tag_suggestions as s
  set status = verdict, reviewed_at = now(), reviewed_by = null
  where s.tenant_id = tenant and s.id = suggestion;
end
$$;
comment on function library_internal.decide(uuid, uuid) is
  'Approves or rejects a pending suggestion when its votes pass the thresholds that administrators set.';

do $$
declare
  item record;
begin
  for item in
    select * from (values
      ('resource_ratings', 'count_ratings'), ('collection_resources', 'count_entries'),
      ('suggestion_votes', 'count_votes')
    ) as counted (name, counter)
    cross join (values ('insert', 'new'), ('update', 'new'), ('delete', 'old')) as events (event, rows)
  loop
    execute format(
      'create or replace trigger %I after %s on library.%I referencing %s table as changed'
      ' for each statement execute function library_internal.%I()',
      item.counter || '_on_' || item.event, item.event, item.name, item.rows, item.counter);
  end loop;
end
$$;
