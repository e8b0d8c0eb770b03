"""Who somebody is in a library: what the routes of accounts tell of them."""

from app.module import Person

PERSON = Person(
    describe="""
        select p.username, p.full_name, p.avatar_url, p.bio, r.role::text as role
        from library.profiles as p
        left join library.user_roles as r
          on r.tenant_id = p.tenant_id and r.user_id = p.user_id and (r.expires_at is null or r.expires_at > now())
        where p.tenant_id = $1::text::uuid and p.user_id = $2::text::uuid
    """,
    has_username="""
        select exists (
            select from library.profiles as p where p.tenant_id = $1::text::uuid and p.username = $2)
    """,
    standing="""
        select array_position(enum_range(null::library.app_role), r.role) as standing,
               r.role >= 'admin'::library.app_role as administers
        from library.user_roles as r
        where r.tenant_id = $1::text::uuid and r.user_id = $2::text::uuid
          and (r.expires_at is null or r.expires_at > now())
    """,
)
