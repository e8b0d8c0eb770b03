-- Who may do what with saves, marks, comments, collections, suggestions and votes.
--
-- The interface deletes other people's rows before it deletes a resource: those deletes touch nothing and do not fail,
-- and the foreign keys do what was meant.

select relais.drop_policies(
  'library.saved_resources', 'library.resource_ratings', 'library.resource_comments', 'library.collections',
  'library.collection_resources', 'library.category_tag_suggestions', 'library.suggestion_votes');

create policy read on library.saved_resources for select to authenticated
  using (user_id = (select relais.user_id()));
create policy add on library.saved_resources for insert to authenticated
  with check (user_id = (select relais.user_id()) and exists (
    select from library.resources as r
    where r.tenant_id = saved_resources.tenant_id and r.id = saved_resources.resource_id));
create policy change on library.saved_resources for update to authenticated
  using (user_id = (select relais.user_id()));
create policy remove on library.saved_resources for delete to authenticated
  using (user_id = (select relais.user_id()));

create policy read on library.resource_ratings for select to anon, authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_ratings.tenant_id and r.id = resource_ratings.resource_id));
create policy add on library.resource_ratings for insert to authenticated
  with check (user_id = (select relais.user_id()) and exists (
    select from library.resources as r
    where r.tenant_id = resource_ratings.tenant_id and r.id = resource_ratings.resource_id));
create policy change on library.resource_ratings for update to authenticated
  using (user_id = (select relais.user_id()));
create policy remove on library.resource_ratings for delete to authenticated
  using (user_id = (select relais.user_id()));

create policy read on library.resource_comments for select to anon, authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = resource_comments.tenant_id and r.id = resource_comments.resource_id));
create policy add on library.resource_comments for insert to authenticated
  with check (user_id = (select relais.user_id()) and exists (
    select from library.resources as r
    where r.tenant_id = resource_comments.tenant_id and r.id = resource_comments.resource_id));
create policy change on library.resource_comments for update to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));
create policy remove on library.resource_comments for delete to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('moderator')));

create policy read on library.collections for select to anon, authenticated
  using (is_public or user_id = (select relais.user_id()));
create policy add on library.collections for insert to authenticated
  with check (user_id = (select relais.user_id()));
create policy change on library.collections for update to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));
create policy remove on library.collections for delete to authenticated
  using (user_id = (select relais.user_id()) or (select library_internal.has_rank('admin')));

-- A public collection must not give away that it holds somebody's private resource.
create policy read on library.collection_resources for select to anon, authenticated
  using (exists (
    select from library.collections as c
    where c.tenant_id = collection_resources.tenant_id and c.id = collection_resources.collection_id
  ) and exists (
    select from library.resources as r
    where r.tenant_id = collection_resources.tenant_id and r.id = collection_resources.resource_id));
create policy add on library.collection_resources for insert to authenticated
  with check (exists (
    select from library.collections as c
    where c.tenant_id = collection_resources.tenant_id and c.id = collection_resources.collection_id
      and c.user_id = (select relais.user_id())
  ) and exists (
    select from library.resources as r
    where r.tenant_id = collection_resources.tenant_id and r.id = collection_resources.resource_id));
create policy change on library.collection_resources for update to authenticated
  using (exists (
    select from library.collections as c
    where c.tenant_id = collection_resources.tenant_id and c.id = collection_resources.collection_id
      and c.user_id = (select relais.user_id())));
create policy remove on library.collection_resources for delete to authenticated
  using (exists (
    select from library.collections as c
    where c.tenant_id = collection_resources.tenant_id and c.id = collection_resources.collection_id
      and c.user_id = (select relais.user_id())));

-- Voters write the score and the verdict that they computed: a moderator's update, so that theirs touches nothing.
create policy read on library.category_tag_suggestions for select to anon, authenticated
  using (true);
create policy add on library.category_tag_suggestions for insert to authenticated
  with check (suggested_by = (select relais.user_id()) or (select library_internal.has_rank('moderator')));
create policy change on library.category_tag_suggestions for update to authenticated
  using ((select library_internal.has_rank('moderator')));
create policy remove on library.category_tag_suggestions for delete to authenticated
  using ((select library_internal.has_rank('admin')));

create policy read on library.suggestion_votes for select to anon, authenticated
  using (true);
create policy add on library.suggestion_votes for insert to authenticated
  with check (user_id = (select relais.user_id()));
create policy change on library.suggestion_votes for update to authenticated
  using (user_id = (select relais.user_id()));
create policy remove on library.suggestion_votes for delete to authenticated
  using (user_id = (select relais.user_id()));
