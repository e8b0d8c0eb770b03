"""The API reference as a page of our own: no script from elsewhere, readable without a network."""

from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)
_PAGE = files("app").joinpath("api_docs.html").read_text(encoding="utf-8")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """The page; it reads `/api/docs.json`."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})
