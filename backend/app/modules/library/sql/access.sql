-- Row security everywhere, the tenant above every other rule, and who holds which right on which table.
--
-- Restrictive policies are here, whatever the others allow. Grants say what a role can ever do, policies with which rows. What is in neither list below, clients cannot touch.

do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_catalog.pg_class as c
    where c.relnamespace = 'library'::regnamespace and c.relkind in ('r', 'p')
  loop
    execute format('alter table library.%I enable row level security', name);
    execute format('alter table library.%I force row level security', name);
    execute format('drop policy if exists tenant on library.%I', name);
    -- Restrictive: whatever another policy allows, it allows within the caller's tenant.
    execute format(
      'create policy tenant on library.%I as restrictive for all to public'
      ' using (tenant_id = (select relais.tenant_id())) with check (tenant_id = (select relais.tenant_id()))', name);
    execute format('drop policy if exists members_add on library.%I', name);
    execute format('drop policy if exists members_change on library.%I', name);
    execute format('drop policy if exists members_remove on library.%I', name);
    -- Guests, people whose rank expired and those who left write nothing, not even to rows of their own. What is about
    -- themselves is excepted; so are measurements, which visitors who have not signed in leave as well.
    if name <> all (array['profiles', 'profile_preferences', 'notifications', 'analytics_events']) then
      execute format(
        'create policy members_add on library.%I as restrictive for insert to authenticated'
        ' with check ((select library_internal.has_rank(''user'')))', name);
      execute format(
        'create policy members_change on library.%I as restrictive for update to authenticated'
        ' using ((select library_internal.has_rank(''user'')))', name);
      execute format(
        'create policy members_remove on library.%I as restrictive for delete to authenticated'
        ' using ((select library_internal.has_rank(''user'')))', name);
    end if;
  end loop;
end
$$;

grant usage on schema library to anon, authenticated, service;
grant select, insert, update, delete on all tables in schema library to service, relais_definer;
do $$
begin
  if current_setting('server_version_num')::int >= 170000 then
    -- Bulk loads tell the planner what they brought. Older servers leave that to autovacuum.
    execute 'grant maintain on all tables in schema library to service';
  end if;
end
$$;
-- A record of what happened: written, read, in the end removed with its tenant, never rewritten.
revoke update on library.permission_audit_logs from service, relais_definer;

grant select on
  library.profiles, library.resources, library.resource_versions, library.resource_ratings, library.resource_comments,
  library.resource_templates, library.files, library.collections, library.collection_resources,
  library.category_tag_suggestions, library.suggestion_votes, library.category_hierarchy, library.category_filters,
  library.resource_statistics
to anon, authenticated;

grant select on
  library.profile_preferences, library.user_roles, library.groups, library.group_members, library.notifications,
  library.resource_shares, library.resource_permissions, library.saved_resources, library.admin_config,
  library.permissions, library.role_permissions, library.permission_audit_logs, library.analytics_events
to authenticated;

grant insert, update, delete on
  library.user_roles, library.groups, library.group_members, library.resources, library.resource_shares,
  library.resource_permissions, library.resource_templates, library.saved_resources,
  library.resource_ratings, library.resource_comments, library.collections, library.collection_resources,
  library.category_tag_suggestions, library.suggestion_votes, library.admin_config, library.category_hierarchy,
  library.category_filters
to authenticated;

grant update on library.profiles to authenticated;
grant insert, update on library.profile_preferences to authenticated;
grant update, delete on library.notifications to authenticated;
grant delete on library.files to authenticated;
grant insert, delete on library.resource_versions, library.role_permissions to authenticated;
grant insert on library.permissions to authenticated;
grant insert on library.analytics_events to anon, authenticated;

-- Functions that see more than their caller belong to the role that may, and run for nobody who was not told so.
do $$
declare
  item record;
begin
  for item in
    select p.oid::regprocedure as name from pg_catalog.pg_proc as p
    where p.pronamespace = 'library_internal'::regnamespace and p.prosecdef
  loop
    execute format('alter function %s owner to relais_definer', item.name);
  end loop;
end
$$;
revoke execute on all functions in schema library, library_internal from public;
grant execute on all functions in schema library to anon, authenticated, service, relais_definer;

-- What policies and the functions above ask, under the caller's own name. Anybody with SQL may call them with any
-- argument: each answers for the caller only.
grant execute on function
  library_internal.has_rank(library.app_role), library_internal.my_group_ids(), library_internal.managed_group_ids(),
  library_internal.shared_resource_ids(), library_internal.writable_resource_ids(), library_internal.role_of(uuid),
  library_internal.address_of(uuid, uuid), library_internal.totals_of(uuid),
  library_internal.count_view(uuid), library_internal.count_download(uuid)
to anon, authenticated, service, relais_definer;
grant execute on all functions in schema library_internal to relais_definer;
-- For the sign-up path, imports and the command line.
grant execute on function
  library_internal.prepare_tenant(uuid), library_internal.free_username(text, uuid),
  library_internal.welcome(uuid, uuid)
to service;

-- A function made from now on runs for nobody either until it is granted. This holds for the whole database: a schema's
-- own defaults can only add to it. A migration that adds an extension has to grant its functions to public.
do $$
begin
  execute format('alter default privileges for role %I revoke execute on functions from public', current_user);
end
$$;
alter default privileges for role relais_definer revoke execute on functions from public;
