-- What is told by e-mail of what somebody has not read: daily or weekly, as they prefer.

create or replace function library_internal.digests(frequency text, since timestamptz, until timestamptz)
  returns table (
    tenant_id uuid, user_id uuid, email text, locale text, name text, unread bigint, messages text[])
  language sql stable parallel safe security definer
  begin atomic
    select p.tenant_id, p.user_id, u.email, u.locale,
           coalesce(nullif(f.full_name, ''), f.username), told.unread, told.messages
    from library.profile_preferences as p
    join library.profiles as f on f.tenant_id = p.tenant_id and f.user_id = p.user_id
    join relais.memberships as m on m.tenant_id = p.tenant_id and m.user_id = p.user_id
    join relais.users as u on u.id = p.user_id and u.disabled_at is null and u.email_verified_at is not null
    cross join lateral (
      select count(*) as unread, (array_agg(n.message order by n.created_at desc, n.id))[1:5] as messages
      from library.notifications as n
      where n.tenant_id = p.tenant_id and n.user_id = p.user_id and not n.is_read
        and n.created_at >= since and n.created_at < until
        and not coalesce(p.notifications -> 'muted' ? n.type, false)
        -- What has been closed to them since says its title no more.
        and (n.resource_id is null or library_internal.readable_by(n.tenant_id, n.resource_id, n.user_id))
    ) as told
    where p.notifications ->> 'digest' = frequency and told.unread > 0;
  end;
comment on function library_internal.digests(text, timestamptz, timestamptz) is
  'Who is to be written to, of what they were told in a time and have not read. For the worker.';

alter function library_internal.digests(text, timestamptz, timestamptz) owner to relais_definer;
revoke execute on function library_internal.digests(text, timestamptz, timestamptz) from public;
grant execute on function library_internal.digests(text, timestamptz, timestamptz) to service, relais_definer;
