"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import github, google_drive, permissions, resources

router = APIRouter()
for subject in (permissions, resources, github, google_drive):
    router.include_router(subject.router)
