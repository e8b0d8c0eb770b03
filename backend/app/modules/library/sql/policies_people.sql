-- Who may do what with profiles, ranks, groups and notifications.

select relais.drop_policies(
  'library.profiles', 'library.profile_preferences', 'library.user_roles', 'library.groups',
  'library.group_members', 'library.notifications');

-- Everybody sees everybody. Rows come and go with memberships, never by a client.
create policy read on library.profiles for select to anon, authenticated
  using (true);
create policy change on library.profiles for update to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));

create policy read on library.profile_preferences for select to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));
create policy add on library.profile_preferences for insert to authenticated
  with check (user_id = (select relais.user_id()));
create policy change on library.profile_preferences for update to authenticated
  using (user_id = (select relais.user_id()));

-- Administrators hand out the ranks below their own; only super administrators make administrators.
create policy read on library.user_roles for select to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));
create policy add on library.user_roles for insert to authenticated
  with check ((select library_internal.has_rank('super_admin'))
    or role < 'admin'::library.app_role and (select library_internal.has_rank('admin')));
create policy change on library.user_roles for update to authenticated
  using ((select library_internal.has_rank('super_admin'))
    or role < 'admin'::library.app_role and (select library_internal.has_rank('admin')));
create policy remove on library.user_roles for delete to authenticated
  using ((select library_internal.has_rank('super_admin'))
    or role < 'admin'::library.app_role and (select library_internal.has_rank('admin')));

create policy read on library.groups for select to authenticated
  using (owner_id = (select relais.user_id()) or id in (select library_internal.my_group_ids())
    or (select library_internal.has_rank('admin')));
create policy add on library.groups for insert to authenticated
  with check (owner_id = (select relais.user_id()));
create policy change on library.groups for update to authenticated
  using (owner_id = (select relais.user_id()) or id in (select library_internal.managed_group_ids())
    or (select library_internal.has_rank('admin')));
create policy remove on library.groups for delete to authenticated
  using (owner_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));

create policy read on library.group_members for select to authenticated
  using (group_id in (select library_internal.my_group_ids()) or (select library_internal.has_rank('admin')));
create policy add on library.group_members for insert to authenticated
  with check (group_id in (select library_internal.managed_group_ids()) or (select library_internal.has_rank('admin')));
create policy change on library.group_members for update to authenticated
  using (group_id in (select library_internal.managed_group_ids()) or (select library_internal.has_rank('admin')));
-- Members may leave; a trigger keeps the owner in.
create policy remove on library.group_members for delete to authenticated
  using (user_id = (select relais.user_id()) or group_id in (select library_internal.managed_group_ids())
    or (select library_internal.has_rank('admin')));
-- In the place of the one in `access.sql`, by which guests remove nothing: they leave as well.
drop policy if exists members_remove on library.group_members;
create policy members_remove on library.group_members as restrictive for delete to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('user')));

-- Only the server writes notifications: there is no policy for inserts, and no grant.
create policy read on library.notifications for select to authenticated
  using (user_id = (select relais.user_id()));
create policy change on library.notifications for update to authenticated
  using (user_id = (select relais.user_id()));
create policy remove on library.notifications for delete to authenticated
  using (user_id = (select relais.user_id()));
