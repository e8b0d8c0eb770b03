-- Votes beyond the voting itself: how they stand, what is mended when a count went wrong, and who hears of a change.

create or replace function library_internal.score_of(tenant uuid, suggestion uuid) returns integer
  language sql stable parallel safe security definer
  begin atomic
    select (count(*) filter (where v.vote_type = 'upvote')
            - count(*) filter (where v.vote_type = 'downvote'
                               and library_internal.is_on(tenant, 'consider_downvotes')))::integer
    from library.suggestion_votes as v
    where v.tenant_id = tenant and v.suggestion_id = suggestion;
  end;
comment on function library_internal.score_of(uuid, uuid) is 'What votes_count of a suggestion has to be.';

-- What the rule about thresholds says holds whenever it is asked: `decide` looks at the votes, not at who asks. So a
-- threshold that was changed is applied to what is pending, and a count that went wrong is mended, as often as one likes.
create or replace function library_internal.settle_votes(tenant uuid)
  returns table (mended integer, decided integer)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  candidate uuid;
  item library.category_tag_suggestions;
  score integer;
begin
  mended := 0;
  decided := 0;
  -- What is decided here is told to whoever proposed it, though a service asks.
  perform set_config('library.settling', 'on', true);
  for candidate in
    select s.id from library.category_tag_suggestions as s
    where s.tenant_id = tenant
      and exists (
        select from library.suggestion_votes as v where v.tenant_id = s.tenant_id and v.suggestion_id = s.id)
      and (s.status = 'pending' or s.votes_count <> library_internal.score_of(s.tenant_id, s.id))
    order by s.id
  loop
    -- Locked as voting locks it: whoever comes second counts what the first one wrote.
    select * into item from library.category_tag_suggestions as s
    where s.tenant_id = tenant and s.id = candidate
    for no key update;
    continue when not found;
    score := library_internal.score_of(tenant, candidate);
    if item.votes_count <> score then
      update library.category_tag_suggestions as s set votes_count = score
      where s.tenant_id = tenant and s.id = candidate;
      mended := mended + 1;
    end if;
    perform library_internal.decide(tenant, candidate);
    if exists (
      select from library.category_tag_suggestions as s
      where s.tenant_id = tenant and s.id = candidate and s.status <> item.status
    ) then
      decided := decided + 1;
    end if;
  end loop;
  perform set_config('library.settling', 'off', true);
  return next;
end
$$;
comment on function library_internal.settle_votes(uuid) is
  'Mends the vote counts of a tenant''s suggestions and decides those that are pending. Doing it twice does it once.';

create or replace function library.votes_of_suggestion(suggestion_id uuid)
  returns table (id uuid, status library.suggestion_status, votes_count integer, total_upvotes integer,
                 total_downvotes integer, user_vote library.vote_type, counted_at timestamptz)
  language sql stable parallel safe
  begin atomic
    select s.id, s.status, s.votes_count,
           (count(*) filter (where v.vote_type = 'upvote'))::integer,
           (count(*) filter (where v.vote_type = 'downvote'))::integer,
           max(v.vote_type) filter (where v.user_id = relais.user_id()), statement_timestamp()
    from library.category_tag_suggestions as s
    left join library.suggestion_votes as v on v.tenant_id = s.tenant_id and v.suggestion_id = s.id
    where s.tenant_id = relais.tenant_id() and s.id = votes_of_suggestion.suggestion_id
    group by s.tenant_id, s.id;
  end;
comment on function library.votes_of_suggestion(uuid) is
  'How the votes on a suggestion stand, and the caller''s own one.';

create or replace function library.votes_cast(suggestion library.category_tag_suggestions) returns integer
  language sql stable parallel safe
  begin atomic
    select count(*)::integer from library.suggestion_votes as v
    where v.tenant_id = suggestion.tenant_id and v.suggestion_id = suggestion.id;
  end;
comment on function library.votes_cast(library.category_tag_suggestions) is
  'How many voted on a suggestion, either way, as a computed column.';

create or replace function library.user_vote(suggestion library.category_tag_suggestions) returns library.vote_type
  language sql stable parallel safe
  begin atomic
    select v.vote_type from library.suggestion_votes as v
    where v.tenant_id = suggestion.tenant_id and v.suggestion_id = suggestion.id and v.user_id = relais.user_id();
  end;
comment on function library.user_vote(library.category_tag_suggestions) is
  'The caller''s own vote on a suggestion, as a computed column.';

-- Whoever keeps counts outside of the database is told which ones are no longer right, whatever road the vote came on.
create or replace function library_internal.announce_votes() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('relais_library', concat_ws(':', 'votes', c.tenant_id, c.suggestion_id, pg_current_xact_id()))
  from (select distinct tenant_id, suggestion_id from changed) as c;
  return null;
end
$$;

create or replace function library_internal.announce_removal() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('relais_library', concat_ws(':', 'votes', c.tenant_id, c.id, pg_current_xact_id()))
  from changed as c;
  return null;
end
$$;

create or replace trigger announce_removal after delete on library.category_tag_suggestions
  referencing old table as changed
  for each statement execute function library_internal.announce_removal();

do $$
declare
  item record;
begin
  for item in select * from (values ('insert', 'new'), ('update', 'new'), ('delete', 'old')) as events (event, rows)
  loop
    execute format(
      'create or replace trigger %I after %s on library.suggestion_votes referencing %s table as changed'
      ' for each statement execute function library_internal.announce_votes()',
      'announce_votes_on_' || item.event, item.event, item.rows);
  end loop;
end
$$;

alter function library_internal.score_of(uuid, uuid) owner to relais_definer;
alter function library_internal.settle_votes(uuid) owner to relais_definer;
alter function library_internal.announce_votes() owner to relais_definer;
alter function library_internal.announce_removal() owner to relais_definer;
grant execute on function library_internal.settle_votes(uuid) to service;
grant execute on function
  library.votes_of_suggestion(uuid), library.votes_cast(library.category_tag_suggestions),
  library.user_vote(library.category_tag_suggestions)
to anon, authenticated, service, relais_definer;
