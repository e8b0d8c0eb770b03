"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import collections, comments, groups, notifications, permissions, profiles, resources

router = APIRouter()
for subject in (permissions, comments, resources, collections, groups, profiles, notifications):
    router.include_router(subject.router)
