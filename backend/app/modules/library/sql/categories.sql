-- Categories go.

create or replace function library.remove_category(category_id uuid) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- Locked first: nobody can put a category under one that is about to go.
  perform from library.category_hierarchy as c
  where c.tenant_id = relais.tenant_id() and c.id = remove_category.category_id
  for update;
  if not found then
    perform library_internal.refuse('CATEGORY_NOT_FOUND', 404, 'Catégorie non trouvée');
  end if;
  if exists (
    select from library.category_hierarchy as c
    where c.tenant_id = relais.tenant_id() and c.parent_id = remove_category.category_id
  ) then
    perform library_internal.refuse(
      'CATEGORY_HAS_CHILDREN', 400,
      'Impossible de supprimer une catégorie qui a des enfants. Supprimez d''abord les catégories enfants.');
  end if;
  delete from library.category_hierarchy as c
  where c.tenant_id = relais.tenant_id() and c.id = remove_category.category_id;
end
$$;
comment on function library.remove_category(uuid) is
  'Removes a category that has none under it, with its filters. For administrators.';
grant execute on function library.remove_category(uuid) to anon, authenticated, service, relais_definer;
