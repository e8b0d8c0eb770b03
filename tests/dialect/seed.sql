-- Rows: literals and series, the same in every copy.
insert into api.authors
select i,
       (array['Ann', 'Bo', 'Çelik', 'Dr. "Q", Esq.', 'Éva (elder)', 'O''Neil', 'Zoë_100%', '*star*'])[i % 8 + 1]
           || case when i < 9 then '' else ' ' || i end,
       case when i % 5 > 0 then date '1900-01-01' + i * 733 end,
       case when i % 3 > 0 then 'author' || i || '@example.org' end,
       case when i % 4 > 0 then (array['DE', 'FR', 'SE'])[i % 3 + 1] end,
       case when i % 6 > 0 then (i % 10)::numeric + 0.25 end,
       (enum_range(null::api.mood))[i % 5 + 1],
       (array[true, false, null])[i % 3 + 1],
       case i % 4 when 0 then null when 1 then '{}' when 2 then jsonb_build_object('theme', 'dark', 'n', i, 'tags', array['x', 'y'])
           else '{"nested": {"deep": [1, {"k": "v"}, null]}, "theme": null}'::jsonb end
from generate_series(1, 40) i;

insert into api.books (id, title, author_id, editor_id, price, tags, data, raw, published, pages, isbn, blurb)
select i,
       (array['The Sea', 'A "quoted" tale', 'Comma, and more', 'Parens (vol. 1)', 'Back\slash', 'Ünïcode 日本', '100% *pure*', 'under_score', '  spaced  ', 'null'])[i % 10 + 1]
           || case when i < 11 then '' else ' ' || i end,
       case when i % 9 > 0 then i * 7 % 35 + 1 end,
       case when i % 4 = 0 then i % 40 + 1 end,
       case when i % 11 > 0 then (i * 37 % 100) + 0.5 end,
       case i % 6 when 0 then null when 1 then '{}' when 2 then array['a', 'b'] when 3 then array['b,c', 'd"e', null]
           when 4 then array['a'] else array['x y', 'NULL', ''] end,
       case i % 7 when 0 then null when 1 then jsonb_build_object('a', i, 'b', jsonb_build_object('c', array[i, i + 1]))
           when 2 then '[1, "two", {"three": 3}]' when 3 then '"text"' when 4 then 'null'
           when 5 then jsonb_build_object('a', 'str', 'key with space', true, 'x.y', 1.5)
           else jsonb_build_object('a', null, 'flag', i % 2 = 0, 'size', i / 4.0) end,
       case i % 4 when 0 then null when 1 then json_build_object('z', i, 'a', json_build_array(i, 'x'))
           when 2 then '{"dup": 1, "dup": 2,   "spaced" :  true}'::json else '[3, 2, 1]'::json end,
       case when i % 8 > 0 then date '1990-06-15' + i * 41 end,
       i * 13 % 900,
       case when i % 3 = 0 then '978' || lpad(i::text, 10, '0') end,
       (array['A story of cats and dogs.', 'The quick brown fox jumps', null, 'Les chats sont impossibles', 'Fat rats; thin cats!', ''])[i % 6 + 1]
from generate_series(1, 200) i;

