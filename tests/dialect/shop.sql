-- What the awkward database has not, for its description: tenants, keys with a tenant in them, odd defaults, single
-- privileges, functions whose overloads are not for everyone, names that mean something in URLs and JSON pointers.
create schema relais;
create function relais.tenant_id() returns text language sql stable as $$ select 'a'::text $$;
create schema shop;
comment on schema shop is 'A shop';
grant usage on schema shop, relais to dialect_anon, dialect_author, dialect_admin;

create table shop.customers (
    tenant_id text not null default relais.tenant_id(),
    id integer,
    name text not null default 'it''s "x" \ y',
    nick text default 'a' || 'b',
    balance numeric default -1.50,
    since date default '2024-01-01',
    seen timestamptz default now(),
    visits bigint default 0,
    small smallint,
    ratio real default 0.5,
    friends jsonb[],
    primary key (tenant_id, id)
);
comment on column shop.customers.id is 'Given by hand';
create table shop.orders (
    tenant_id text not null default relais.tenant_id(),
    id integer,
    customer_id integer,
    primary key (tenant_id, id),
    foreign key (tenant_id, customer_id) references shop.customers
);
create table shop."a/b {c}~d%" ("e/f" integer primary key);
create table shop.by_column (id integer primary key, note text);
create table shop.by_trigger (id integer primary key);
create table shop.owned (id integer primary key);
create table shop.nothing (id integer primary key);
grant all on shop.customers, shop.orders, shop."a/b {c}~d%" to dialect_anon;
grant update (note) on shop.by_column to dialect_anon;
grant trigger on shop.by_trigger to dialect_anon;
alter table shop.owned owner to dialect_author;
revoke all on shop.owned from dialect_author;

create function shop.pick(a integer) returns integer language sql stable as $$ select a $$;
create function shop.pick(a integer, b integer) returns integer language sql stable as $$ select b $$;
create function shop.change(a integer) returns integer language sql volatile as $$ select a $$;
revoke execute on function shop.pick(integer, integer) from public;
grant execute on function shop.pick(integer, integer) to dialect_admin;

create function relais.refuse() returns void language plpgsql as $$
begin
    raise sqlstate 'PT418' using message = 'not now';
end
$$;
create function relais.become() returns void language plpgsql as $$
begin
    perform set_config('role', 'dialect_author', true);
end
$$;
