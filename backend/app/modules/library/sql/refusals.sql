-- How functions that clients call say no with a code of their own, as explicit routes and rpc() both answer it.

create or replace function library_internal.refuse(code text, status integer, message text) returns void
  language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  raise sqlstate 'PGRST' using
    message = json_build_object('code', code, 'message', message)::text,
    detail = json_build_object('status', status, 'headers', json_build_object())::text;
end
$$;
comment on function library_internal.refuse(text, integer, text) is
  'Ends the statement with this code, this HTTP status and this message.';
grant execute on function library_internal.refuse(text, integer, text)
to anon, authenticated, service, relais_definer;
