-- Triggers that any table may use.

create or replace function relais.stamp_row() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Clients send created_at and updated_at because their old store did; the server's clock decides. Trusted roles
  -- (imports) may set both.
  if tg_op = 'INSERT' then
    if not relais.is_trusted() then
      new.created_at := now();
      new.updated_at := now();
    end if;
    return new;
  end if;
  if not relais.is_trusted() then
    new.created_at := old.created_at;
    new.updated_at := now();
  elsif new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function relais.stamp_row() is 'Keeps created_at and updated_at: the clock of the server, not of the client.';

create or replace trigger stamp_row before insert or update on relais.tenants
  for each row execute function relais.stamp_row();
create or replace trigger stamp_row before insert or update on relais.users
  for each row execute function relais.stamp_row();
create or replace trigger stamp_row before insert or update on relais.memberships
  for each row execute function relais.stamp_row();
create or replace trigger stamp_row before insert or update on relais.oauth_accounts
  for each row execute function relais.stamp_row();
