-- What is small: casts of domains, comments of schemas, settings of roles, and whether anything reads the request.
select pg_catalog.json_build_object(
    'casts', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'source', c.castsource::int8, 'target', c.casttarget::int8,
            'source_type', pg_catalog.format_type(c.castsource, null),
            'target_type', pg_catalog.format_type(c.casttarget, null),
            'function', pg_catalog.format('%I.%I', n.nspname, p.proname))), '[]')
        from pg_catalog.pg_cast c
        join pg_catalog.pg_proc p on p.oid = c.castfunc
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        join pg_catalog.pg_type s on s.oid = c.castsource
        join pg_catalog.pg_type t on t.oid = c.casttarget
        where c.castcontext = 'i' and c.castmethod = 'f' and (s.typtype = 'd' or t.typtype = 'd')
          and pg_catalog.has_function_privilege(c.castfunc, 'execute')
    ),
    'comments', (
        select coalesce(pg_catalog.json_object_agg(n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace')), '{}')
        from pg_catalog.pg_namespace n
        where n.nspname = any ($1::text[]) and pg_catalog.obj_description(n.oid, 'pg_namespace') is not null
    ),
    'roles', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'role', r.rolname, 'setting', pg_catalog.split_part(s.setting, '=', 1),
            'value', pg_catalog.substr(s.setting, pg_catalog.strpos(s.setting, '=') + 1),
            'context', coalesce(g.context, 'user')) order by d.setdatabase), '[]')
        from pg_catalog.pg_auth_members m
        join pg_catalog.pg_roles r on r.oid = m.roleid
        join pg_catalog.pg_roles l on l.oid = m.member and l.rolname = session_user
        join pg_catalog.pg_db_role_setting d on d.setrole = r.oid and d.setdatabase in (0, (
            select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()))
        cross join lateral pg_catalog.unnest(d.setconfig) as s (setting)
        left join pg_catalog.pg_settings g on g.name = pg_catalog.split_part(s.setting, '=', 1)
        where coalesce(g.context, 'user') = 'user'
           or pg_catalog.has_parameter_privilege(session_user, g.name, 'set')
    ),
    'reads_request', exists (
        select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname not in ('pg_catalog', 'information_schema')
          and (p.prosrc ~* $2 or p.prosqlbody is not null and pg_catalog.pg_get_functiondef(p.oid) ~* $2)
          and p.prokind in ('f', 'p')
    ) or exists (
        select from pg_catalog.pg_policy p
        where coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') ~* $2
           or coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '') ~* $2
    ) or exists (
        select from pg_catalog.pg_attrdef d where pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~* $2
    ) or exists (
        select from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace
        where k.contype = 'c' and n.nspname not in ('pg_catalog', 'information_schema')
          and pg_catalog.pg_get_constraintdef(k.oid) ~* $2
    ) or exists (
        select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
          and pg_catalog.pg_get_viewdef(c.oid) ~* $2
    )
)
