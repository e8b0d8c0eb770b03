"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import permissions, resources, search

router = APIRouter()
for subject in (permissions, resources, search):
    router.include_router(subject.router)