insert into api.labels
select i, (array['new', 'old', 'Rare', 'with space', 'com,ma', 'quo"te', 'ünï', '(paren)'])[i], (array['low', 'mid', 'high', null])[i % 4 + 1]::api.level
from generate_series(1, 8) i;
insert into api.book_labels select i, i % 8 + 1, i % 5 from generate_series(1, 150) i;
insert into api.book_labels select i, (i + 3) % 8 + 1, null from generate_series(1, 150, 3) i;
insert into api.book_reviewers select i, i % 30 + 1, i % 6 from generate_series(1, 120) i;
insert into api.book_translators select i, i % 20 + 1, (array['de', 'fr'])[i % 2 + 1] from generate_series(1, 80, 2) i;
insert into api.profiles select i, 'https://example.org/' || i, (i * 65793)::api.colour from generate_series(1, 40, 2) i;
insert into api.passports select i, case when i % 5 > 0 then i end, 'P' || lpad(i::text, 6, '0') from generate_series(1, 30) i;
insert into api.nicknames select i, i * 2, 'nick ' || i from generate_series(1, 15) i;
insert into api.categories select i, 'category ' || i, case when i > 3 then i / 3 end from generate_series(1, 30) i;
insert into api.employees select i, 'employee ' || i, case when i > 1 then i / 2 end, case when i % 3 = 0 then i - 1 end, (i * 1000.5)::numeric::money
from generate_series(1, 25) i;
insert into api.people select i, 'person ' || i from generate_series(1, 12) i;
insert into api.friendships select i, i % 12 + 1, date '2020-01-01' + i from generate_series(1, 12) i;
insert into api.friendships select i, (i + 4) % 12 + 1, null from generate_series(1, 12, 2) i;
insert into api.spouses values (1, 'Ada', null), (2, 'Ben', 1), (3, 'Cyd', null);
update api.spouses set spouse_id = 2 where id = 1;
insert into api.regions select (array['DE', 'FR'])[i % 2 + 1], 'R' || i, 'region ' || i from generate_series(1, 12) i;
insert into api.cities
select i, 'city ' || i, case when i % 5 > 0 then (array['DE', 'FR'])[(i % 12 + 1) % 2 + 1] end,
       case when i % 7 > 0 then 'R' || (i % 12 + 1) end, case when i % 3 = 0 then 'DE' end, case when i % 3 = 0 then 'R' || (i * 2 % 12 / 2 * 2 + 2) end,
       i::bigint * 3000000000
from generate_series(1, 40) i;
insert into api.region_labels select country, code, ascii(right(code, 1)) % 8 + 1, 'note' from api.regions;
insert into api.region_labels select country, code, 8, null from api.regions where code in ('R1', 'R2', 'R3');
insert into api.shows select i, 'show ' || i from generate_series(1, 6) i;
insert into api.actors select i, 'actor ' || i from generate_series(1, 8) i;
insert into api.parts select i, 'part ' || i from generate_series(1, 5) i;
insert into api.castings select i % 6 + 1, i % 8 + 1, i % 5 + 1, i * 100.25 from generate_series(1, 30) i;
insert into api.shelves select i, 'place ' || i from generate_series(1, 5) i;
insert into api.shelf_books select i, i % 5 + 1, i * 3 from generate_series(1, 40) i;
insert into api.devices select i, 'device ' || i, md5(i::text)::uuid from generate_series(1, 10) i;
insert into api.events
select i, date '2023-06-01' + i * 3, (array['start', 'stop', 'tick'])[i % 3 + 1], case when i % 4 > 0 then i % 10 + 1 end, i / 8.0
from generate_series(1, 180) i;
insert into api.event_notes select i, i * 2, date '2023-06-01' + i * 6, 'note ' || i from generate_series(1, 30) i;
insert into api.metrics select (array['north', 'far north', 'south', 'east'])[i % 4 + 1], 'metric ' || i, i * 1.5 from generate_series(1, 40) i;
insert into api.seats select i, i * 10, case when i > 1 then i - 1 end from generate_series(1, 5) i;
insert into api2.authors values (1, 'Nom de plume'), (2, 'Anon.');
insert into api2.things values (1, 'thing', 1, 1), (2, 'other', null, 2), (3, 'last', 2, null);
insert into hidden.vault values (1, 1, 'sesame'), (2, 2, 'swordfish');
insert into extra.notes values (1, 1, 'a note');

insert into api.numbers values
    (1, 1, 1, 1, 1, 1, 1, 1, 1),
    (2, -32768, -9223372036854775808, -1e30, -9999.99, '-Infinity', '-Infinity', -12.34, 0),
    (3, 32767, 9223372036854775807, 'NaN', 9999.99, 'NaN', 'NaN', 1234567.89, 4294967295),
    (4, null, null, null, null, null, null, null, null),
    (5, 0, 9007199254740993, 0.1, 0.10, 0.1, 1e-300, 0, 16384),
    (6, 7, 10, 12345678901234567890.123456789, 1.5, 3.4e38, 'Infinity', 99, 5);
insert into api.times values
    (1, '2024-02-29', '12:34:56.789', '12:00+02', '2024-02-29 01:02:03', '2024-02-29 01:02:03+00', '1 year 2 mons 3 days 04:05:06', '2024-01-01 00:00:00.123456'),
    (2, 'infinity', '00:00', '23:59:59.999999-08', 'infinity', '-infinity', '-1 day', '1999-12-31'),
    (3, '0044-03-15 BC', '24:00', null, '2024-12-31 23:59:60', '2000-01-01 00:00+14', '00:00:00.000001', null),
    (4, null, null, null, null, null, null, null);
