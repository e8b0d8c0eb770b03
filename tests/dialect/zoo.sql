-- Tables for their columns: every type, every name, every default, every guard.

create table api.numbers (
    id integer primary key,
    small smallint,
    big bigint,
    exact numeric,
    scaled numeric(6, 2),
    single real,
    double double precision,
    cash money,
    object oid
);
create table api.times (
    id integer primary key,
    day date,
    clock time,
    clock_zone timetz,
    local timestamp,
    instant timestamptz,
    span interval,
    precise timestamp(3)
);
create table api.texts (
    id integer primary key,
    plain text,
    fixed char(4),
    varied varchar(8),
    ident name,
    one "char",
    code api.short
);
create table api.bits (
    id uuid primary key,
    flags bit(8),
    mask bit varying(12),
    bytes bytea,
    address inet,
    network cidr,
    card macaddr
);
create table api.spans (
    id integer primary key,
    ints int4range,
    bigs int8range,
    nums numrange,
    days daterange,
    stamps tsrange,
    instants tstzrange,
    several int4multirange,
    floats api.float_range
);
create table api.arrays (
    id integer primary key,
    texts text[],
    ints integer[],
    nested integer[][],
    moods api.mood[],
    homes api.address[],
    documents jsonb[],
    days date[],
    list api.text_list
);
create table api.documents (
    id integer primary key,
    doc jsonb,
    raw json,
    path jsonpath
);
create table api.shapes (
    id integer primary key,
    at point,
    area box,
    round circle
);
create table api.composites (
    id integer primary key,
    home api.address,
    holder api.person,
    mood api.mood,
    quoted api."Quoted Type",
    secret hidden.secret_level
);
create table api.domains (
    id integer primary key,
    email api.email,
    amount api.positive,
    little api.small_positive,
    list api.text_list,
    code api.short,
    price api.priced,
    given api.required_text,
    place api.good_address,
    paint api.colour,
    name api.masked,
    mood api.mood_or_not
);
create table api.articles (
    id integer primary key,
    heading text not null,
    body text,
    vector tsvector,
    query tsquery
);

-- Names
create table api."Mixed Case" ("Id" integer primary key, "Some Name" text, "select" text, "order" integer, "user" text);
create table api."with.dot" ("a.b" integer primary key, "c,d" text, "(e)" text, "f:g" text, "h!" text, "i*" text);
create table api."with space" ("the id" integer primary key, "a-dash" text, "1st" text, "back\slash" text, "quo""te" text);
create table api."dash-ed" ("dash-ed-id" integer primary key, "x->y" integer, "$dollar" text, "under_score" text);
create table api."ünïcödé" ("ключ" integer primary key, "naïve" text, "日本語" text, "emoji🙂" text);
create table api."order" (id integer primary key, "limit" integer, "and" text, "or" text, "columns" text, "count" integer, "on_conflict" text);
create table api."select" (id integer primary key, order_id integer references api."order", "not" text, "null" text);
create table api.rpc (id integer primary key, name text);
create table api."user" (id integer primary key, "left" text, "inner" text);
create table api."dash-child" ("child-id" integer primary key, "parent-ref" integer references api."dash-ed", "Mixed Ref" integer references api."Mixed Case");

-- How rows come to be
create table api.rectangles (
    id integer primary key,
    width integer not null,
    height integer not null,
    area integer generated always as (width * height) stored,
    label text generated always as ('w' || width::text || 'h' || height::text) stored
);
create table api.tickets (id integer generated always as identity primary key, title text not null default 'untitled');
create table api.serials (id serial primary key, slot bigserial, name text);
create table api.defaults (
    id integer primary key default 4242,
    a integer default 5,
    b text default 'none',
    c api.priced,
    d timestamptz default '2024-02-29 12:00+00',
    e text default upper('shouted'),
    f api.mood default 'happy',
    g integer[] default '{1,2}',
    h jsonb default '{"k": [1, null]}',
    i boolean not null default false,
    j text
);
create table api.strict (id integer primary key, must text not null, unsigned integer check (unsigned >= 0), one_of text unique, pair_a integer, pair_b integer, unique (pair_a, pair_b));
create table api.empty (id integer primary key, name text);
create table api.logs (message text, severity integer, at timestamp default '2024-01-01');
create unlogged table api.scratch (id integer primary key, note text);
create table api.single ("only" text primary key);
create table api.no_columns ();
create table api.any_media (id integer primary key, content text);
create table api.line_media (id integer primary key, line text);
create table api.measurements (id integer primary key, device_id integer references api.devices, taken timestamp, reading double precision, quality api.level);

-- Triggers: one refuses in silence, one speaks in headers, one changes what it is given, one raises
create table api.quiet (id integer primary key, name text);
create table api.loud (id integer primary key, name text);
create table api.changed (id integer primary key, name text, times integer default 0);
create table api.guarded (id integer primary key, name text);

create function hidden.refuse() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger refuse before insert or update or delete on api.quiet for each row execute function hidden.refuse();

create function hidden.speak() returns trigger language plpgsql as $$
begin
    perform set_config('response.headers', '[{"X-Loud": "' || coalesce(new.name, 'null') || '"}]', true);
    return new;
end
$$;
create trigger speak before insert or update on api.loud for each row execute function hidden.speak();

create function hidden.change() returns trigger language plpgsql as $$
begin
    new.times := coalesce(new.times, 0) + 1;
    new.name := upper(new.name);
    return new;
end
$$;
create trigger change before insert or update on api.changed for each row execute function hidden.change();

create function hidden.guard() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'kept' using hint = 'Ask the keeper', detail = format('row %s', old.id), errcode = 'PT423';
    end if;
    if new.name = 'bad' then
        raise exception 'no bad names';
    end if;
    return new;
end
$$;
create trigger guard before insert or update or delete on api.guarded for each row execute function hidden.guard();

-- Who may: column by column, row by row, not at all
create table api.staff (id integer primary key, name text, wage integer, note text);
create table api.secrets (id integer primary key, owner text, body text, open boolean not null default false);
create table api.locked (id integer primary key, name text);
create table api.read_only (id integer primary key, name text);
create table api.write_only (id integer primary key, name text);
alter table api.secrets enable row level security;
create policy open_ones on api.secrets for select using (open);
create policy own_ones on api.secrets to dialect_author
    using (owner = coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::json ->> 'sub')
    with check (owner = coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::json ->> 'sub');
create policy all_of_them on api.secrets to dialect_admin using (true) with check (true);

do $$
begin
    execute (
        select format('create table api.wide (id integer primary key, %s)', string_agg(format('c%s %s',
                      lpad(n::text, 2, '0'),
                      (array['text', 'integer', 'numeric', 'boolean', 'date', 'jsonb'])[n % 6 + 1]), ', ' order by n))
        from generate_series(1, 60) n
    );
end
$$;
