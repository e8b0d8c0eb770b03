-- Resources by their tags, whatever the case: the interface asks in lower case for tags that people wrote in capitals.
--
-- PostgreSQL tries a policy before `&&`, which is not leak-proof, so that a caller's own question never reads the index.
-- The definer function below reads it and answers for the caller only; the rows themselves come under the policy.

create or replace function library_internal.folded(words text[]) returns text[]
  language sql immutable parallel safe strict
  return array(select lower(word) from unnest(words) as word);
comment on function library_internal.folded(text[]) is 'Words without their case, for the index.';

create or replace function library.folded_tags(resource library.resources) returns text[]
  language sql immutable parallel safe
  return library_internal.folded(resource.tags);
comment on function library.folded_tags(library.resources) is 'The tags of a resource in lower case, as a computed column.';

create or replace function library_internal.tagged_resource_ids(any_of text[]) returns setof uuid
  language sql stable parallel safe security definer rows 1000
  begin atomic
    select r.id from library.resources as r
    where r.tenant_id = relais.tenant_id() and library_internal.folded(r.tags) && library_internal.folded(any_of)
      and (r.visibility = 'public'::library.resource_visibility
        or r.user_id = (select relais.user_id())
        or (select library_internal.has_rank('moderator') or library_internal.asks_as_service())
        or r.id in (select library_internal.shared_resource_ids()));
  end;
comment on function library_internal.tagged_resource_ids(text[]) is
  'Resources that the caller may read and that have one of these tags, whatever the case.';

create or replace function library.resources_tagged(any_of text[]) returns setof library.resources
  language sql stable parallel safe rows 1000
  begin atomic
    select r.* from library.resources as r
    where r.tenant_id = relais.tenant_id() and r.id in (select library_internal.tagged_resource_ids(any_of));
  end;
comment on function library.resources_tagged(text[]) is
  'The resources with one of these tags, whatever the case. It filters, orders and embeds like the table.';

alter function library_internal.tagged_resource_ids(text[]) owner to relais_definer;
revoke execute on function library_internal.tagged_resource_ids(text[]), library_internal.folded(text[]) from public;
grant execute on function
  library_internal.tagged_resource_ids(text[]), library_internal.folded(text[]),
  library.folded_tags(library.resources), library.resources_tagged(text[])
to anon, authenticated, service, relais_definer;
