-- An awkward database to ask questions of: schemas and types. The other files of this folder build on it, in the
-- order that `database.py` names. Nothing in it is random or reads the clock: two copies answer alike.
create schema api;
create schema api2;
create schema extra;
create schema hidden;
comment on schema api is E'The awkward API\n\nEverything that schemas in the wild do to a gateway.\nTwice.';

-- Enums and composites
create type api.mood as enum ('happy', 'so so', 'sad', 'with,comma', 'with"quote');
create type api.level as enum ('low', 'mid', 'high');
create type hidden.secret_level as enum ('open', 'closed');
create type api.address as (street text, city text, zip integer);
create type api.person as (name text, home api.address, moods api.mood[]);
create type "api"."Quoted Type" as enum ('A', 'b c', 'ü');

-- Domains: with checks, nested, over arrays, over composites, with defaults
create domain api.email as text check (value ~ '^[^@\s]+@[^@\s]+$');
comment on domain api.email is 'Something with an at';
create domain api.positive as integer check (value > 0);
create domain api.small_positive as api.positive check (value < 100);
create domain api.text_list as text[] check (cardinality(value) <= 5);
create domain api.short as varchar(5);
create domain api.priced as numeric(10, 2) default 9.99;
create domain api.required_text as text not null default 'given by the domain';
create domain api.good_address as api.address check ((value).zip is null or (value).zip > 0);
create domain api.mood_or_not as api.mood;

-- A domain with representations of its own: numbers that show themselves as `#rrggbb`
create domain api.colour as integer check (value between 0 and 16777215);

create function api.json(api.colour) returns json language sql immutable
    return to_json('#' || lpad(to_hex($1::integer), 6, '0'));
create function api.colour(text) returns api.colour language plpgsql immutable as $$
begin
    return (('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::integer)::api.colour;
end
$$;
create function api.colour(json) returns api.colour language sql immutable
    return api.colour($1 #>> '{}');
-- PostgreSQL warns that it ignores casts of domains: they are there for whoever reads the catalog.
create cast (api.colour as json) with function api.json(api.colour) as implicit;
create cast (json as api.colour) with function api.colour(json) as implicit;
create cast (text as api.colour) with function api.colour(text) as implicit;

-- A domain that only shows itself in its own way
create domain api.masked as text;
create function api.json(api.masked) returns json language sql immutable
    return to_json(left($1::text, 1) || '***');
create cast (api.masked as json) with function api.json(api.masked) as implicit;

-- Media types: domains whose names are media types
create domain api."text/plain" as text;
create domain api."text/html" as text;
create domain api."application/octet-stream" as bytea;
create domain api."application/vnd.dialect.lines" as text;
create domain api."*/*" as bytea;

-- Ranges
create type api.float_range as range (subtype = double precision);

-- A sequence that always says the same, so that two databases agree on what a new row is called.
create function hidden.always_the_same(sequence text) returns void language plpgsql as $$
begin
    execute format('alter sequence %s minvalue 9000 maxvalue 9001 increment 2 start 9000 restart cycle', sequence);
end
$$;
