-- A small database for what the awkward one has not: functions that raise, wait and set things, and settings of its own.
create schema lab;
grant usage on schema lab to dialect_anon, dialect_author, dialect_admin, dialect_authenticator;

create table lab.things (id integer primary key, name text unique, size integer default 7);
create table lab.words (word text primary key);
insert into lab.things (id, name) select n, chr(96 + n) from generate_series(1, 5) n;
do $$
begin
    execute (select format('create table lab.wide (id integer primary key, %s)',
        string_agg(format('c%s integer default %s', n, n), ', ')) from generate_series(1, 120) n);
end
$$;
grant all on all tables in schema lab to dialect_anon, dialect_author, dialect_admin;

create function lab.add(a integer, b integer default 10) returns integer language sql immutable as $$ select a + b $$;
create function lab.nothings() returns setof void language sql stable as $$ select from generate_series(1, 0) $$;
create function lab.raise(code text, message text default 'm', hint text default null) returns integer
    language plpgsql as $$
begin
    if hint is null then
        raise exception using errcode = code, message = message;
    end if;
    raise exception using errcode = code, message = message, hint = hint;
end
$$;
-- Without a word that would tell from its text that it reads the request.
create function lab.told(what text) returns text language sql stable as $$
    select current_setting('request.' || what, true)
$$;
create function lab.write() returns text language plpgsql as $$
begin
    update lab.things set size = 7 where id = 1;
    return current_setting('transaction_read_only');
end
$$;
create function lab.surroundings() returns json language sql volatile as $$
    select json_build_object('isolation', current_setting('transaction_isolation'),
        'read_only', current_setting('transaction_read_only'), 'timezone', current_setting('timezone'),
        'search_path', current_setting('search_path'), 'timeout', current_setting('statement_timeout'),
        'own', current_setting('lab.own', true))
$$;
create function lab.committed() returns text language sql stable set default_transaction_isolation = 'read committed'
    as $$ select current_setting('transaction_isolation') $$;
create function lab.serial() returns text language sql stable set default_transaction_isolation = 'serializable'
    as $$ select current_setting('transaction_isolation') $$;
create function lab.speak_on() returns text language plpgsql as $$
begin
    perform set_config('response.headers', '[{"X-Said": "once"}]', false);
    return 'said';
end
$$;
create function lab.look() returns void language plpgsql as $$ begin null; end $$;
create function lab.set_up() returns void language plpgsql as $$
begin
    perform set_config('pgrst.db_max_rows', '3', true), set_config('pgrst.db_tx_end', 'commit', true);
end
$$;
