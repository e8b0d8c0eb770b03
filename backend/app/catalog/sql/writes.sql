-- Writes to a table are told to whoever keeps answers about it.
--
-- A connection that says `relais.hears` is told on the spot, as a message of its own session: it sees to the rest before
-- it answers its client. Writes on every other road (psql, a migration, a background job) are announced to all when they
-- are committed. INFO is sent whatever `client_min_messages` says.
create or replace function relais.tell_written() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('relais.hears', true) = 'on' then
    raise info using errcode = 'RLW01', message = format('%s.%s', tg_table_schema, tg_table_name);
  else
    perform pg_notify('relais_written', format('%s.%s', tg_table_schema, tg_table_name));
  end if;
  return null;
end
$$;
comment on function relais.tell_written() is 'Tells that something was written to a table. See relais.announce_writes.';

create or replace function relais.announce_writes(variadic tables text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  name regclass;
begin
  foreach name in array tables::regclass[] loop
    execute format(
      'create or replace trigger tell_written after insert or update or delete or truncate on %s'
      ' for each statement execute function relais.tell_written()', name);
  end loop;
end
$$;
comment on function relais.announce_writes(text[]) is
  'Has writes to these tables told, so that answers about them may be kept. For owners alone.';
revoke execute on function relais.tell_written(), relais.announce_writes(text[]) from public;
