-- Rows that belong to users, for a crowd to read and write: whoever asks sees their own and no others.
create table api.diary (
    id bigint generated always as identity primary key,
    owner text not null default current_setting('request.jwt.claims')::json ->> 'sub',
    page integer not null,
    seen integer not null default 0
);
insert into api.diary (owner, page) select 'user ' || u, p from generate_series(0, 19) u, generate_series(1, 10) p;
alter table api.diary enable row level security;
create policy own_pages on api.diary to dialect_author, dialect_anon
    using (owner = (select current_setting('request.jwt.claims')::json ->> 'sub'));
create policy every_page on api.diary to dialect_admin using (true);
grant all on api.diary to dialect_author, dialect_anon, dialect_admin;
create function api.slow_pages(seconds double precision) returns table (owner text) language sql volatile as $$
    select pg_sleep(seconds);
    select owner from api.diary order by id;
$$;
-- A function that leaves settings behind, as functions in the wild do, and says whom it was called by.
create function api.pretend(name text) returns text language plpgsql volatile as $$
declare
    caller text := current_setting('request.jwt.claims')::json ->> 'sub';
begin
    perform set_config('request.jwt.claims', json_build_object('sub', name, 'role', 'dialect_admin')::text, false);
    return caller;
end
$$;
notify pgrst;
