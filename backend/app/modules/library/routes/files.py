"""`/api/files`: files that people upload. Fixed paths come before names."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from app.accounts.errors import INSUFFICIENT_ROLE
from app.adapters.storage import STORAGE_UNAVAILABLE
from app.answers import Json, PageOf, Success, errors
from app.errors import ErrorSpec, refuse
from app.files.serving import Unsatisfiable, answer
from app.modules.library import files
from app.modules.library.callers import Anybody, Caller, User, calling
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.file_keeping import PATH
from app.modules.library.file_keeping import REFUSALS as FILE_REFUSALS
from app.modules.library.files import (
    FILE_NOT_FOUND,
    INVALID_FILE_LINK,
    INVALID_FILE_NAME,
    NO_FILE,
    TOO_MANY_FILES,
    Link,
)
from app.modules.library.shapes.files import FileInfo, OwnFile, SignedLink, UploadAnswer
from app.modules.library.tables.kinds import AppRole
from app.named.lists import Paged, wanted_form
from app.named.wishes import claim_of
from app.routers import Router

RANGE_NOT_SATISFIABLE = ErrorSpec("RANGE_NOT_SATISFIABLE", 416, "Partie de fichier inexistante")
LONGEST_LINK_SECONDS = 7 * 86400
router = Router(prefix=PATH, tags=["files"])
Uploading = Annotated[Caller, Depends(calling("transfers", rank=AppRole.USER, once="form"))]
#: A link outlasts the request: nobody makes one in somebody else's place.
Signer = Annotated[Caller, Depends(calling(lends=False))]
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "resourceId": {
                        "type": "string",
                        "format": "uuid",
                        "description": "A resource that the file is to hang on; it is read like it then.",
                    },
                    "isPublic": {
                        "type": "boolean",
                        "default": True,
                        "description": "`false`: nobody else reads the file before it hangs on a resource.",
                    },
                },
            }
        }
    },
}


@router.get("", summary="List own files", response_model=PageOf[OwnFile] | list[OwnFile])
async def get_files(caller: User, request: Request, page: Paged) -> Json:
    """Those that the caller has uploaded, the newest first."""
    return Json(await files.own(caller, request.query_params, page, wanted_form(request)))


@router.post(
    "/upload",
    status_code=201,
    summary="Upload a file",
    response_model=UploadAnswer,
    responses=errors(
        NO_FILE,
        TOO_MANY_FILES,
        INSUFFICIENT_ROLE,
        NOT_OWNER,
        RESOURCE_NOT_FOUND,
        *FILE_REFUSALS,
    ),
    openapi_extra={"requestBody": _FORM},
)
async def post_file(caller: Uploading, request: Request) -> Json:
    """Whoever is told its name may read it, unless `isPublic` is `false`. If it hangs on a resource, whoever may read
    that."""
    content_type = request.headers.get("content-type", "")
    return Json(await files.upload(caller, content_type, request.stream(), claim_of(request)), 201)


@router.get(
    "/{name}/info",
    summary="What is known of a file",
    response_model=FileInfo,
    responses=errors(INVALID_FILE_NAME, FILE_NOT_FOUND),
)
async def get_info(caller: Anybody, name: str) -> Json:
    """One that the caller may not read is not there."""
    return Json(await files.info(caller, name))


@router.get(
    "/{name}/signed",
    summary="A link that opens a file for a while",
    response_model=SignedLink,
    responses=errors(INVALID_FILE_NAME, FILE_NOT_FOUND),
)
async def get_signed(
    caller: Signer,
    name: str,
    seconds: Annotated[int, Query(ge=1, le=LONGEST_LINK_SECONDS, description="How long it is good for.")] = 3600,
) -> Json:
    """Whoever has the link may read the file, without signing in."""
    return Json(await files.signed(caller, name, seconds))


async def _answer(caller: Caller, request: Request, name: str) -> Response:
    params = request.query_params
    wanted = "signature" in params or "expires" in params
    link = Link(params.get("expires", ""), params.get("signature", "")) if wanted else None
    served, key = await files.served(caller, name, link)
    try:
        return answer(served, request.method, request.headers, files.opening(caller, key))
    except Unsatisfiable:
        raise refuse(RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{served.size}"}) from None


_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_READ_ERRORS = errors(INVALID_FILE_NAME, INVALID_FILE_LINK, FILE_NOT_FOUND, RANGE_NOT_SATISFIABLE, STORAGE_UNAVAILABLE)


@router.get(
    "/{name:path}",
    summary="Read a file",
    response_class=Response,
    responses={
        200: {"content": _BYTES, "description": "The file."},
        206: {"content": _BYTES, "description": "The part of it that was asked for."},
        **_READ_ERRORS,
    },
)
async def get_file(caller: Anybody, request: Request, name: str) -> Response:
    """Parts of it (`Range`) and what has changed (`If-None-Match`) as well; `expires` and `signature` are of a link."""
    return await _answer(caller, request, name)


@router.head("/{name:path}", include_in_schema=False)
async def head_file(caller: Anybody, request: Request, name: str) -> Response:
    """The headers of a file."""
    return await _answer(caller, request, name)


@router.delete(
    "/{name:path}",
    summary="Delete a file",
    response_model=Success,
    responses=errors(INVALID_FILE_NAME, FILE_NOT_FOUND, NOT_OWNER),
)
async def delete_file(caller: User, name: str) -> Json:
    """Its uploader or an administrator."""
    return Json(await files.delete(caller, name))
