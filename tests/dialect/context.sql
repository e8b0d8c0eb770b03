-- Functions that raise, that speak to the response and that read the request; media types; who may do what.

create function api.raise_plain(message text default 'plainly') returns void language plpgsql as $$
begin
    raise exception '%', message;
end
$$;
create function api.raise_full(code text, message text default 'm', detail text default 'd', hint text default 'h')
    returns integer language plpgsql stable as $$
begin
    raise exception using errcode = code, message = message, detail = detail, hint = hint;
end
$$;
create function api.raise_pgrst(message text, detail text default null) returns void language plpgsql as $$
begin
    if detail is null then
        raise sqlstate 'PGRST' using message = message;
    end if;
    raise sqlstate 'PGRST' using message = message, detail = detail;
end
$$;
create function api.divide(a integer, b integer default 0) returns integer language sql immutable as $$ select a / b $$;
create function api.notice() returns integer language plpgsql as $$ begin raise warning 'careful'; return 1; end $$;

create function api.say_headers(headers text, status text default '') returns text language plpgsql stable as $$
begin
    perform set_config('response.headers', headers, true), set_config('response.status', status, true);
    return 'said';
end
$$;
create function api.say_status(status text) returns setof integer language plpgsql volatile as $$
begin
    perform set_config('response.status', status, true);
    return query select generate_series(1, 3);
end
$$;

create function api.setting(name text) returns text language sql stable as $$ select current_setting(name, true) $$;
create function api.claims() returns json language sql stable as $$
    select nullif(current_setting('request.jwt.claims', true), '')::json
$$;
create function api.header(name text) returns text language sql stable as $$
    select nullif(current_setting('request.headers', true), '')::json ->> name
$$;
create function api.header_names() returns setof text language sql stable as $$
    select json_object_keys(nullif(current_setting('request.headers', true), '')::json) order by 1
$$;
create function api.cookie(name text) returns text language sql stable as $$
    select nullif(current_setting('request.cookies', true), '')::json ->> name
$$;
create function api.whoami() returns json language sql stable as $$
    select json_build_object('role', current_user, 'search_path', current_setting('search_path'),
        'isolation', current_setting('transaction_isolation'), 'read_only', current_setting('transaction_read_only'),
        'timezone', current_setting('timezone'), 'intervalstyle', current_setting('intervalstyle'),
        'method', current_setting('request.method', true), 'path', current_setting('request.path', true))
$$;
create function api.whoami_now() returns json language sql volatile as $$ select api.whoami() $$;
create function api.with_settings() returns json language sql stable
    set timezone = 'Asia/Tokyo' set statement_timeout = '7s' set search_path = 'pg_catalog' as $$
    select json_build_object('timezone', current_setting('timezone'), 'timeout', current_setting('statement_timeout'),
        'search_path', current_setting('search_path'))
$$;
create function api.isolated() returns text language sql stable set default_transaction_isolation = 'serializable' as $$
    select current_setting('transaction_isolation')
$$;
create function api.an_instant() returns timestamptz language sql stable as $$ select '2024-02-29 12:00+00'::timestamptz $$;
create function api.an_interval() returns interval language sql stable as $$ select '1 day 02:03:04'::interval $$;

-- Media types that answer for themselves
create function api.plain_text() returns api."text/plain" language sql immutable as $$ select 'just text, ünïcödé'::api."text/plain" $$;
create function api.a_page(title text default 'T') returns api."text/html" language sql immutable as $$
    select ('<h1>' || title || '</h1>')::api."text/html"
$$;
create function api.some_bytes() returns api."application/octet-stream" language sql immutable as $$
    select '\x00ff10'::bytea::api."application/octet-stream"
$$;
create function api.any_type() returns api."*/*" language plpgsql stable as $$
begin
    perform set_config('response.headers', '[{"Content-Type": "image/odd"}]', true);
    return convert_to('any', 'utf8')::api."*/*";
end
$$;
create function api.any_untyped() returns api."*/*" language sql immutable as $$ select '\x616263'::bytea::api."*/*" $$;

create function hidden.line_step(state text, next api.line_media) returns text language sql immutable as $$
    select state || next.line || E'\n'
$$;
create function hidden.line_done(state text) returns api."application/vnd.dialect.lines" language sql immutable as $$
    select state::api."application/vnd.dialect.lines"
$$;
create aggregate api.lines(api.line_media) (sfunc = hidden.line_step, stype = text, initcond = '', finalfunc = hidden.line_done);

create function hidden.any_step(state bytea, next api.any_media) returns bytea language sql immutable as $$
    select state || convert_to(next.content, 'utf8')
$$;
create function hidden.any_done(state bytea) returns api."*/*" language sql immutable as $$ select state::api."*/*" $$;
create aggregate api.any_bytes(api.any_media) (sfunc = hidden.any_step, stype = bytea, initcond = '', finalfunc = hidden.any_done);

create function hidden.plain_step(state text, next anyelement) returns text language sql immutable as $$
    select state || next::text || ';'
$$;
create function hidden.plain_done(state text) returns api."text/plain" language sql immutable as $$ select state::api."text/plain" $$;
create aggregate api.plain(anyelement) (sfunc = hidden.plain_step, stype = text, initcond = '', finalfunc = hidden.plain_done);

create function api.media_lines() returns setof api.line_media language sql stable as $$ select * from api.line_media order by id $$;

-- Grants. `dialect_admin` may do everything, `dialect_author` most of it, `dialect_anon` what a stranger may.
grant usage on schema api, api2, extra to dialect_anon;
grant usage on schema api, api2, extra, hidden to dialect_admin, dialect_author;
grant all on all tables in schema api, api2, hidden, extra to dialect_admin;
grant all on all tables in schema api, api2, extra to dialect_author;
grant all on all tables in schema api, api2, extra to dialect_anon;
grant all on all sequences in schema api, api2 to dialect_admin, dialect_author, dialect_anon;
revoke all on api.staff, api.locked, api.read_only, api.write_only from dialect_anon, dialect_author;
grant select (id, name), insert (id, name), update (name), references on api.staff to dialect_anon, dialect_author;
grant delete on api.staff to dialect_author;
grant select on api.read_only to dialect_anon, dialect_author;
grant insert, update, delete on api.write_only to dialect_anon, dialect_author;
revoke execute on function api.admin_only() from public;
grant execute on function api.admin_only() to dialect_admin;
