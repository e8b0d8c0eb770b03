-- The log of changes: what was written to marked tables, in the transaction that wrote it, numbered once it is committed.
--
-- Writers only append. Which of two transactions is committed first is not known while they write; whoever numbers the
-- log sees committed rows alone, one after the other, and so the numbers have the order in which changes became visible.

-- An image of a row as it is logged: values too long to be passed around are left out of rows that are long.
create or replace function relais.logged_image(image jsonb) returns jsonb
  language sql immutable parallel safe set search_path = pg_catalog, pg_temp
  return case
    when octet_length(image::text) <= 32768 then image
    else (select jsonb_object_agg(key, value) from jsonb_each(image) where octet_length(value::text) <= 2048)
  end;
comment on function relais.logged_image(jsonb) is 'A row without its longest values, if it is a long one.';

-- Given the columns of the primary key and those that are never logged.
create or replace function relais.log_change() returns trigger
  -- Whoever reads it does not know the writer's time zone.
  language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  before constant jsonb := case when tg_op <> 'INSERT' then relais.logged_image(to_jsonb(old) - tg_argv[1]::text[]) end;
  after constant jsonb := case when tg_op <> 'DELETE' then relais.logged_image(to_jsonb(new) - tg_argv[1]::text[]) end;
  image constant jsonb := coalesce(after, before);
begin
  if before = after then
    return null;
  end if;
  insert into relais.change_log (tenant_id, table_schema, table_name, operation, row_key, old_row, new_row)
  values (
    -- It may be on its way out, with all that it has.
    (select t.id from relais.tenants as t where t.id = (image ->> 'tenant_id')::uuid),
    tg_table_schema, tg_table_name, tg_op,
    (select jsonb_object_agg(name, image -> name) from unnest(tg_argv[0]::text[]) as name),
    before, after);
  return null;
end
$$;
comment on function relais.log_change() is 'Appends what became of a row to the log of changes. See relais.watch_changes.';

create or replace function relais.announce_logged() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('relais_changes', '');
  return null;
end
$$;
comment on function relais.announce_logged() is 'Tells whoever numbers the log of changes that there is something in it.';

create or replace function relais.watch_changes(variadic tables text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  watched regclass;
  keys text[];
  unlogged text[];
begin
  foreach watched in array tables::regclass[] loop
    select array_agg(a.attname::text order by a.attname) into keys
    from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = watched and i.indisprimary and a.attname <> 'tenant_id';
    -- What only searches read is of no use to anybody else.
    select coalesce(array_agg(a.attname::text order by a.attname), '{}') into unlogged
    from pg_attribute as a
    where a.attrelid = watched and a.attnum > 0 and not a.attisdropped
      and (a.atttypid = 'tsvector'::regtype or a.attgenerated <> '');
    execute format(
      'create or replace trigger log_change after insert or update or delete on %s'
      ' for each row execute function relais.log_change(%L, %L)', watched, keys, unlogged);
    execute format(
      'create or replace trigger announce_logged after insert or update or delete on %s'
      ' for each statement execute function relais.announce_logged()', watched);
  end loop;
end
$$;
comment on function relais.watch_changes(text[]) is 'Has changes to these tables logged. For owners alone.';

-- Numbers what has been committed since the last time: at most so many changes; the last number that was given.
create or replace function relais.number_changes(most integer) returns bigint
  -- Nearly all rows of a young log are without a number as far as the planner knows, and it would read the whole of it.
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  so_far bigint;
  given integer;
begin
  -- One at a time: the next one goes on from where this one ends.
  select m.last into so_far from relais.change_marks as m where m.id = 1 for update;
  with fresh as (
    select c.id, row_number() over (order by c.id) as place from relais.change_log as c
    where c.position is null order by c.id limit most
  )
  update relais.change_log as c set position = so_far + fresh.place from fresh where c.id = fresh.id;
  get diagnostics given = row_count;
  if given > 0 then
    update relais.change_marks as m set last = so_far + given where m.id = 1;
    perform pg_notify('relais_numbered', (so_far + given)::text);
  end if;
  return so_far + given;
end
$$;
comment on function relais.number_changes(integer) is 'Gives committed changes their numbers. One session does so at a time.';

revoke execute on function
  relais.logged_image(jsonb), relais.log_change(), relais.announce_logged(), relais.watch_changes(text[]), relais.number_changes(integer)
  from public;
alter function relais.log_change() owner to relais_definer;
grant execute on function relais.number_changes(integer) to service;
grant execute on function relais.logged_image(jsonb) to relais_definer;
