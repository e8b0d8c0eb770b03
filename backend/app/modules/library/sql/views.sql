-- Views run as whoever reads them, under the policies of the tables that they read.

create or replace function library_internal.totals_of(resource uuid)
  returns table (comments_count integer, saves_count integer, versions_count integer, collections_count integer)
  language sql stable parallel safe security definer rows 1
  begin atomic
    select
      (select count(*) from library.resource_comments as c
       where c.tenant_id = relais.tenant_id() and c.resource_id = resource)::integer,
      (select count(*) from library.saved_resources as s
       where s.tenant_id = relais.tenant_id() and s.resource_id = resource)::integer,
      (select count(*) from library.resource_versions as v
       where v.tenant_id = relais.tenant_id() and v.resource_id = resource)::integer,
      (select count(*) from library.collection_resources as e
       where e.tenant_id = relais.tenant_id() and e.resource_id = resource)::integer
    where library_internal.can_read(resource);
  end;
comment on function library_internal.totals_of(uuid) is
  'How often a resource that the caller may read was commented on, saved, kept as a version and collected: not by whom.';

create or replace view library.resource_statistics with (security_invoker = true) as
  select r.tenant_id, r.id, r.user_id, r.title, r.category, r.resource_type, r.visibility,
         r.views_count, r.downloads_count, r.ratings_count, r.average_rating,
         t.comments_count, t.saves_count, t.versions_count, t.collections_count,
         r.created_at, r.updated_at
  from library.resources as r
  cross join lateral library_internal.totals_of(r.id) as t;
comment on view library.resource_statistics is
  'The resources that the caller may read, with what people did with them. Counts again for every row that it answers:'
  ' read it by id or with a limit.';
