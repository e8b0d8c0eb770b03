-- Full-text search over resources: the texts that are searched, how a query is read, and what it finds.
--
-- The operators of text search are not leakproof, so that under row security PostgreSQL reads no index for them. What is
-- found is therefore found by a definer function, which states the rule of reading for its caller itself; whatever it
-- answers is then read from `resources` under the caller's own policies.

do $$
declare
  wanted record;
begin
  for wanted in select * from (values ('french', 'french_stem'), ('english', 'english_stem'), ('simple', 'simple'))
    as of (name, dictionary)
  loop
    if not exists (
      select from pg_catalog.pg_ts_config as c
      where c.cfgnamespace = 'library_internal'::regnamespace and c.cfgname = wanted.name
    ) then
      execute format('create text search configuration library_internal.%I (copy = pg_catalog.%I)',
                     wanted.name, wanted.name);
      execute format('alter text search configuration library_internal.%I alter mapping for'
                     ' asciiword, word, hword, hword_part, asciihword, hword_asciipart'
                     ' with public.unaccent, pg_catalog.%I', wanted.name, wanted.dictionary);
    end if;
  end loop;
end
$$;

create table if not exists library_internal.resource_texts (
  tenant_id uuid not null,
  resource_id uuid not null,
  user_id uuid not null,
  is_public boolean not null,
  -- Title A, tags and category B, description C, readme D.
  words tsvector not null,
  constraint resource_texts_pkey primary key (tenant_id, resource_id),
  constraint resource_texts_resource_id_fkey foreign key (tenant_id, resource_id)
    references library.resources (tenant_id, id) on delete cascade
);
comment on table library_internal.resource_texts is
  'What is searched of each resource, and who may find it without being told of it. Written by triggers only.';
alter table library_internal.resource_texts enable row level security;
alter table library_internal.resource_texts force row level security;
revoke all on library_internal.resource_texts from public;
grant select, insert, update, delete on library_internal.resource_texts to relais_definer;
create index if not exists resource_texts_words_idx on library_internal.resource_texts using gin (words);

-- Written by many at once, so that nothing about it is unique: a word that two add at once is there twice, and nobody
-- waits for anybody. Words stay when the last resource that has them goes; then they lead to nothing.
create table if not exists library_internal.known_words (
  tenant_id uuid not null,
  word text not null,
  constraint known_words_tenant_id_fkey foreign key (tenant_id) references relais.tenants (id) on delete cascade
);
comment on table library_internal.known_words is 'Words of titles, tags and categories: what misspelt words may have meant.';
alter table library_internal.known_words enable row level security;
alter table library_internal.known_words force row level security;
revoke all on library_internal.known_words from public;
grant select, insert, update, delete on library_internal.known_words to relais_definer;
create index if not exists known_words_tenant_id_word_idx on library_internal.known_words (tenant_id, word);
create index if not exists known_words_word_idx on library_internal.known_words using gin (word public.gin_trgm_ops);

create or replace function library_internal.spelled(text) returns text
  language sql immutable parallel safe strict
  return translate(
    replace(replace(replace(lower($1), 'c++', 'cplusplus'), 'c#', 'csharp'), 'f#', 'fsharp'),
    E'<>&/\\_.@:-', repeat(' ', 10));
comment on function library_internal.spelled(text) is
  'A text whose words the parser takes one by one: it would drop what looks like a tag and keep a path as one word.';

create or replace function library_internal.words_of(
    title text, tags text[], category text, description text, readme text) returns tsvector
  language sql stable parallel safe
  begin atomic
    select
      setweight(to_tsvector('library_internal.simple', heading) || to_tsvector('library_internal.french', heading)
                || to_tsvector('library_internal.english', heading), 'A')
      || setweight(to_tsvector('library_internal.simple', marks) || to_tsvector('library_internal.french', marks)
                   || to_tsvector('library_internal.english', marks), 'B')
      || setweight(to_tsvector('library_internal.simple', body) || to_tsvector('library_internal.french', body)
                   || to_tsvector('library_internal.english', body), 'C')
      -- The longest text: its stems alone.
      || setweight(to_tsvector('library_internal.french', rest) || to_tsvector('library_internal.english', rest), 'D')
    from (select
      library_internal.spelled(coalesce(title, '')) as heading,
      library_internal.spelled(left(concat_ws(' ', array_to_string(tags, ' '), category), 10000)) as marks,
      library_internal.spelled(left(coalesce(description, ''), 20000)) as body,
      library_internal.spelled(left(coalesce(readme, ''), 20000)) as rest) as texts;
  end;
