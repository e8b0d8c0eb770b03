"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import backups, monitoring, overview, permissions, resources, users

router = APIRouter()
for subject in (backups, monitoring, overview, permissions, resources, users):
    router.include_router(subject.router)
