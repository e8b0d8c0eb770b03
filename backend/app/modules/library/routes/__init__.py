"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import files, permissions, resources

router = APIRouter()
for subject in (files, permissions, resources):
    router.include_router(subject.router)
