"""The library of shared resources: its tables, the rules about them, and what they offer to clients."""

from app.module import DAY, Module, Pulse, Right, Schedule
from app.modules.library import tables
from app.modules.library.channels import CHANNELS, OUTLETS
from app.modules.library.counters import flush_views
from app.modules.library.digests import daily_digest, weekly_digest
from app.modules.library.events import flush_events
from app.modules.library.file_sweep import sweep_files
from app.modules.library.larger_requests import allowances
from app.modules.library.people import PERSON
from app.modules.library.retention import recount_analytics, retire_library_rows
from app.modules.library.routes import router
from app.modules.library.seed import seed
from app.modules.library.settling import auto_approval, reconcile_votes

assert tables  # importing them is what declares them

MODULE = Module(
    name="library",
    summary="A library of shared resources",
    schema="library",
    tables=(
        "admin_config",
        "admin_config_audit_logs",
        "analytics_events",
        "category_filters",
        "category_hierarchy",
        "category_tag_suggestions",
        "collection_resources",
        "collections",
        "files",
        "group_members",
        "groups",
        "notifications",
        "permission_audit_logs",
        "permissions",
        "profile_preferences",
        "profiles",
        "resource_comments",
        "resource_permissions",
        "resource_ratings",
        "resource_shares",
        "resource_statistics",
        "resource_templates",
        "resource_versions",
        "resources",
        "role_permissions",
        "saved_resources",
        "suggestion_votes",
        "user_roles",
    ),
    router=router,
    jobs=(
        auto_approval,
        daily_digest,
        recount_analytics,
        reconcile_votes,
        retire_library_rows,
        sweep_files,
        weekly_digest,
    ),
    allowances=allowances,
    schedules=(
        # Mornings in UTC; weeks begin on Mondays, and 1970 began on a Thursday.
        Schedule(daily_digest, every=DAY, at=7 * 3600, windowed=True),
        Schedule(weekly_digest, every=7 * DAY, at=4 * DAY + 7 * 3600, windowed=True),
        Schedule(recount_analytics, every=DAY, at=2 * 3600),
        Schedule(retire_library_rows, every=DAY, at=3 * 3600),
        Schedule(reconcile_votes, every=DAY // 24, at=17 * 60),
        Schedule(sweep_files, every=DAY, at=4 * 3600, waits=True),
    ),
    pulses=(Pulse(flush_views), Pulse(flush_events)),
    seed=seed,
    person=PERSON,
    realtime_tables=(
        "category_tag_suggestions",
        "collections",
        "collection_resources",
        "group_members",
        "notifications",
        "resource_comments",
        "resource_ratings",
        "resource_shares",
        "resources",
        "suggestion_votes",
    ),
    realtime_rights={"resources": (Right("resource_shares", "resource_id", "shared_with_user_id"),)},
    channels=CHANNELS,
    outlets=OUTLETS,
    cache_seconds={
        "category_filters": 3600,
        "category_hierarchy": 3600,
        "category_tag_suggestions": 3600,
        "profiles": 1800,
        "collection_resources": 3600,
        "collections": 3600,
        "resource_templates": 3600,
        "resources": 900,
    },
    expiring={"resource_permissions": "expires_at", "resource_shares": "expires_at", "user_roles": "expires_at"},
)
