"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import (
    backups,
    categories,
    collections,
    comments,
    external,
    files,
    groups,
    moderation,
    monitoring,
    notifications,
    overview,
    permissions,
    profiles,
    ratings,
    resource_permissions,
    resources,
    saved,
    settings,
    sharing,
    suggestions,
    tables,
    templates,
    users,
    versions,
)

router = APIRouter()
# Fixed paths come before ids: what is below `/api/resources` before a resource, every route before those of tables.
for subject in (
    backups,
    categories,
    collections,
    comments,
    files,
    groups,
    moderation,
    monitoring,
    notifications,
    overview,
    permissions,
    profiles,
    ratings,
    resource_permissions,
    saved,
    settings,
    sharing,
    suggestions,
    templates,
    users,
    versions,
    resources,
    external,
    tables,
):
    router.include_router(subject.router)
