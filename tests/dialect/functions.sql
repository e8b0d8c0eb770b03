-- Functions that are called by name: every way to take arguments and to answer.

-- Arguments
create function api.add(a integer, b integer default 10) returns integer language sql immutable as $$ select a + b $$;
comment on function api.add(integer, integer) is E'Adds\n\nTwo numbers.';
create function api.over(a integer) returns text language sql immutable as $$ select 'a' $$;
create function api.over(a integer, b integer) returns text language sql immutable as $$ select 'a, b' $$;
create function api.over(x text) returns text language sql immutable as $$ select 'x ' || x $$;
create function api.over() returns text language sql immutable as $$ select 'nothing' $$;
create function api.clash(a integer) returns text language sql immutable as $$ select 'integer' $$;
create function api.clash(a text) returns text language sql immutable as $$ select 'text' $$;
create function api.clash_default(a integer, b integer default 1) returns text language sql immutable as $$ select 'b' $$;
create function api.clash_default(a integer, c text default 'c') returns text language sql immutable as $$ select 'c' $$;
create function api.either(a integer) returns text language sql immutable as $$ select 'named ' || a $$;
create function api.either(json) returns text language sql immutable as $$ select 'body ' || $1::text $$;
create function api.join_all(variadic v text[]) returns text language sql immutable as $$ select array_to_string(v, '+', '?') $$;
create function api.sum_all(label text, variadic v integer[] default '{}') returns text language sql immutable as $$
    select label || ' ' || coalesce((select sum(x) from unnest(v) x), 0)
$$;
create function api.unnamed_json(json) returns json language sql immutable as $$ select $1 $$;
create function api.unnamed_jsonb(jsonb) returns jsonb language sql immutable as $$ select $1 $$;
create function api.unnamed_text(text) returns text language sql immutable as $$ select 'got ' || $1 $$;
create function api.unnamed_bytea(bytea) returns integer language sql immutable as $$ select length($1) $$;
create function api.unnamed_xml(xml) returns text language sql immutable as $$ select 'xml' $$;
create function api.unnamed_integer(integer) returns integer language sql immutable as $$ select $1 $$;
create function api.unnamed_then(json, label text default 'x') returns text language sql immutable as $$ select $1::text || label $$;
create function api.many_defaults(a integer default 1, b text default 'two', c date default '2003-03-03', d integer[] default '{4}')
    returns text language sql immutable as $$ select format('%s|%s|%s|%s', a, b, c, d) $$;
create function api."Odd Function"("Some Arg" text, "other-arg" integer default 0) returns text language sql immutable as $$
    select $1 || $2
$$;
create function api."dash-fn"() returns integer language sql immutable as $$ select 7 $$;
create function api.reserved("select" text default 's', "order" text default 'o', plain text default 'p') returns text
    language sql immutable as $$ select $1 || $2 || $3 $$;
create function api.strict_echo(a text) returns text language sql immutable strict as $$ select a $$;
create function api.kinds(
    flag boolean default null, num numeric default null, big bigint default null, real_ double precision default null,
    day date default null, at timestamptz default null, span interval default null, id uuid default null,
    range int4range default null, mood api.mood default null, home api.address default null, mail api.email default null,
    doc json default null, docb jsonb default null, list text[] default null, homes api.address[] default null,
    fixed char(3) default null, flags bit(4) default null, bytes bytea default null, small api.small_positive default null
) returns json language sql immutable as $$
    select json_strip_nulls(json_build_object('flag', flag, 'num', num, 'big', big, 'real', real_, 'day', day, 'at', at,
        'span', span, 'id', id, 'range', range, 'mood', mood, 'home', home, 'mail', mail, 'doc', doc, 'docb', docb,
        'list', list, 'homes', homes, 'fixed', fixed, 'flags', flags, 'bytes', bytes, 'small', small))
$$;

-- Results
create function api.nothing() returns void language sql immutable as $$ $$;
create function api.do_nothing() returns void language plpgsql volatile as $$ begin end $$;
create function api.null_int() returns integer language sql immutable as $$ select null::integer $$;
create function api.null_row() returns api.books language sql stable as $$ select null::api.books $$;
create function api.no_row() returns api.books language sql stable as $$ select * from api.books where false $$;
create function api.one_book(n integer default 1) returns api.books language sql stable as $$ select * from api.books where id = n $$;
create function api.some_books(above numeric default 0) returns setof api.books rows 50 language sql stable as $$
    select * from api.books where price > above order by id
