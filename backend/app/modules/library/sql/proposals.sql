-- Suggestions come in: proposed by users, or recorded by administrators because they are in use already.

create or replace function library_internal.must_be_new(wanted text, kind library.suggestion_type) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  known library.suggestion_status;
begin
  -- The key of the table tells capitals apart, people do not: two who propose the same at once take turns.
  perform library_internal.take_turn(concat_ws(':', 'suggestions', relais.tenant_id(), kind, lower(wanted)));
  select s.status into known from library.category_tag_suggestions as s
  where s.tenant_id = relais.tenant_id() and s.type = kind and lower(s.name) = lower(wanted)
  order by array_position(array['approved', 'pending', 'rejected'], s.status::text)
  limit 1;
  case known
    when 'approved' then
      perform library_internal.refuse('ALREADY_APPROVED', 409, 'Cette suggestion a déjà été approuvée');
    when 'pending' then
      perform library_internal.refuse('ALREADY_PENDING', 409, 'Une suggestion similaire est déjà en attente');
    when 'rejected' then
      perform library_internal.refuse('DUPLICATE_ENTRY', 409, 'Cette ressource existe déjà');
    else
      null;
  end case;
end
$$;
comment on function library_internal.must_be_new(text, library.suggestion_type) is
  'Refuses a suggestion that the caller''s tenant has already, in capitals or not.';

create or replace function library.propose_suggestion(
    name text, type library.suggestion_type, description text default null)
  returns library.category_tag_suggestions
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  wanted constant text := btrim(propose_suggestion.name);
  made library.category_tag_suggestions;
begin
  perform library_internal.must_be_new(wanted, propose_suggestion.type);
  insert into library.category_tag_suggestions (name, type, description)
  values (wanted, propose_suggestion.type, propose_suggestion.description)
  returning * into made;
  return made;
end
$$;
comment on function library.propose_suggestion(text, library.suggestion_type, text) is
  'Proposes something in the caller''s name, unless it was proposed before, in capitals or not.';

create or replace function library.seed_suggestions(items jsonb) returns setof library.category_tag_suggestions
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  item record;
  stored library.category_tag_suggestions;
begin
  if not relais.is_trusted() and not library_internal.has_rank('admin') then
    raise exception using errcode = 'insufficient_privilege', message = 'Réservé aux administrateurs';
  end if;
  for item in
    select btrim(x.name) as name, x.type, x.description, greatest(coalesce(x.votes_count, 0), 0) as votes_count
    from jsonb_to_recordset(items)
      as x (name text, type library.suggestion_type, description text, votes_count integer)
  loop
    insert into library.category_tag_suggestions as s (name, type, description, status, votes_count)
    values (item.name, item.type, item.description, 'approved', item.votes_count)
    on conflict on constraint category_tag_suggestions_name_type_key do update set status = 'approved'
      where s.status <> 'approved'
    returning * into stored;
    if found then
      return next stored;
    end if;
  end loop;
end
$$;
comment on function library.seed_suggestions(jsonb) is
  'Records suggestions as approved ones: those that are new, and those that were not approved yet. Answers these.';

alter function library_internal.must_be_new(text, library.suggestion_type) owner to relais_definer;
grant execute on function library_internal.must_be_new(text, library.suggestion_type) to authenticated, service;
grant execute on function
  library.propose_suggestion(text, library.suggestion_type, text), library.seed_suggestions(jsonb)
to anon, authenticated, service, relais_definer;