comment on function library_internal.words_of(text, text[], text, text, text) is
  'The words of a resource, as they are written and as stems of both languages; of very long texts the beginning.';

create or replace function library_internal.keep_words(tenant uuid, texts tsvector[]) returns void
  language sql volatile
  begin atomic
    insert into library_internal.known_words (tenant_id, word)
    select tenant, said.lexeme
    from (
      select distinct w.lexeme
      from unnest(texts) as one (words) cross join unnest(ts_filter(one.words, '{a,b}')) as w
      where length(w.lexeme) between 3 and 40 and w.lexeme ~ '[[:alpha:]]'
    ) as said
    where not exists (
      select from library_internal.known_words as k where k.tenant_id = tenant and k.word = said.lexeme);
  end;
comment on function library_internal.keep_words(uuid, tsvector[]) is 'Words that are new become known.';

create or replace function library_internal.keep_texts_of_new() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library_internal.resource_texts (tenant_id, resource_id, user_id, is_public, words)
  select r.tenant_id, r.id, r.user_id, r.visibility = 'public',
         library_internal.words_of(r.title, r.tags, r.category, r.description, r.readme)
  from written as r;
  perform library_internal.keep_words(t.tenant_id, array_agg(t.words))
  from written as r
  join library_internal.resource_texts as t on t.tenant_id = r.tenant_id and t.resource_id = r.id
  group by t.tenant_id;
  return null;
end
$$;
comment on function library_internal.keep_texts_of_new() is 'New resources can be found, all of a statement at once.';
create or replace trigger search_texts_of_new after insert on library.resources referencing new table as written
  for each statement execute function library_internal.keep_texts_of_new();

create or replace function library_internal.keep_texts() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  said constant pg_catalog.tsvector :=
    library_internal.words_of(new.title, new.tags, new.category, new.description, new.readme);
begin
  update library_internal.resource_texts as t
  set user_id = new.user_id, is_public = new.visibility = 'public', words = said
  where t.tenant_id = new.tenant_id and t.resource_id = new.id;
  perform library_internal.keep_words(new.tenant_id, array[said]);
  return null;
end
$$;
comment on function library_internal.keep_texts() is 'A resource is found by what it says now.';
-- For each row, unlike that of new ones: counters change often and never get here.
create or replace trigger search_texts after update on library.resources for each row
  when (old.title is distinct from new.title or old.tags is distinct from new.tags
    or old.category is distinct from new.category or old.description is distinct from new.description
    or old.readme is distinct from new.readme or old.visibility is distinct from new.visibility
    or old.user_id is distinct from new.user_id)
  execute function library_internal.keep_texts();

create or replace function library_internal.keep_missing_texts() returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into library_internal.resource_texts (tenant_id, resource_id, user_id, is_public, words)
  select r.tenant_id, r.id, r.user_id, r.visibility = 'public',
         library_internal.words_of(r.title, r.tags, r.category, r.description, r.readme)
  from library.resources as r
  where not exists (
    select from library_internal.resource_texts as t where t.tenant_id = r.tenant_id and t.resource_id = r.id);
  perform library_internal.keep_words(t.tenant_id, array_agg(t.words))
  from library_internal.resource_texts as t group by t.tenant_id;
end
$$;
comment on function library_internal.keep_missing_texts() is
  'Lets resources be found that were written while the triggers were not there.';