$$;
create function api.all_authors() returns setof api.authors language sql stable as $$ select * from api.authors order by id $$;
create function api.listed_books() returns setof api.book_list language sql stable as $$ select * from api.book_list order by 1 $$;
create function api.all_events() returns setof api.events language sql stable as $$ select * from api.events order by id, day $$;
create function api.in_cities() returns setof api.cities language sql stable as $$ select * from api.cities order by id $$;
create function api.vaults() returns setof hidden.vault language sql stable as $$ select * from hidden.vault order by id $$;
create function api.open_vaults() returns setof hidden.vault language sql stable security definer as $$ select * from hidden.vault order by id $$;
create function api.an_open_vault() returns hidden.vault language sql stable security definer as $$ select * from hidden.vault where id = 1 $$;
create function api.secret_levels() returns setof hidden.secret_level language sql immutable security definer as $$ select unnest(enum_range(null::hidden.secret_level)) $$;
create function api.echo_secret(a hidden.secret_level default 'open') returns text language sql immutable as $$ select a::text $$;
create function api.numbers_to(n integer) returns setof integer language sql immutable as $$ select generate_series(1, n) $$;
create function api.words() returns setof text language sql immutable as $$ values ('a'), ('b,c'), (null), ('"') $$;
create function api.mails() returns setof api.email language sql immutable as $$ values ('a@b'::api.email), (null) $$;
create function api.moods() returns setof api.mood language sql immutable as $$ select unnest(enum_range(null::api.mood)) $$;
create function api.paint() returns api.colour language sql immutable as $$ select 255::api.colour $$;
create function api.an_array() returns integer[] language sql immutable as $$ select '{1,2,null}'::integer[] $$;
create function api.an_address() returns api.address language sql immutable as $$ select ('Elm St 1', 'Bonn', 5)::api.address $$;
create function api.addresses() returns setof api.address language sql immutable as $$
    values ('Elm St 1', 'Bonn', 5), ('Oak, "St"', null, null)
$$;
create function api.good_place() returns api.good_address language sql immutable as $$ select ('x', 'y', 1)::api.address::api.good_address $$;
create function api.a_json() returns json language sql immutable as $$ select '{"b": 1,  "a": [1, {"x": null}], "b": 2}'::json $$;
create function api.a_jsonb() returns jsonb language sql immutable as $$ select '{"b": 1, "a": [1, {"x": null}]}'::jsonb $$;
create function api.jsons() returns setof json language sql immutable as $$ values ('{"a":1}'::json), ('[2]'), ('null') $$;
create function api.single_out(a integer, out doubled integer) language sql immutable as $$ select a * 2 $$;
create function api.two_out(a integer, out x integer, out "Y y" text) language sql immutable as $$ select a, 'y' || a $$;
create function api.in_out(inout a integer, inout b text default 'b') language sql immutable as $$ select a + 1, b || '!' $$;
create function api.set_out(n integer, out x integer, out y text) returns setof record language sql immutable as $$
    select i, 'y' || i from generate_series(1, n) i
$$;
create function api.a_table(n integer default 3) returns table (x integer, y text, z jsonb) language sql immutable as $$
    select i, chr(96 + i), jsonb_build_object('i', i) from generate_series(1, n) i
$$;
create function api.one_column(n integer default 2) returns table (x integer) language sql immutable as $$ select generate_series(1, n) $$;
create function api.no_table_rows() returns table (x integer, y text) language sql immutable as $$ select 1, 'a' where false $$;
create function api.a_record() returns record language sql immutable as $$ select 1, 'a'::text $$;
create function api.records() returns setof record language sql immutable as $$ select i, 'a'::text from generate_series(1, 2) i $$;
create function api.floats() returns setof double precision language sql immutable as $$ values ('NaN'::float8), ('Infinity'), (-0.0), (1e300), (0.1) $$;
create function api.polymorphic(a anyelement) returns anyelement language sql immutable as $$ select a $$;

-- Writing, from functions that may and from those that say that they do not
create function api.write_label(label text, n integer default 9000) returns api.labels language sql volatile as $$
    insert into api.labels (id, label) values (n, label) returning *
$$;
create function api.write_labels(n integer) returns setof api.labels language sql volatile as $$
    insert into api.labels (id, label) select 9000 + i, 'label ' || i from generate_series(1, n) i returning *
$$;
create function api.stable_write() returns integer language plpgsql stable as $$
begin
    perform extra.sneak();
    return 1;
end
$$;
create function extra.sneak() returns void language sql volatile as $$ insert into api.scratch values (9000, 'sneaked') $$;
create function api.write_scratch(body json) returns integer language plpgsql volatile as $$
begin
    insert into api.scratch values ((body ->> 'id')::integer, body ->> 'note');
    return (select count(*) from api.scratch);
end
$$;
create function api.break_later() returns void language sql volatile as $$ insert into api.seats values (9000, 1, null) $$;
create function api.admin_only() returns text language sql stable as $$ select 'for admins' $$;
create function api.definer() returns setof api.locked language sql stable security definer as $$ select * from api.locked order by id $$;

create procedure api.a_procedure() language sql as $$ select 1 $$;
create aggregate api.an_aggregate(integer) (sfunc = int4pl, stype = integer, initcond = '0');

create function api2.add(a integer, b integer default 0) returns integer language sql immutable as $$ select a - b $$;
create function api2.only_here() returns text language sql immutable as $$ select 'api2' $$;
create function api2.pseudonyms() returns setof api2.authors language sql stable as $$ select * from api2.authors order by id $$;
