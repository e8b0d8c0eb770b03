-- Numbers that a new row gets when its client sent none: places in an order, numbers of versions.
-- They depend on the other rows of one parent, so that writers of one parent take turns.

create or replace function library_internal.take_turn(about text) returns void
  language sql volatile
  begin atomic
    select pg_advisory_xact_lock(hashtextextended('library:' || about, 0));
  end;
comment on function library_internal.take_turn(text) is 'Waits until nobody else is numbering the rows of this parent.';

create or replace function library_internal.sync_order() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  parent constant text := tg_argv[0];
  parent_id uuid;
begin
  if tg_op = 'UPDATE' then
    -- Whichever of the two names was written counts.
    if new.order_index is not distinct from old.order_index then
      new.order_index := new."order";
    end if;
  else
    new.order_index := coalesce(new.order_index, new."order");
    if new.order_index is null then
      parent_id := (to_jsonb(new) ->> parent)::uuid;
      perform library_internal.take_turn(concat_ws(':', tg_table_name, new.tenant_id, parent_id));
      execute format(
        'select coalesce(max(order_index), 0) + 1 from library.%I where tenant_id = $1 and %I %s',
        tg_table_name, parent, case when parent_id is null then 'is null' else '= $2' end
      ) into new.order_index using new.tenant_id, parent_id;
    end if;
  end if;
  new."order" := new.order_index;
  return new;
end
$$;
comment on function library_internal.sync_order() is
  'Keeps `order` and `order_index` equal: clients know either name. Without one a row goes to the end of its parent.';

create or replace trigger sync_order before insert or update on library.collection_resources
  for each row execute function library_internal.sync_order('collection_id');
create or replace trigger sync_order before insert or update on library.category_hierarchy
  for each row execute function library_internal.sync_order('parent_id');
create or replace trigger sync_order before insert or update on library.category_filters
  for each row execute function library_internal.sync_order('category_id');

create or replace function library_internal.number_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  newest integer;
begin
  -- Browsers compute the next number themselves, and two of them compute the same one.
  perform library_internal.take_turn(concat_ws(':', 'versions', new.tenant_id, new.resource_id));
  select max(v.version_number) into newest from library.resource_versions as v
  where v.tenant_id = new.tenant_id and v.resource_id = new.resource_id;
  -- The only number that a client may choose is the one that it would get. A service may leave gaps: imports do.
  if new.version_number is null or not library_internal.asks_as_service() or exists (
    select from library.resource_versions as v
    where v.tenant_id = new.tenant_id and v.resource_id = new.resource_id and v.version_number = new.version_number
  ) then
    new.version_number := coalesce(newest, 0) + 1;
  end if;
  return new;
end
$$;
comment on function library_internal.number_version() is 'Gives a version the next number, or the one that an import sent if it is free.';

create or replace trigger number_version before insert on library.resource_versions
  for each row execute function library_internal.number_version();

create or replace function library_internal.keep_newest_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (
    select from library.resource_versions as v
    where v.tenant_id = old.tenant_id and v.resource_id = old.resource_id and v.version_number > old.version_number
  ) then
    raise exception using message = 'Impossible de supprimer la version la plus récente';
  end if;
  return old;
end
$$;
comment on function library_internal.keep_newest_version() is 'Refuses to delete the newest version of a resource.';

create or replace trigger keep_newest_version before delete on library.resource_versions
  for each row when (not relais.is_trusted()) execute function library_internal.keep_newest_version();
