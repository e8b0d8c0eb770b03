-- What people are told. Written here, and not by the routes, so that it does not matter on which road a share, a
-- comment, a new member or a verdict came. Imports tell nobody: all of it happened long ago. Nobody is told of a resource
-- that they may not read at that moment: a message says its title.

create or replace function library_internal.display_name(tenant uuid, person uuid) returns text
  language sql stable parallel safe security definer
  begin atomic
    select coalesce(
      (select coalesce(nullif(p.full_name, ''), nullif(p.username, '')) from library.profiles as p
       where p.tenant_id = tenant and p.user_id = person), 'Quelqu''un');
  end;
comment on function library_internal.display_name(uuid, uuid) is 'How a user is called in a sentence.';

create or replace function library_internal.tell_share() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library.notifications (tenant_id, user_id, type, title, message, resource_id)
  select new.tenant_id, receiver, 'resource_shared', 'Ressource partagée',
         format('%s a partagé avec vous « %s »',
                library_internal.display_name(new.tenant_id, relais.user_id()), r.title), r.id
  from library.resources as r
  cross join lateral (
    select new.shared_with_user_id as receiver
    union
    select m.user_id from library.group_members as m
    where m.tenant_id = new.tenant_id and m.group_id = new.shared_with_group_id
  ) as receivers
  where r.tenant_id = new.tenant_id and r.id = new.resource_id
    and receiver is not null and receiver is distinct from relais.user_id()
    and library_internal.readable_by(r.tenant_id, r.id, receiver);
  return null;
end
$$;
create or replace trigger tell_share after insert on library.resource_shares
  for each row when (
    not relais.is_trusted() and new.created_at = new.updated_at and (new.expires_at is null or new.expires_at > now()))
  execute function library_internal.tell_share();

create or replace function library_internal.tell_comment() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library.notifications (tenant_id, user_id, type, title, message, resource_id)
  select new.tenant_id, receiver, 'new_comment', 'Nouveau commentaire',
         format('%s a commenté « %s »', library_internal.display_name(new.tenant_id, new.user_id), r.title), r.id
  from library.resources as r
  cross join lateral (
    select r.user_id as receiver
    union
    select c.user_id from library.resource_comments as c where c.tenant_id = new.tenant_id and c.id = new.parent_id
  ) as receivers
  where r.tenant_id = new.tenant_id and r.id = new.resource_id and receiver <> new.user_id
    and library_internal.readable_by(r.tenant_id, r.id, receiver);
  return null;
end
$$;
create or replace trigger tell_comment after insert on library.resource_comments
  for each row when (not relais.is_trusted()) execute function library_internal.tell_comment();

create or replace function library_internal.tell_member() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library.notifications (tenant_id, user_id, type, title, message, group_id)
  select new.tenant_id, new.user_id, 'group_invitation', 'Invitation à un groupe',
         format('%s vous a ajouté au groupe « %s »',
                library_internal.display_name(new.tenant_id, relais.user_id()), g.name), g.id
  from library.groups as g
  where g.tenant_id = new.tenant_id and g.id = new.group_id and new.user_id is distinct from relais.user_id();
  return null;
end
$$;
create or replace trigger tell_member after insert on library.group_members
  for each row when (not relais.is_trusted()) execute function library_internal.tell_member();

create or replace function library_internal.tell_verdict() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Votes decide inside a definer function, so that the trigger's own condition cannot tell them from an import.
  -- What the worker decides because a threshold was changed is news all the same.
  if library_internal.asks_as_service() and coalesce(current_setting('library.settling', true), '') <> 'on' then
    return null;
  end if;
  insert into library.notifications (tenant_id, user_id, type, title, message)
  values (
    new.tenant_id, new.suggested_by, 'suggestion_' || new.status,
    case new.status when 'approved' then 'Suggestion approuvée' else 'Suggestion refusée' end,
    format('Votre suggestion « %s » a été %s', new.name,
           case new.status when 'approved' then 'approuvée' else 'refusée' end));
  return null;
end
$$;
create or replace trigger tell_verdict after update of status on library.category_tag_suggestions
  for each row when (old.status <> new.status and new.status <> 'pending' and new.suggested_by is not null)
  execute function library_internal.tell_verdict();
