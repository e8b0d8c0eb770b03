-- A shelf of books, long enough to be clipped and to be costly, and what reads of it may go through.
create table lab.shelves (id integer primary key, name text);
create table lab.books (
    id integer primary key, shelf_id integer references lab.shelves (id), title text, pages integer,
    reference uuid not null default gen_random_uuid()
);
insert into lab.shelves (id, name) select n, 'shelf ' || n from generate_series(1, 100) n;
insert into lab.books (id, shelf_id, title, pages)
    select n, 1 + n % 100, 'book ' || n, n % 500 from generate_series(1, 30000) n;
create index on lab.books (pages);
create view lab.thick_books as select id, title, pages from lab.books where pages > 400;
create function lab.books_of(shelf integer) returns setof lab.books language sql stable as $$
    select * from lab.books where shelf_id = shelf
$$;
create function lab.one_book() returns lab.books language sql stable as $$
    select * from lab.books where id = 1
$$;
create function lab.tagged() returns text language plpgsql as $$
begin
    perform set_config('response.headers', '[{"ETag": "\"my own\""}]', true);
    return 'said';
end
$$;
grant select on lab.shelves, lab.books, lab.thick_books to dialect_anon, dialect_author;
analyze lab.shelves;
analyze lab.books;
