-- What somebody may do, by the matrix of permissions: ordinary members may ask it of themselves, though only
-- administrators see the matrix.

create or replace function library_internal.permissions_of(person uuid)
  returns table (resource text, action text)
  language sql stable security definer rows 30
  begin atomic
    select p.resource, p.action
    from library.user_roles as r
    join library.role_permissions as m on m.tenant_id = r.tenant_id and m.role = case
      -- A token that does not reach as far as administration has the permissions of any member.
      when person = relais.user_id() and r.role > 'user'::library.app_role and not relais.has_scope('admin')
        then 'user'::library.app_role
      else r.role
    end
    join library.permissions as p on p.tenant_id = m.tenant_id and p.id = m.permission_id
    where r.tenant_id = relais.tenant_id() and r.user_id = person and (r.expires_at is null or r.expires_at > now())
      and (person = relais.user_id() or library_internal.has_rank('admin'::library.app_role))
    order by p.resource, p.action;
  end;
comment on function library_internal.permissions_of(uuid) is
  'The permissions of a user of this tenant now, to themselves and to administrators; nothing to anybody else.';

alter function library_internal.permissions_of(uuid) owner to relais_definer;
revoke execute on function library_internal.permissions_of(uuid) from public;
grant execute on function library_internal.permissions_of(uuid) to authenticated, service, relais_definer;
