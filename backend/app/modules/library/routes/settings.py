"""`/api/admin/config`: settings that administrators change while the library runs, and the record of it."""

from typing import Annotated, Any

from fastapi import Body as Content
from fastapi import Path, Query
from pydantic import AfterValidator, Field

from app.accounts.bodies import Body, Name, Text
from app.answers import Json, PageOf
from app.modules.library import settings
from app.modules.library.callers import Admin, SuperAdmin
from app.modules.library.shapes.administration import ConfigChange, ConfigEntry, ConfigRow
from app.named.bodies import AnyJson
from app.named.lists import Paged
from app.routers import Router

router = Router(prefix="/api/admin/config", tags=["settings"])
_LONGEST = 10_000


def _short(value: Any) -> Any:
    if value is None:
        raise ValueError("Une valeur est attendue")
    if len(settings.as_text(value)) > _LONGEST:
        raise ValueError("Valeur trop longue")
    return value


Value = Annotated[AnyJson, AfterValidator(_short)]


class Setting(Body):
    """What a setting becomes."""

    value: Value
    description: Annotated[Text, Field(max_length=1000)] | None = None


@router.get("", summary="All settings", response_model=dict[str, ConfigEntry])
async def get_settings(caller: Admin) -> Json:
    """By their keys."""
    return Json(await settings.known(caller))


@router.get("/audit", summary="Who changed settings", response_model=PageOf[ConfigChange])
async def get_changes(
    caller: SuperAdmin, page: Paged, key: Annotated[str | None, Query(max_length=255)] = None
) -> Json:
    """The newest first."""
    return Json(await settings.changes(caller, key, page))


@router.put("", summary="Change several settings", response_model=dict[str, ConfigEntry])
async def put_settings(caller: Admin, body: Annotated[dict[Name, Value], Field(max_length=100), Content()]) -> Json:
    """All of them or none. Thresholds are whole numbers from 1, switches `true` or `false`."""
    return Json(await settings.put_all(caller, body))


@router.put("/{key}", summary="Change a setting", response_model=ConfigRow)
async def put_setting(caller: Admin, key: Annotated[Name, Path()], body: Setting) -> Json:
    """Or make it. Thresholds are whole numbers from 1, switches `true` or `false`."""
    described = {"description": body.description} if "description" in body.model_fields_set else {}
    return Json(await settings.put(caller, key, body.value, described))