create or replace function library_internal.search_words(query text) returns text[]
  language sql immutable parallel safe
  begin atomic
    -- The first words of a query: nobody means more, and each costs.
    select array_agg(left(picked.lexeme, 64) order by picked.place)
    from (
      select w.lexeme, w.positions[1] as place
      from unnest(to_tsvector('library_internal.simple', library_internal.spelled(left(query, 500)))) as w
      order by place
      limit 12
    ) as picked;
  end;
comment on function library_internal.search_words(text) is 'The words of a query, without accents; null if it has none.';

create or replace function library_internal.search_query(query text, weights text default '') returns tsquery
  language sql immutable parallel safe
  begin atomic
    with words as (
      select w.word, w.place,
             tsvector_to_array(to_tsvector('library_internal.french', w.word)) as french,
             tsvector_to_array(to_tsvector('library_internal.english', w.word)) as english
      from unnest(library_internal.search_words(query)) with ordinality as w (word, place)
    ),
    -- Words that say nothing in either language are left out, unless there are no others.
    meant as (
      select w.* from words as w
      where cardinality(w.french) > 0 and cardinality(w.english) > 0
         or not exists (select from words as o where cardinality(o.french) > 0 and cardinality(o.english) > 0)
    )
    select string_agg('(' || (
        select string_agg(distinct '''' || replace(form.lexeme, '''', '''''') || '''' || form.ending, '|')
        from (
          -- Beginnings of words from three letters on: shorter ones begin nearly everything.
          select m.word as lexeme, case when length(m.word) >= 3 then ':*' else ':' end || weights as ending
          union all
          select stem, ':' || weights from unnest(m.french || m.english) as stem
        ) as form
      ) || ')', '&' order by m.place)::tsquery
    from meant as m;
  end;
comment on function library_internal.search_query(text, text) is
  'Every word of a query, in texts of these weights: as the beginning of a word, or as a stem of either language; null'
  ' if it has none.';

create or replace function library_internal.meant_query(tenant uuid, query text) returns tsquery
  language plpgsql stable set search_path = pg_catalog, pg_temp
  set pg_trgm.similarity_threshold = 0.3 as $$
declare
  asked pg_catalog.text;
  near pg_catalog.text[];
  either pg_catalog.tsquery;
  every pg_catalog.tsquery;
begin
  foreach asked in array library_internal.search_words(query) loop
    near := array(
      select k.word from library_internal.known_words as k
      where k.tenant_id = tenant and k.word operator(public.%) asked
      group by k.word order by public.similarity(k.word, asked) desc, k.word limit 3);
    if cardinality(near) = 0 then
      return null;
    end if;
    either := (select string_agg('''' || replace(n, '''', '''''') || '''', '|') from unnest(near) as n)::tsquery;
    every := coalesce(every && either, either);
  end loop;
  return every;
end
$$;
comment on function library_internal.meant_query(uuid, text) is
  'A query with the known words that are spelt most like its own in place of them; null if one has none.';

create or replace function library_internal.found_resources(query text)
  returns table (resource_id uuid, rank real)
  language plpgsql stable security definer rows 200
  set search_path = pg_catalog, pg_temp as $$
declare
  -- What is ranked at most, and what is looked through at most for the best of more than that: a word that nearly
  -- everything contains must not cost more than others.
  most constant pg_catalog.int4 := 5000;
  most_read constant pg_catalog.int4 := 20000;
  tenant constant pg_catalog.uuid := relais.tenant_id();
  person constant pg_catalog.uuid := relais.user_id();
  -- The rule of reading that the policy of `resources` states.
  sees_all constant pg_catalog.bool := library_internal.asks_as_service() or library_internal.has_rank('moderator');
  shared constant pg_catalog.uuid[] := array(select s from library_internal.shared_resource_ids() as s);
  wanted pg_catalog.tsquery := library_internal.search_query(query);
  in_heading pg_catalog.tsquery;
  hits pg_catalog.int4;
begin
  if wanted is null then
    return;
  end if;
  select count(*) into hits from (
    select from library_internal.resource_texts as t
    where t.tenant_id = tenant and t.words @@ wanted
      and (t.is_public or t.user_id = person or sees_all or t.resource_id = any(shared))
    limit most + 1) as counted;
  if hits > most then
    in_heading := library_internal.search_query(query, 'AB');
    return query
      select c.resource_id, ts_rank('{0.05, 0.2, 0.5, 1.0}', c.words, wanted)
      from (
        select t.resource_id, t.words from library_internal.resource_texts as t
        where t.tenant_id = tenant and t.words @@ wanted
          and (t.is_public or t.user_id = person or sees_all or t.resource_id = any(shared))
        limit most_read) as c
      order by c.words @@ in_heading desc
      limit most;
    return;
  end if;
  if hits = 0 then
    wanted := library_internal.meant_query(tenant, query);
  end if;
  return query
    -- What was meant is never ahead of what was said, wherever both are compared.
    select t.resource_id,
           (ts_rank('{0.05, 0.2, 0.5, 1.0}', t.words, wanted) / case hits when 0 then 1000 else 1 end)::real
    from library_internal.resource_texts as t
    where t.tenant_id = tenant and t.words @@ wanted
      and (t.is_public or t.user_id = person or sees_all or t.resource_id = any(shared))
    limit most;
end
$$;
comment on function library_internal.found_resources(text) is
  'The resources that the caller may read and a query finds; if it finds none as it is spelt, those that come close.';

create or replace function library.matching_resources(query text) returns setof library.resources
  language sql stable rows 200
  begin atomic
    select r.* from library_internal.found_resources(query) as f
    join library.resources as r on r.tenant_id = (select relais.tenant_id()) and r.id = f.resource_id
    -- Identifiers are made in the order of time: of equals the newest comes first.
    order by f.rank desc, f.resource_id desc;
  end;
comment on function library.matching_resources(text) is
  'The resources that a query finds, the best first. May be filtered, ordered, embedded and paged like the table.';

create or replace function library_internal.marked(original text, wanted tsquery, options text) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  -- Nothing in a text may pass for a mark.
  safe constant pg_catalog.text := translate(original, '⟦⟧', '[]');
  marks constant pg_catalog.text := 'StartSel=⟦, StopSel=⟧, '
    -- Short texts are shown whole.
    || case when length(original) <= 250 then 'HighlightAll=true' else options end;
  shown pg_catalog.text;
  config pg_catalog.regconfig;
begin
  -- A word is marked by whichever language knows it.
  foreach config in array
    array['library_internal.french', 'library_internal.english', 'library_internal.simple']::pg_catalog.regconfig[]
  loop
    shown := ts_headline(config, safe, wanted, marks);
    exit when strpos(shown, '⟦') > 0;
  end loop;
  return shown;
end
$$;
comment on function library_internal.marked(text, tsquery, text) is
  'A text with what a query found in it between ⟦ and ⟧. It is the text as it is: nothing in it is made safe for HTML.';

create or replace function library.search_resources(
    query text, max_rows integer default 20, skip integer default 0,
    category text default null, tag text default null, type library.resource_type default null)
  returns table (
    id uuid, title text, description text, category text, tags text[], resource_type library.resource_type,
    visibility library.resource_visibility, user_id uuid, created_at timestamptz,
    rank real, highlights jsonb, total bigint)
  language sql stable rows 20
  begin atomic
    with hits as (
      -- What is found is readable: the rows themselves are looked at for this page alone, unless something narrows it.
      select f.resource_id as id, f.rank, count(*) over () as total
      from library_internal.found_resources(query) as f
      where (search_resources.category is null and search_resources.tag is null and search_resources.type is null)
        or exists (
          select from library.resources as r
          where r.tenant_id = (select relais.tenant_id()) and r.id = f.resource_id
            and (search_resources.category is null or r.category = search_resources.category)
            and (search_resources.tag is null or r.tags @> array[search_resources.tag])
            and (search_resources.type is null or r.resource_type = search_resources.type))
      order by f.rank desc, f.resource_id desc
      offset greatest(skip, 0) limit least(greatest(max_rows, 0), 100)
    )
    select r.id, r.title, r.description, r.category, r.tags, r.resource_type, r.visibility, r.user_id, r.created_at,
           h.rank,
           jsonb_build_object(
             'title', library_internal.marked(r.title, meant.wanted, 'HighlightAll=true'),
             'description', library_internal.marked(
               left(r.description, 5000), meant.wanted, 'MaxFragments=2, MinWords=8, MaxWords=24'),
             'readme', case when to_tsvector('library_internal.french', left(r.readme, 20000)) @@ meant.wanted
               then library_internal.marked(
                 left(r.readme, 20000), meant.wanted, 'MaxFragments=2, MinWords=8, MaxWords=24') end),
           h.total
    from hits as h
    join library.resources as r on r.tenant_id = (select relais.tenant_id()) and r.id = h.id
    cross join (select library_internal.search_query(query) as wanted) as meant
    order by h.rank desc, h.id desc;
  end;
comment on function library.search_resources(text, integer, integer, text, text, library.resource_type) is
  'A page of what a query finds, the best first: how well each fits, and its texts with what was found between ⟦ and ⟧.';

create or replace function library.search_facets(
    query text, category text default null, tag text default null, type library.resource_type default null)
  returns table (facet text, value text, count bigint)
  language sql stable rows 40
  begin atomic
    with hits as materialized (
      select r.category, r.tags, r.resource_type
      from library_internal.found_resources(query) as f
      join library.resources as r on r.tenant_id = (select relais.tenant_id()) and r.id = f.resource_id
      where (search_facets.category is null or r.category = search_facets.category)
        and (search_facets.tag is null or r.tags @> array[search_facets.tag])
        and (search_facets.type is null or r.resource_type = search_facets.type)
    ),
    counted as (
      select 'category' as facet, h.category::text as value, count(*) as count from hits as h
      where h.category <> '' group by h.category
      union all
      select 'tag', t, count(*) from hits as h cross join lateral unnest(h.tags) as t group by t
      union all
      select 'type', h.resource_type::text, count(*) from hits as h group by h.resource_type
    )
    select c.facet, c.value, c.count
    from (select o.*, row_number() over (partition by o.facet order by o.count desc, o.value) as place
          from counted as o) as c
    where c.place <= 20
    order by c.facet, c.place;
  end;
comment on function library.search_facets(text, text, text, library.resource_type) is
  'How many of what a query finds are of each category, tag and type: the twenty most frequent of each.';

do $$
declare
  item record;
begin
  for item in
    select p.oid::regprocedure as name from pg_catalog.pg_proc as p
    where p.pronamespace = 'library_internal'::regnamespace and p.prosecdef
      and p.proname = any (array['keep_texts_of_new', 'keep_texts', 'keep_missing_texts', 'found_resources'])
  loop
    execute format('alter function %s owner to relais_definer', item.name);
  end loop;
end
$$;
revoke execute on function
  library_internal.spelled(text), library_internal.words_of(text, text[], text, text, text),
  library_internal.keep_words(uuid, tsvector[]), library_internal.keep_texts_of_new(),
  library_internal.keep_texts(), library_internal.keep_missing_texts(), library_internal.search_words(text),
  library_internal.search_query(text, text), library_internal.meant_query(uuid, text),
  library_internal.found_resources(text),
  library_internal.marked(text, tsquery, text), library.matching_resources(text),
  library.search_resources(text, integer, integer, text, text, library.resource_type),
  library.search_facets(text, text, text, library.resource_type)
from public;
grant execute on function
  library_internal.spelled(text), library_internal.words_of(text, text[], text, text, text),
  library_internal.keep_words(uuid, tsvector[]), library_internal.keep_texts_of_new(),
  library_internal.keep_texts(), library_internal.keep_missing_texts(),
  library_internal.meant_query(uuid, text)
to relais_definer;
grant execute on function
  library_internal.spelled(text), library_internal.search_words(text), library_internal.search_query(text, text),
  library_internal.found_resources(text), library_internal.marked(text, tsquery, text),
  library.matching_resources(text),
  library.search_resources(text, integer, integer, text, text, library.resource_type),
  library.search_facets(text, text, text, library.resource_type)
to anon, authenticated, service, relais_definer;
