-- Identifiers that sort by time where the server can make them (PostgreSQL 18), random ones elsewhere.
do $$
begin
  if pg_catalog.current_setting('server_version_num')::int >= 180000 then
    create or replace function relais.new_id() returns uuid language sql volatile parallel safe
      return pg_catalog.uuidv7();
  else
    create or replace function relais.new_id() returns uuid language sql volatile parallel safe
      return pg_catalog.gen_random_uuid();
  end if;
end
$$;
comment on function relais.new_id() is 'A new identifier; orders by time on PostgreSQL 18 and later.';
