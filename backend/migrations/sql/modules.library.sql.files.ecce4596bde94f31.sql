-- Files and the resources that name them: who may read a file because of a resource, and whose a new file is.
--
-- A resource names its file in `file_path`. Whoever may read the resource may read the file, so a fork or a restored
-- version needs no copy of the bytes; in turn nobody names a file that they could not read themselves.

drop policy if exists read_by_name on library.files;
create policy read_by_name on library.files for select to anon, authenticated
  using (exists (
    select from library.resources as r
    where r.tenant_id = files.tenant_id and r.file_path = files.file_name));

create or replace function library_internal.file_exists(name text) returns boolean
  language sql stable security definer
  begin atomic
    select exists (select from library.files as f where f.tenant_id = relais.tenant_id() and f.file_name = name);
  end;
comment on function library_internal.file_exists(text) is
  'Whether this tenant has a file of this name, readable or not. Names are not to be guessed.';

create or replace function library_internal.keep_file_readable() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.file_path is not distinct from old.file_path then
    return new;
  end if;
  -- Asked as the caller: row security leaves out what they may not read.
  if library_internal.file_exists(new.file_path)
     and not exists (select from library.files as f where f.tenant_id = new.tenant_id and f.file_name = new.file_path)
  then
    new.file_path := case tg_op when 'UPDATE' then old.file_path end;
  end if;
  return new;
end
$$;
comment on function library_internal.keep_file_readable() is
  'A resource names no file that its writer may not read: it would show it to others.';
create or replace trigger keep_file_readable before insert or update of file_path on library.resources
  for each row when (new.file_path is not null and not relais.is_trusted())
  execute function library_internal.keep_file_readable();

create or replace function library_internal.adopt_file() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update library.files as f
  set resource_id = new.id
  where f.tenant_id = new.tenant_id and f.file_name = new.file_path and f.resource_id is null
    and f.uploaded_by = coalesce(relais.user_id(), new.user_id);
  return null;
end
$$;
comment on function library_internal.adopt_file() is
  'A file of somebody''s own that hangs on nothing hangs on the resource in which they name it, and is read like it.';
create or replace trigger adopt_file after insert or update of file_path on library.resources
  for each row when (new.file_path is not null) execute function library_internal.adopt_file();

create or replace function library_internal.add_file(new_file library.files, quota bigint) returns setof library.files
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- One at a time for each user: two that come together must not both take the last of the room.
  perform pg_advisory_xact_lock(hashtextextended('library.files ' || (new_file).uploaded_by, 0));
  if quota > 0 and (new_file).size + (
      select coalesce(sum(f.size), 0) from library.files as f
      where f.tenant_id = (new_file).tenant_id and f.uploaded_by = (new_file).uploaded_by) > quota then
    return;
  end if;
  return query
    insert into library.files
      (tenant_id, file_name, original_name, mime_type, size, uploaded_by, resource_id, is_public)
    values
      ((new_file).tenant_id, (new_file).file_name, (new_file).original_name, (new_file).mime_type, (new_file).size,
       (new_file).uploaded_by, (new_file).resource_id, (new_file).is_public)
    returning *;
end
$$;
comment on function library_internal.add_file(library.files, bigint) is
  'Writes down a file whose bytes lie in their place; no row where its uploader''s files would come to more than the quota.';

alter function library_internal.file_exists(text) owner to relais_definer;
alter function library_internal.adopt_file() owner to relais_definer;
revoke execute on function
  library_internal.file_exists(text), library_internal.keep_file_readable(), library_internal.adopt_file(),
  library_internal.add_file(library.files, bigint)
from public;
grant execute on function library_internal.file_exists(text) to authenticated, service, relais_definer;
grant execute on function library_internal.keep_file_readable(), library_internal.adopt_file() to relais_definer;
grant execute on function library_internal.add_file(library.files, bigint) to service, relais_definer;
