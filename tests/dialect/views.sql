-- Views of every kind, and what is computed from rows.

create view api.book_list as
    select id as book_no, title as name, author_id as writer_id, price from api.books;
comment on view api.book_list is E'The catalogue\nBooks under other names';
create view api.cheap_books as
    select book_no, name, writer_id, price from api.book_list where price < 20;
create view api.checked_books as
    select id, title, author_id, price from api.books where price < 50 with local check option;
-- Keys that appear twice
create view api.doubled_authors as select id, id as same_id, name from api.authors;
create view api.doubled_books as select id, title, author_id as first_ref, author_id as second_ref from api.books;
-- A part of a composite key carries nothing
create view api.city_names as select id, name, country from api.cities;
create view api.city_keys as select id as city_id, country as c, region_code as r from api.cities;
create view api.region_names as select country as c, code as r, name as title from api.regions;
-- Two primary keys in one view
create view api.book_writers as
    select b.id as book_id, b.title, a.id as author_id, a.name
    from api.books b join api.authors a on a.id = b.author_id;
-- What carries no key at all
create view api.everybody as
    select id, name, 'author' as kind from api.authors union all select id, name, 'employee' from api.employees;
create view api.author_stats as
    select author_id, count(*) as books, round(avg(price), 2) as mean_price, array_agg(title order by id) as titles
    from api.books group by author_id;
create view api.computed_keys as select id + 0 as id, author_id + 0 as author_id, title from api.books;
-- `offset` keeps the planner from folding its columns into filters, which would then fail in another order.
create view api.constants as select 1 as one, 'two' as two, null::integer as nothing, array[1, 2] as list offset 0;
create view api.tree as
    with recursive down(id, name, depth) as (
        select id, name, 0 from api.categories where parent_id is null
        union all
        select c.id, c.name, d.depth + 1 from api.categories c join down d on d.id = c.parent_id
    )
    select * from down;
create view api."Odd View" as select id as "The Id", title as "the-title", author_id as "wrote.it" from api.books;
create view api.label_links as select book_id as b, label_id as l, weight from api.book_labels;
create view api.nested_sub as
    select * from (select id, title, author_id from api.books where id < 50) inside;

create materialized view api.book_prices as
    select id, title, author_id, price from api.books with no data;
create unique index on api.book_prices (id);
comment on materialized view api.book_prices is 'Prices, as they were';

-- Through schemas that are not exposed
create view extra.middle as select id, title, author_id from api.books;
create view api.through_extra as select id as n, author_id as a from extra.middle;
create view api.vault_view as select id, book_id, code from hidden.vault;

-- Views that write by triggers
create view api.editable as select id, title, price from api.books;
create function hidden.edit() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into api.books (id, title, price) values (new.id, new.title, new.price);
        perform set_config('response.headers', '[{"X-Edited": "inserted"}]', true);
        return new;
    elsif tg_op = 'UPDATE' then
        if new.price < 0 then return null; end if;
        update api.books set title = new.title, price = new.price where id = old.id;
        return new;
    end if;
    delete from api.books where id = old.id;
    return old;
end
$$;
create trigger edit instead of insert or update or delete on api.editable for each row execute function hidden.edit();
create view api.insert_only as select id, upper(title) as title from api.books;
create function hidden.insert_book() returns trigger language plpgsql as $$
begin
    insert into api.books (id, title) values (new.id, new.title);
    return new;
end
$$;
create trigger insert_book instead of insert on api.insert_only for each row execute function hidden.insert_book();

create view api2.api_books as select id, title, author_id from api.books;

-- Computed columns; two of a name, of different rows; one from the extra search path
create function api.full_title(api.books) returns text language sql stable as $$
    select $1.title || coalesce(' (' || extract(year from $1.published) || ')', '')
$$;
create function api.label_of(api.books) returns text language sql immutable as $$ select 'book ' || $1.id $$;
create function api.label_of(api.book_list) returns text language sql immutable as $$ select 'entry ' || $1.book_no $$;
create function api.age_in_2020(api.authors) returns integer language sql immutable as $$
    select 2020 - extract(year from $1.born)::integer
$$;
create function api.upper_name(api.doubled_authors) returns text language sql immutable as $$ select upper($1.name) $$;
create function extra.initial(api.authors) returns text language sql immutable as $$ select left($1.name, 1) $$;
create function api.facts(api.authors) returns jsonb language sql immutable as $$
    select jsonb_build_object('name', $1.name, 'country', $1.country)
$$;
create function api.tag_vector(api.books) returns tsvector language sql immutable as $$
    select array_to_tsvector(coalesce($1.tags, '{}'))
$$;
create function api.always_one(anyelement) returns integer language sql immutable as $$ select 1 $$;

-- Computed relationships: to one, to many, by ROWS 1, recursive, to a view, and one that hides a foreign key's
create function api.writer(api.books) returns setof api.authors rows 1 language sql stable as $$
    select * from api.authors where id = $1.author_id
$$;
create function api.best_book(api.authors) returns api.books language sql stable as $$
    select * from api.books where author_id = $1.id order by price desc nulls last, id limit 1
$$;
create function api.works(api.authors) returns setof api.books language sql stable as $$
    select * from api.books where author_id = $1.id
$$;
create function api.listed(api.authors) returns setof api.book_list language sql stable as $$
    select * from api.book_list where writer_id = $1.id
$$;
create function api.children(api.categories) returns setof api.categories language sql stable as $$
    select * from api.categories where parent_id = $1.id
$$;
create function api.parent(api.categories) returns setof api.categories rows 1 language sql stable as $$
    select * from api.categories where id = $1.parent_id
$$;
create function api.shelves(api.shelf_books) returns setof api.shelves rows 1 language sql stable as $$
    select id, 'by function: ' || place from api.shelves where id = $1.shelf_id
$$;
create function api.related(api.books) returns setof api.labels language sql stable as $$
    select l.* from api.labels l join api.book_labels bl on bl.label_id = l.id where bl.book_id = $1.id
$$;
create function api.related(api.authors) returns setof api.labels language sql stable as $$
    select * from api.labels where id = $1.id
$$;
create function api.spouse(api.spouses) returns setof api.spouses rows 1 language sql stable as $$
    select * from api.spouses where id = $1.spouse_id
$$;
