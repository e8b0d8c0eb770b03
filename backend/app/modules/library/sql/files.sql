-- Files and the resources that name them: who may read a file because of a resource, and whose a new file is.
--
-- A resource names its file in `file_path`. Whoever may read the resource may read the file, so a fork or a restored
-- version needs no copy of the bytes; in turn nobody names a file that they could not read themselves. Files that never
-- hung on anything are public to whoever knows their names; no list shows them but their uploader's.

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

create or replace function library_internal.public_file(name text) returns setof library.files
  language sql stable security definer rows 1
  begin atomic
    select f.* from library.files as f
    where f.tenant_id = relais.tenant_id() and f.file_name = name and f.is_public and f.resource_id is null;
  end;
comment on function library_internal.public_file(text) is
  'The file of this name if it never hung on a resource: for whoever was told the name, which is not to be guessed.';

create or replace function library_internal.readable_file(name text) returns setof library.files
  language sql stable rows 1
  begin atomic
    select f.* from library.files as f where f.tenant_id = relais.tenant_id() and f.file_name = name
    union
    select f.* from library_internal.public_file(name) as f;
  end;
comment on function library_internal.readable_file(text) is
  'The file of this name if the caller may read it: because of a resource, as its uploader, or because it is public.';

create or replace function library_internal.keep_file_readable() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.file_path is not distinct from old.file_path then
    return new;
  end if;
  if library_internal.file_exists(new.file_path)
     and not exists (select from library_internal.readable_file(new.file_path)) then
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

create or replace function library_internal.drop_former_picture() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name constant pg_catalog.text := substring(left(old.avatar_url, 4096) from '/api/files/([A-Za-z0-9._-]+)');
begin
  delete from library.files as f
  where f.tenant_id = old.tenant_id and f.file_name = name and f.is_inline and f.is_public
    and not exists (
      select from library.profiles as p where p.tenant_id = f.tenant_id and strpos(p.avatar_url, name) > 0)
    and not exists (select from library.resources as r where r.tenant_id = f.tenant_id and r.file_path = name);
  return null;
end
$$;
comment on function library_internal.drop_former_picture() is
  'The picture that a form wrote into a profile goes when another one takes its place. Its bytes are swept away.';
create or replace trigger drop_former_picture after update of avatar_url on library.profiles
  for each row when (old.avatar_url is not null and new.avatar_url is distinct from old.avatar_url)
  execute function library_internal.drop_former_picture();

create or replace function library_internal.leave_former_file() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update library.files as f
  set updated_at = now()
  where f.tenant_id = old.tenant_id and f.resource_id = old.id and f.is_inline
    and f.file_name in (old.file_path, substring(left(old.file_url, 4096) from '/api/files/([A-Za-z0-9._-]+)'));
  return null;
end
$$;
comment on function library_internal.leave_former_file() is
  'From now on the file that a form wrote into the resource may be left over: it is swept away unless a version names it.';
create or replace trigger leave_former_file after update of file_path, file_url on library.resources
  for each row when (
    new.file_path is distinct from old.file_path or new.file_url is distinct from old.file_url)
  execute function library_internal.leave_former_file();

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
      (tenant_id, file_name, original_name, mime_type, size, uploaded_by, resource_id, is_public, is_inline)
    values
      ((new_file).tenant_id, (new_file).file_name, (new_file).original_name, (new_file).mime_type, (new_file).size,
       (new_file).uploaded_by, (new_file).resource_id, (new_file).is_public, coalesce((new_file).is_inline, false))
    returning *;
end
$$;
comment on function library_internal.add_file(library.files, bigint) is
  'Writes down a file whose bytes lie in their place; no row where its uploader''s files would come to more than the quota.';

alter function library_internal.file_exists(text) owner to relais_definer;
alter function library_internal.public_file(text) owner to relais_definer;
alter function library_internal.adopt_file() owner to relais_definer;
alter function library_internal.drop_former_picture() owner to relais_definer;
alter function library_internal.leave_former_file() owner to relais_definer;
revoke execute on function
  library_internal.file_exists(text), library_internal.keep_file_readable(), library_internal.adopt_file(),
  library_internal.add_file(library.files, bigint), library_internal.public_file(text),
  library_internal.readable_file(text), library_internal.drop_former_picture(), library_internal.leave_former_file()
from public;
grant execute on function library_internal.file_exists(text) to authenticated, service, relais_definer;
grant execute on function library_internal.public_file(text), library_internal.readable_file(text)
  to anon, authenticated, service, relais_definer;
grant execute on function
  library_internal.keep_file_readable(), library_internal.adopt_file(), library_internal.drop_former_picture(),
  library_internal.leave_former_file()
to relais_definer;
grant execute on function library_internal.add_file(library.files, bigint) to service, relais_definer;
