"""The routes of the library, one file a subject. Each only translates between HTTP and a service."""

from fastapi import APIRouter

from app.modules.library.routes import permissions

router = APIRouter()
router.include_router(permissions.router)
