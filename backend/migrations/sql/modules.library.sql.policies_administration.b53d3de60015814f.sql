-- Who may do what with settings, categories, permissions and measurements.

select relais.drop_policies(
  'library.admin_config', 'library.category_hierarchy', 'library.category_filters', 'library.permissions',
  'library.role_permissions', 'library.permission_audit_logs', 'library.analytics_events');

-- Votes are counted in browsers too: whoever votes reads the thresholds. Whoever has signed in elsewhere does not vote.
create policy read on library.admin_config for select to authenticated
  using ((select relais.has_role('member')));
create policy add on library.admin_config for insert to authenticated
  with check ((select library_internal.has_rank('admin')));
create policy change on library.admin_config for update to authenticated
  using ((select library_internal.has_rank('admin')));
create policy remove on library.admin_config for delete to authenticated
  using ((select library_internal.has_rank('admin')));

create policy read on library.category_hierarchy for select to anon, authenticated
  using (true);
create policy add on library.category_hierarchy for insert to authenticated
  with check ((select library_internal.has_rank('admin')));
create policy change on library.category_hierarchy for update to authenticated
  using ((select library_internal.has_rank('admin')));
create policy remove on library.category_hierarchy for delete to authenticated
  using ((select library_internal.has_rank('admin')));

create policy read on library.category_filters for select to anon, authenticated
  using (true);
create policy add on library.category_filters for insert to authenticated
  with check ((select library_internal.has_rank('admin')));
create policy change on library.category_filters for update to authenticated
  using ((select library_internal.has_rank('admin')));
create policy remove on library.category_filters for delete to authenticated
  using ((select library_internal.has_rank('admin')));

-- Administrators see the matrix, super administrators change it, triggers write the record of it.
create policy read on library.permissions for select to authenticated
  using ((select library_internal.has_rank('admin')));
create policy add on library.permissions for insert to authenticated
  with check ((select library_internal.has_rank('super_admin')));
create policy read on library.role_permissions for select to authenticated
  using ((select library_internal.has_rank('admin')));
create policy add on library.role_permissions for insert to authenticated
  with check ((select library_internal.has_rank('super_admin')));
create policy remove on library.role_permissions for delete to authenticated
  using ((select library_internal.has_rank('super_admin')));
create policy read on library.permission_audit_logs for select to authenticated
  using ((select library_internal.has_rank('super_admin')));

create policy read on library.analytics_events for select to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));
create policy add on library.analytics_events for insert to anon, authenticated
  with check (resource_id is null or exists (
    select from library.resources as r
    where r.tenant_id = analytics_events.tenant_id and r.id = analytics_events.resource_id));
