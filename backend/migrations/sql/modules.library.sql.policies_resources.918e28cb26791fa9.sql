-- Who may do what with resources and what hangs on them.
--
-- The rule of reading is written once, on `resources`. Every other table asks "is there such a resource?", which
-- PostgreSQL answers under the caller's own policies. Its cheap conditions come first: a public row never asks about
-- shares, and the shares of a caller are fetched once a statement.

select relais.drop_policies(
  'library.resources', 'library.resource_versions', 'library.resource_shares', 'library.resource_permissions',
  'library.resource_templates', 'library.files');

create policy read on library.resources for select to anon, authenticated
  using (visibility = 'public'::library.resource_visibility
    or user_id = (select relais.user_id())
    or (select library_internal.has_rank('moderator'))
    or id in (select library_internal.shared_resource_ids()));
create policy add on library.resources for insert to authenticated
  with check (user_id = (select relais.user_id()));
create policy change on library.resources for update to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin'))
    or id in (select library_internal.writable_resource_ids()));
create policy remove on library.resources for delete to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('moderator')));

create policy read on library.resource_versions for select to anon, authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_versions.tenant_id and r.id = resource_versions.resource_id));
-- Whoever may change the resource keeps versions of it, in their own name.
create policy add on library.resource_versions for insert to authenticated
  with check (created_by = (select relais.user_id()) and exists (
    select from library.resources as r
    where r.tenant_id = resource_versions.tenant_id and r.id = resource_versions.resource_id
      and (r.user_id = (select relais.user_id()) or (select library_internal.has_rank('admin'))
           or r.id in (select library_internal.writable_resource_ids()))));
create policy remove on library.resource_versions for delete to authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_versions.tenant_id and r.id = resource_versions.resource_id
      and r.user_id = (select relais.user_id())));

-- Only owners share, administrators do not; and with groups that they are in. Whom it is shared with sees the share.
create policy read on library.resource_shares for select to authenticated
  using (shared_with_user_id = (select relais.user_id())
    or shared_with_group_id in (select library_internal.my_group_ids())
    or exists (
    select from library.resources as r
    where r.tenant_id = resource_shares.tenant_id and r.id = resource_shares.resource_id
      and r.user_id = (select relais.user_id())));
create policy add on library.resource_shares for insert to authenticated
  with check (exists (
    select from library.resources as r
    where r.tenant_id = resource_shares.tenant_id and r.id = resource_shares.resource_id
      and r.user_id = (select relais.user_id()))
    and (shared_with_group_id is null or shared_with_group_id in (select library_internal.my_group_ids())
      or (select library_internal.has_rank('admin'))));
create policy change on library.resource_shares for update to authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_shares.tenant_id and r.id = resource_shares.resource_id
      and r.user_id = (select relais.user_id())));
create policy remove on library.resource_shares for delete to authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_shares.tenant_id and r.id = resource_shares.resource_id
      and r.user_id = (select relais.user_id())));

create policy read on library.resource_permissions for select to authenticated
  using ((select library_internal.has_rank('admin')) or exists (
    select from library.resources as r
    where r.tenant_id = resource_permissions.tenant_id and r.id = resource_permissions.resource_id
      and r.user_id = (select relais.user_id())));
create policy add on library.resource_permissions for insert to authenticated
  with check ((select library_internal.has_rank('admin')) or exists (
    select from library.resources as r
    where r.tenant_id = resource_permissions.tenant_id and r.id = resource_permissions.resource_id
      and r.user_id = (select relais.user_id())));
create policy change on library.resource_permissions for update to authenticated
  using ((select library_internal.has_rank('admin')) or exists (
    select from library.resources as r
    where r.tenant_id = resource_permissions.tenant_id and r.id = resource_permissions.resource_id
      and r.user_id = (select relais.user_id())));
create policy remove on library.resource_permissions for delete to authenticated
  using ((select library_internal.has_rank('admin')) or exists (
    select from library.resources as r
    where r.tenant_id = resource_permissions.tenant_id and r.id = resource_permissions.resource_id
      and r.user_id = (select relais.user_id())));

create policy read on library.resource_templates for select to anon, authenticated
  using (is_public or created_by = (select relais.user_id()));
create policy add on library.resource_templates for insert to authenticated
  with check (created_by = (select relais.user_id()));
create policy change on library.resource_templates for update to authenticated
  using (created_by = (select relais.user_id()));
create policy remove on library.resource_templates for delete to authenticated
  using (created_by = (select relais.user_id()) or (select library_internal.has_rank('moderator')));

-- A file that hangs on a resource is read like it; others are public if they never did. The service writes them.
create policy read on library.files for select to anon, authenticated
  using (resource_id is null and is_public or uploaded_by = (select relais.user_id())
    or (select library_internal.has_rank('admin')) or exists (
    select from library.resources as r
    where r.tenant_id = files.tenant_id and r.id = files.resource_id));
create policy remove on library.files for delete to authenticated
  using (uploaded_by = (select relais.user_id()) or (select library_internal.has_rank('admin')));
