"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import (
    external,
    permissions,
    ratings,
    resource_permissions,
    resources,
    saved,
    sharing,
    versions,
)

router = APIRouter()
# A fixed path comes before one with an id in its place: what is saved before the resources.
for subject in (
    permissions,
    saved,
    resources,
    sharing,
    resource_permissions,
    ratings,
    versions,
    external,
):
    router.include_router(subject.router)
