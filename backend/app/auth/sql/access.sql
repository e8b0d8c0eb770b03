-- Who may touch the schema `relais`: the service role its tables, everybody the caller functions, and no more.

do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_catalog.pg_class c
    where c.relnamespace = 'relais'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'alembic_version'
  loop
    execute format('alter table relais.%I enable row level security', name);
    execute format('alter table relais.%I force row level security', name);
  end loop;
end
$$;

-- What somebody may create in their session, types above all, is one more thing that a function could mistake for its own.
do $$
begin
  execute format('revoke temporary on database %I from public', current_database());
end
$$;

grant usage on schema relais to anon, authenticated, service, relais_definer;
grant select, insert, update, delete on all tables in schema relais to service, relais_definer;
grant usage on all sequences in schema relais to service, relais_definer;
revoke insert, update, delete on relais.alembic_version from service, relais_definer;
-- The audit log is written, read and in the end removed with its tenant; it is never rewritten.
revoke update on relais.audit_log from service, relais_definer;

revoke execute on all functions in schema relais from public;
grant execute on all functions in schema relais to anon, authenticated, service, relais_definer;
revoke execute on function relais.drop_policies(text[]) from anon, authenticated, service, relais_definer;
