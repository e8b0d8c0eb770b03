-- Settings of administrators: what they may be, who changed them, and who hears of it.

create or replace function library_internal.check_setting() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  bare constant text := btrim(new.value, '" ');
begin
  if new.key in ('auto_approval_enabled', 'consider_downvotes') then
    if bare not in ('true', 'false') then
      raise exception using errcode = 'check_violation', message = format('%s : true ou false attendu', new.key);
    end if;
    new.value := bare;
  elsif new.key ~ '^(auto_approval_vote|auto_rejection_downvote)_threshold_' then
    -- Nine digits: what the rule about votes reads.
    if bare !~ '^[1-9][0-9]{0,8}$' then
      raise exception using errcode = 'check_violation',
        message = format('%s : un nombre entier supérieur ou égal à 1 est attendu', new.key);
    end if;
    new.value := bare;
  end if;
  return new;
end
$$;
comment on function library_internal.check_setting() is
  'Refuses values that the rules about votes would not understand. Other keys are anybody''s affair.';
create or replace trigger check_setting before insert or update on library.admin_config
  for each row when (not relais.is_trusted()) execute function library_internal.check_setting();

create or replace function library_internal.record_setting() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  former constant text := case tg_op when 'INSERT' then null else old.value end;
  present constant text := case tg_op when 'DELETE' then null else new.value end;
begin
  -- Their panel saves every setting with each that was changed.
  if former is distinct from present then
    insert into library.admin_config_audit_logs (tenant_id, actor_user_id, key, old_value, new_value)
    values (case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end, relais.user_id(),
            case tg_op when 'DELETE' then old.key else new.key end, former, present);
  end if;
  return null;
end
$$;
comment on function library_internal.record_setting() is 'Writes down who changed which setting from what to what.';
create or replace trigger record_setting after insert or update or delete on library.admin_config
  for each row when (not relais.is_trusted()) execute function library_internal.record_setting();

-- A threshold that was changed applies to what is pending, too: a job decides it anew, one for each transaction. Numbers of
-- transactions begin anew in a database that was brought back; its time tells them apart.
create or replace function library_internal.announce_setting() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed constant text := case tg_op when 'DELETE' then old.key else new.key end;
  whose constant uuid := case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end;
begin
  if changed ~ '^(auto_approval_|auto_rejection_|consider_downvotes$)'
     and (tg_op <> 'UPDATE' or old.value is distinct from new.value)
     and exists (select from library.category_tag_suggestions as s where s.tenant_id = whose and s.status = 'pending')
  then
    insert into relais.jobs (tenant_id, name, arguments, key)
    values (whose, 'auto_approval', jsonb_build_object('tenant_id', whose),
            concat_ws(':', 'auto_approval', whose, extract(epoch from now()), pg_current_xact_id()))
    on conflict (key) do nothing;
    perform pg_notify('relais_jobs', '');
  end if;
  return null;
end
$$;
create or replace trigger announce_setting after insert or update or delete on library.admin_config
  for each row execute function library_internal.announce_setting();

alter function library_internal.record_setting() owner to relais_definer;
alter function library_internal.announce_setting() owner to relais_definer;

alter table library.admin_config_audit_logs enable row level security;
alter table library.admin_config_audit_logs force row level security;
drop policy if exists tenant on library.admin_config_audit_logs;
drop policy if exists members_add on library.admin_config_audit_logs;
drop policy if exists members_change on library.admin_config_audit_logs;
drop policy if exists members_remove on library.admin_config_audit_logs;
create policy tenant on library.admin_config_audit_logs as restrictive for all to public
  using (tenant_id = (select relais.tenant_id())) with check (tenant_id = (select relais.tenant_id()));
create policy members_add on library.admin_config_audit_logs as restrictive for insert to authenticated
  with check ((select library_internal.has_rank('user')));
create policy members_change on library.admin_config_audit_logs as restrictive for update to authenticated
  using ((select library_internal.has_rank('user')));
create policy members_remove on library.admin_config_audit_logs as restrictive for delete to authenticated
  using ((select library_internal.has_rank('user')));
select relais.drop_policies('library.admin_config_audit_logs');
create policy read on library.admin_config_audit_logs for select to authenticated
  using ((select library_internal.has_rank('super_admin')));
-- Triggers write the record; nobody rewrites it.
grant select, insert, delete on library.admin_config_audit_logs to service, relais_definer;
grant select on library.admin_config_audit_logs to authenticated;
do $$
begin
  if current_setting('server_version_num')::int >= 170000 then
    execute 'grant maintain on library.admin_config_audit_logs to service';
  end if;
end
$$;
create or replace trigger keep_key before update on library.admin_config_audit_logs
  for each row when (not relais.is_trusted()) execute function library_internal.keep_key();
create or replace trigger stamp_row before insert or update on library.admin_config_audit_logs
  for each row execute function relais.stamp_row();
