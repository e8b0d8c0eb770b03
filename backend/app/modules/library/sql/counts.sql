-- How much of something a caller may read, as computed columns: they run as whoever reads them, under the policies.

create or replace function library.readable_count(collection library.collections) returns integer
  language sql stable parallel safe
  return (
    select count(*)::integer from library.collection_resources as e
    where e.tenant_id = collection.tenant_id and e.collection_id = collection.id);
comment on function library.readable_count(library.collections) is
  'How many resources of a collection the caller may read, as a computed column.';
revoke execute on function library.readable_count(library.collections) from public;
grant execute on function library.readable_count(library.collections)
to anon, authenticated, service, relais_definer;
