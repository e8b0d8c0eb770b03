"""Requests of the library that need more room or more time than others."""

from collections.abc import Sequence

from app.module import Allowance
from app.modules.library.file_keeping import PATH
from app.settings import Settings

#: A file of 10 MB as forms of the frontend write it into a row, and the row.
FORM_BYTES = 24 * 1024 * 1024


def allowances(settings: Settings) -> Sequence[Allowance]:
    """Files take their time; how long they may be, their route says. Rows may have files written into them."""
    forms = max(settings.http.body_limit_bytes, FORM_BYTES)
    return (
        Allowance(PATH, body_bytes=settings.http.body_limit_bytes, seconds=settings.files.transfer_seconds),
        Allowance(f"{PATH}/upload", body_bytes=0, seconds=settings.files.transfer_seconds),
        Allowance("/api/resources", body_bytes=forms),
        Allowance("/api/profiles", body_bytes=forms),
    )
