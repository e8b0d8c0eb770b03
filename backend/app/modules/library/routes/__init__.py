"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import (
    categories,
    moderation,
    permissions,
    resources,
    settings,
    suggestions,
    tables,
    templates,
)

router = APIRouter()
for subject in (permissions, resources, suggestions, moderation, settings, categories, templates, tables):
    router.include_router(subject.router)
