-- created_at and updated_at of every table: clients send them everywhere, the server's clock decides.
--
-- A counter that moves is no update of its row (people sort by "last changed"), so that the trigger of a table with
-- counters names the other columns. A migration that adds a column to one of these tables runs this file again.

do $$
declare
  item record;
begin
  for item in
    select c.relname as name,
           case
             when bool_or(a.attname = any (array['resources_count', 'votes_count', 'usage_count', 'views_count']))
             then ' of ' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (
               where a.attname <> all (array['resources_count', 'votes_count', 'usage_count', 'views_count',
                                             'downloads_count', 'ratings_count', 'average_rating']))
             else ''
           end as watched
    from pg_catalog.pg_class as c
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'library'::regnamespace and c.relkind = 'r'
    group by c.relname
  loop
    execute format(
      'create or replace trigger stamp_row before insert or update%s on library.%I'
      ' for each row execute function relais.stamp_row()', item.watched, item.name);
  end loop;
end
$$;
