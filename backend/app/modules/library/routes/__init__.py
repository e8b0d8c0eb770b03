"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import analytics, counters, jobs, permissions, resources

router = APIRouter()
for subject in (analytics, counters, jobs, permissions, resources):
    router.include_router(subject.router)
