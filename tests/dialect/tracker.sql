-- What embeds have learnt since 12.0.2, on few rows: spreads of many, aggregates in spreads, computed relationships,
-- tables that are related in more than one way, and media types that anything can be answered as.
create schema tracker;
create schema elsewhere;

create table tracker.clients (id integer primary key, name text);
create table tracker.projects (
    id integer primary key,
    name text,
    client_id integer references tracker.clients,
    doc jsonb,
    hours numeric,
    started date
);
create table tracker.tasks (id integer primary key, name text, project_id integer references tracker.projects, done boolean);
create table tracker.users (id integer primary key, name text);
create table tracker.assignments (
    user_id integer references tracker.users,
    task_id integer references tracker.tasks,
    primary key (user_id, task_id)
);
create table tracker.details (project_id integer primary key references tracker.projects, budget integer, note text);
create table tracker.remarks (id integer primary key, project_id integer references tracker.details, remark text);
-- One to one and many to one between the same two
create table tracker.ships (id integer primary key);
create table tracker.berths (
    id integer primary key,
    a_guest integer references tracker.ships,
    owner integer unique references tracker.ships,
    z_guest integer references tracker.ships
);
create table elsewhere.invoices (id integer primary key, project_id integer references tracker.projects);

create function tracker.client_of(tracker.projects) returns setof tracker.clients rows 1 language sql stable as $$
    select * from tracker.clients where id = $1.client_id
$$;
create function tracker.tasks_of(tracker.projects) returns setof tracker.tasks language sql stable as $$
    select * from tracker.tasks where project_id = $1.id
$$;
create function elsewhere.far_tasks(tracker.projects) returns setof tracker.tasks language sql stable as $$
    select * from tracker.tasks where project_id = $1.id
$$;
create function tracker.projects_to(n integer default 100) returns setof tracker.projects language sql stable as $$
    select * from tracker.projects where id <= n
$$;

insert into tracker.clients values (1, 'Oak'), (2, 'Elm'), (3, 'Yew');
insert into tracker.projects values
    (1, 'roof', 1, '{"a": {"n": 5}}', 10, '2020-01-01'), (2, 'wall', 1, '{"a": {"n": 7}}', 2.5, null),
    (3, 'door', 2, null, null, '2021-01-01'), (4, 'well', 2, '{}', 4, '2020-01-01'), (5, 'none', null, null, 0, null);
insert into tracker.tasks select i, 'task ' || i, (i + 1) / 2, i % 3 = 0 from generate_series(1, 8) i;
insert into tracker.tasks values (9, null, 1, null);
insert into tracker.users values (1, 'Ann'), (2, 'Bo'), (3, 'Cy');
insert into tracker.assignments values (1, 1), (1, 2), (1, 3), (2, 5), (3, 1), (3, 5);
insert into tracker.details values (1, 100, 'x'), (3, 300, null);
insert into tracker.remarks values (1, 1, 'first'), (2, 1, 'second');

-- Rows of anything as bytes, whatever is accepted
create domain tracker."*/*" as bytea;
create function elsewhere.any_step(bytea, anyelement) returns bytea language sql immutable as $$
    select $1 || convert_to($2::text, 'utf8')
$$;
create function elsewhere.any_done(bytea) returns tracker."*/*" language sql immutable as $$ select $1::tracker."*/*" $$;
create aggregate elsewhere.any_bytes(anyelement) (
    sfunc = elsewhere.any_step, stype = bytea, initcond = '', finalfunc = elsewhere.any_done
);

grant usage on schema tracker, elsewhere to dialect_anon;
grant all on all tables in schema tracker, elsewhere to dialect_anon;
analyze;
