"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import (
    analytics,
    categories,
    collections,
    comments,
    counters,
    external,
    files,
    github,
    google_drive,
    groups,
    jobs,
    moderation,
    notifications,
    permissions,
    profiles,
    ratings,
    resource_permissions,
    resources,
    saved,
    search,
    settings,
    sharing,
    suggestions,
    tables,
    templates,
    versions,
)

router = APIRouter()
# Fixed paths come before ids: what is below `/api/resources` before a resource, every route before those of tables.
for subject in (
    analytics,
    categories,
    collections,
    comments,
    counters,
    files,
    github,
    google_drive,
    groups,
    jobs,
    moderation,
    notifications,
    permissions,
    profiles,
    ratings,
    resource_permissions,
    saved,
    search,
    settings,
    sharing,
    suggestions,
    templates,
    versions,
    resources,
    external,
    tables,
):
    router.include_router(subject.router)
