-- Sessions: how a refresh token is exchanged, and how the end of a session or of an API token is announced.

create or replace function relais.rotate_session(
  session uuid, shown_counter integer, most_reuses integer, idle interval, longest interval
) returns table (outcome text, counter integer, user_id uuid, tenant_id uuid, assurance smallint, method text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found_session relais.sessions;
  said text;
begin
  -- Whoever exchanges the same token at the same time waits here, and then finds it exchanged.
  select s.* into found_session from relais.sessions as s
  where s.id = session and s.revoked_at is null and s.expires_at > now()
    and exists (select from relais.users as u where u.id = s.user_id and u.disabled_at is null)
  for update;
  if not found then
    return query select 'ended', 0, null::uuid, null::uuid, null::smallint, null::text;
    return;
  end if;
  -- A number that is still to come was given by a database that has been put back to an earlier state.
  if shown_counter >= found_session.refresh_counter then
    said := 'rotated';
    update relais.sessions as s
    set refresh_counter = shown_counter + 1, rotated_at = now(), reuses = 0, last_used_at = now(),
        expires_at = least(now() + idle, s.created_at + longest)
    where s.id = session
    returning s.* into found_session;
  elsif shown_counter = found_session.refresh_counter - 1 and found_session.reuses < most_reuses then
    -- The answer was lost, or other tabs were as fast: they are told the token of now once more.
    said := 'repeated';
    update relais.sessions as s set reuses = s.reuses + 1, last_used_at = now() where s.id = session;
  else
    -- Somebody else has the token.
    said := 'replayed';
    update relais.sessions as s set revoked_at = now() where s.id = session;
  end if;
  return query select said, found_session.refresh_counter, found_session.user_id, found_session.tenant_id,
                      found_session.assurance, found_session.method;
end
$$;
comment on function relais.rotate_session(uuid, integer, integer, interval, interval) is
  'Exchanges a refresh token by its number: rotated, repeated (the one before came again), replayed (the session has '
  'been ended) or ended.';

create or replace function relais.announce_end() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_notify('relais_ended', tg_argv[0] || ':' || old.id);
  return null;
end
$$;
comment on function relais.announce_end() is 'Tells every process that a session or an API token is no longer good.';

create or replace trigger announce_end after update of revoked_at on relais.sessions
  for each row when (old.revoked_at is null and new.revoked_at is not null)
  execute function relais.announce_end('session');
create or replace trigger announce_removal after delete on relais.sessions
  for each row when (old.revoked_at is null) execute function relais.announce_end('session');
create or replace trigger announce_end after update of revoked_at on relais.api_tokens
  for each row when (old.revoked_at is null and new.revoked_at is not null)
  execute function relais.announce_end('token');
create or replace trigger announce_removal after delete on relais.api_tokens
  for each row when (old.revoked_at is null) execute function relais.announce_end('token');

create or replace function relais.end_what_is_disabled() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update relais.sessions as s set revoked_at = now() where s.user_id = new.id and s.revoked_at is null;
  update relais.api_tokens as t set revoked_at = now() where t.user_id = new.id and t.revoked_at is null;
  return null;
end
$$;
comment on function relais.end_what_is_disabled() is 'A user who is disabled is signed out everywhere, at once.';
alter function relais.end_what_is_disabled() owner to relais_definer;

create or replace trigger end_what_is_disabled after update of disabled_at on relais.users
  for each row when (old.disabled_at is null and new.disabled_at is not null)
  execute function relais.end_what_is_disabled();

revoke execute on function relais.rotate_session(uuid, integer, integer, interval, interval) from public;
grant execute on function relais.rotate_session(uuid, integer, integer, interval, interval) to service;
revoke execute on function relais.announce_end(), relais.end_what_is_disabled() from public;
