-- A desk where orders are written: keys that are numbered, checks that refuse, rows that belong to somebody.
create schema desk;
grant usage on schema desk to anon, authenticated;
create table desk.orders (
    id integer generated always as identity primary key, title text not null, amount numeric, document jsonb,
    owner text not null default nullif(current_setting('relais.user_id', true), ''), version integer not null default 1
);
create table desk.lines (
    id integer generated always as identity primary key,
    order_id integer not null references desk.orders (id) deferrable initially immediate,
    quantity integer not null check (quantity > 0), note text, unique (order_id, note)
);
-- What a batch makes in any order: checked at its end.
create table desk.rings (id integer primary key, next integer not null references desk.rings (id)
    deferrable initially deferred);
create table desk.counters (id integer primary key, value integer not null default 0, note text);
create table desk.log (id bigint generated always as identity primary key, said text);
create view desk.large_orders as select id, title, amount from desk.orders where amount > 1000;
insert into desk.counters (id) select generate_series(1, 3);
alter table desk.orders enable row level security;
create policy own on desk.orders for all to authenticated
    using (owner = (select current_setting('relais.user_id', true)));
grant select, insert, update, delete on desk.orders, desk.lines, desk.rings, desk.counters to authenticated;
grant select on desk.orders, desk.large_orders to authenticated;
grant select, insert on desk.log to authenticated, anon;
-- Whoever writes here may remove, but not change.
create table desk.notes (id integer primary key, said text);
grant select, insert, delete on desk.notes to authenticated;

create function desk.add_order(title text) returns setof desk.orders language sql volatile as $$
    insert into desk.orders (title) values (title) returning *
$$;
create function desk.double(n integer) returns integer language sql immutable as $$ select n * 2 $$;
create function desk.lies(said text) returns integer language plpgsql stable as $$
begin
    perform desk.says(said);
    return 1;
end
$$;
create function desk.says(said text) returns void language plpgsql volatile as $$
begin
    insert into desk.log (said) values (says.said);
end
$$;
create function desk.slowly(said text, seconds float8) returns integer language plpgsql volatile as $$
begin
    perform pg_sleep(seconds);
    insert into desk.log (said) values (slowly.said);
    return 1;
end
$$;
create function desk.teapot() returns text language plpgsql volatile as $$
begin
    perform set_config('response.status', '418', false), set_config('response.headers', '[{"X-Tea": "yes"}]', false);
    insert into desk.log (said) values ('tea');
    return 'short';
end
$$;
create function desk.serious() returns text language sql volatile set default_transaction_isolation = 'serializable'
    as $$ select current_setting('transaction_isolation') $$;
create function desk.surroundings() returns json language sql volatile set statement_timeout = '7s' as $$
    select json_build_object('timeout', current_setting('statement_timeout'), 'role', current_user,
        'timezone', current_setting('timezone'), 'read_only', current_setting('transaction_read_only'),
        'path', current_setting('request.path', true), 'header', current_setting('request.headers', true)::json)
$$;
create function desk.now_is() returns json language sql volatile as $$
    select json_build_object('timeout', current_setting('statement_timeout'), 'role', current_user,
        'timezone', current_setting('timezone'), 'read_only', current_setting('transaction_read_only'))
$$;
create function desk.long_text(n integer) returns text language sql volatile as $$ select repeat('x', n) $$;
create function desk.bytes() returns bytea language sql volatile as $$ select '\xff00'::bytea $$;
grant execute on all functions in schema desk to anon, authenticated;
