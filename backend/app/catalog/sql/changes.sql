-- Whoever keeps a picture of the database is told when it changes: after every command that defines something.
-- Temporary tables are nobody's business.
create or replace function relais.announce_change() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_event = 'sql_drop' then
        if not exists (select from pg_catalog.pg_event_trigger_dropped_objects() as o where not o.is_temporary) then
            return;
        end if;
    elsif not exists (
        select from pg_catalog.pg_event_trigger_ddl_commands() as c where c.schema_name is distinct from 'pg_temp'
    ) then
        return;
    end if;
    perform pg_catalog.pg_notify('relais_catalog', '');
end
$$;

-- Event triggers are for superusers. Where the owner is none, `notify relais_catalog` after a change does the same.
do $$
begin
    drop event trigger if exists relais_announce_definition;
    drop event trigger if exists relais_announce_removal;
    create event trigger relais_announce_definition on ddl_command_end execute function relais.announce_change();
    create event trigger relais_announce_removal on sql_drop execute function relais.announce_change();
exception when insufficient_privilege then
    raise notice 'No event triggers: the owner is no superuser. Send "notify relais_catalog" after a change.';
end
$$;