insert into api.texts values
    (1, 'plain', 'ab', 'varied', 'ident', 'a', 'code'), (2, '', '', '', '', '', ''), (3, null, null, null, null, null, null),
    (4, E'tab\tline\nquote"back\\slash', 'a b', 'ünï', 'MiXed', '"', 'a,b'), (5, 'a,b (c) {d} "e" *f* %g%', '1234', '12345678', 'null', '\', '日本'),
    (6, 'Plain', 'AB', 'VARIED', 'IDENT', 'A', 'CODE');
insert into api.bits values
    ('00000000-0000-0000-0000-000000000001', '10101010', '1', '\x00ff', '192.168.0.1', '10.0.0.0/8', '08:00:2b:01:02:03'),
    ('ffffffff-ffff-4fff-bfff-ffffffffffff', '00000000', '', '', '::1/64', '2001:db8::/32', null),
    ('12345678-1234-5678-1234-567812345678', null, null, null, null, null, null);
insert into api.spans values
    (1, '[1,5)', '[1,)', '(0.5,1.5]', '[2024-01-01,2024-02-01)', '["2024-01-01 00:00","2024-01-02 00:00")', '["2024-01-01 00:00+00",)', '{[1,3),[5,8)}', '[0,1]'),
    (2, 'empty', '(,)', '[1,1]', 'empty', null, '(,"2020-01-01 00:00+00"]', '{}', '(,0.5)'),
    (3, '[10,20)', '[5,6)', null, '(,2020-01-01)', '(,)', 'empty', '{[1,)}', 'empty'),
    (4, null, null, null, null, null, null, null, null);
insert into api.arrays values
    (1, '{a,b}', '{1,2,3}', '{{1,2},{3,4}}', '{happy,"so so"}', array[('S', 'C', 1)::api.address], array['{"a":1}'::jsonb, '[]'], '{2024-01-01}', '{x,y}'),
    (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, null, null, null, null, null, null, null, null),
    (4, '{"with,comma","with\"quote","NULL",NULL,"","{}"}', '{NULL,-1}', '{{NULL}}', '{"with,comma","with\"quote"}', array[null, (null, '"', null)::api.address], array[null::jsonb, 'null'], '{infinity,NULL}', '{"a b"}');
insert into api.documents values
    (1, '{"a": {"b": [1, 2, {"c": "deep"}]}, "n": 5, "s": "text", "t": true, "z": null}', '{"a": {"b": [1, 2, {"c": "deep"}]}, "n": 5, "s": "text"}', '$.a.b[*]'),
    (2, '[10, "x", null, [1]]', '[10, "x", null, [1]]', '$'), (3, '"scalar"', '7', null), (4, 'null', 'null', null), (5, null, null, null),
    (6, '{"with space": 1, "da-sh": 2, "d.ot": 3, "com,ma": 4, "0": "zero", "-1": "minus"}', '{"k": 1, "k": 2}', '$[0]'),
    (7, '{"n": 10, "s": "Text", "arr": []}', '{}', 'strict $');
insert into api.shapes values (1, '(1,2)', '(0,0),(1,1)', '<(0,0),1>'), (2, null, null, null);
insert into api.composites values
    (1, ('Elm St', 'Bonn', 53), ('Ann', ('Oak', 'Ulm', 89), '{happy}'), 'happy', 'A', 'open'), (2, (null, null, null), (null, null, null), 'with,comma', 'ü', 'closed'),
    (3, null, null, null, null, null), (4, ('a "b", (c)', '', -1), ('x', null, '{}'), 'so so', 'b c', null);
insert into api.domains values
    (1, 'a@b.c', 5, 50, '{a,b}', 'abc', 1.5, 'r', ('S', 'C', 1), 255, 'secret', 'happy'),
    (2, null, null, null, null, null, null, 'x', null, null, null, null),
    (3, 'z@y.x', 100, 99, '{}', '', 100, '', ('T', null, null), 16711680, 'Another', 'sad');
insert into api.articles
select i, 'Heading ' || i, b, to_tsvector('english', coalesce(b, '')), to_tsquery('english', 'cat | dog')
from generate_series(1, 12) i,
     lateral (select (array['The fat cat sat on the mat', 'Dogs chase cats', 'Les chats mangent des souris', null, '', 'Running runners run ran', 'impossible l''été'])[i % 7 + 1] b) t;

insert into api."Mixed Case" values (1, 'Some value', 'sel', 1, 'usr'), (2, null, null, 2, 'U'), (3, 'third', 'x', null, null);
insert into api."with.dot" values (1, 'cd', 'e', 'fg', 'h', 'i'), (2, null, 'E', null, 'H', null);
insert into api."with space" values (1, 'dash', 'first', 'bs', 'q'), (2, null, '2nd', null, null);
insert into api."dash-ed" values (1, 10, 'dollar', 'us'), (2, 20, null, null);
insert into api."ünïcödé" values (1, 'naïve', '日本', '🙂'), (2, 'ascii', null, '🙃');
insert into api."order" values (1, 10, 'a', 'o', 'c', 5, 'oc'), (2, 20, null, null, null, null, null), (3, 5, 'b', 'p', 'd', 1, 'x');
insert into api."select" values (1, 1, 'n', null), (2, 1, null, 'null'), (3, null, 'x', 'y');
insert into api.rpc values (1, 'a table');
insert into api."user" values (1, 'l', 'i'), (2, 'L', null);
insert into api."dash-child" values (1, 1, 1), (2, 1, 2), (3, null, null);
insert into api.rectangles (id, width, height) values (1, 2, 3), (2, 10, 0), (3, 5, 5);
insert into api.tickets (title) overriding system value select 'ticket ' || i from generate_series(1, 5) i;
insert into api.serials (name) select 'serial ' || i from generate_series(1, 5) i;
insert into api.defaults (id, j) values (1, 'x'), (2, null);
insert into api.strict values (1, 'm', 1, 'one', 1, 1), (2, 'n', 0, 'two', 1, 2), (3, 'o', null, null, null, null);
insert into api.logs (message, severity) select 'message ' || i, i % 4 from generate_series(1, 20) i;
insert into api.scratch values (1, 'note'), (2, null);
insert into api.single values ('a'), ('b c'), ('ü/%&=?'), ('quote"comma,');
insert into api.no_columns default values;
insert into api.any_media values (1, 'one'), (2, 'two');
insert into api.line_media values (1, 'first line'), (2, 'second line');
insert into api.measurements
select i, i % 10 + 1, timestamp '2024-01-01' + i * interval '37 minutes', sin(i) * 100, (enum_range(null::api.level))[i % 3 + 1]
from generate_series(1, 200) i;
alter table api.quiet disable trigger user;
insert into api.quiet values (1, 'still'), (2, 'silent');
alter table api.quiet enable trigger user;
insert into api.loud values (1, 'noise');
insert into api.changed values (1, 'first');
insert into api.guarded values (1, 'good');
insert into api.staff values (1, 'Ann', 1000, 'private'), (2, 'Bo', 2000, null);
insert into api.secrets values (1, 'ann', 'of Ann', false), (2, 'ann', 'open of Ann', true), (3, 'bo', 'of Bo', false), (4, null, 'of nobody', true);
insert into api.locked values (1, 'locked');
insert into api.read_only values (1, 'read'), (2, 'only');
insert into api.write_only values (1, 'write');
insert into api.wide (id, c01, c02, c03, c06) select i, i, i + 0.5, i % 2 = 0, 'text ' || i from generate_series(1, 10) i;
refresh materialized view api.book_prices;

-- Every sequence says 9000 from here on.
select hidden.always_the_same(format('%I.%I', schemaname, sequencename)) from pg_sequences;

set constraints all immediate;

-- Plans, and the counts that come from them, must not change while questions are asked.
do $$
declare
    relation regclass;
begin
    for relation in
        select oid from pg_class where relkind in ('r', 'm') and relnamespace::regnamespace::text in ('api', 'api2', 'hidden', 'extra')
    loop
        execute format('alter %s %s set (autovacuum_enabled = false)',
                       case when (select relkind from pg_class where oid = relation) = 'm' then 'materialized view' else 'table' end, relation);
    end loop;
end
$$;
