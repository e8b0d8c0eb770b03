"""What judges answers: a refusal in other words, a row in one casing."""

from typing import Any

import pytest

from tests.contract.asking import Asked, Case
from tests.contract.endpoints import endpoints
from tests.contract.judging import faults
from tests.library.file_samples import PNG

BY_ID = {item.id: item for item in endpoints()}
UUID = "0193f2a0-0000-7000-8000-000000000000"


def _faults(endpoint: str, kind: str, status: int, told: Any) -> list[str]:
    case = Case(BY_ID[endpoint], kind, "owner")
    return list(faults(Asked(case, status, b"", told, "application/json"), {}))


def _refusal(code: str, text: str) -> dict[str, Any]:
    return {"code": code, "error": text, "message": text, "details": None, "hint": None}


@pytest.mark.parametrize(
    ("told", "is_right"),
    [
        (("SUGGESTION_NOT_FOUND", "Suggestion non trouvée"), True),
        (("SUGGESTION_NOT_FOUND", "Suggestion introuvable"), False),
        (("NOT_FOUND", "Suggestion non trouvée"), False),
        (("PGRST116", "The result contains 0 rows"), False),
    ],
)
def test_a_refusal_has_the_code_and_the_text_of_the_contract(told: tuple[str, str], is_right: bool) -> None:
    assert bool(_faults("GET /api/suggestions/:id", "unknown", 404, _refusal(*told))) is not is_right


def test_where_the_contract_has_no_code_its_text_alone_counts() -> None:
    endpoint = "DELETE /api/permissions/assign/:id"
    text = "Association permission-rôle non trouvée"
    assert not _faults(endpoint, "unknown", 404, _refusal("ASSIGNMENT_NOT_FOUND", text))
    assert _faults(endpoint, "unknown", 404, _refusal("ASSIGNMENT_NOT_FOUND", "Not found"))


def test_rows_that_are_read_in_both_casings_have_both() -> None:
    row = {"id": UUID, "votesCount": 1, "votes_count": 1, "_count": {"suggestionVotes": 0}}

    def missing(row: dict[str, Any]) -> list[str]:
        told = _faults("GET /api/suggestions", "valid", 200, {"data": [row], "meta": {}})
        return [fault for fault in told if "without" in fault]

    assert not missing(row)
    assert missing(row | {"votes_count": 2})
    assert missing({key: value for key, value in row.items() if key != "votes_count"})


def test_an_upload_has_a_code_and_an_address_of_its_own() -> None:
    endpoint = BY_ID["POST /api/files/upload"]

    def found(detail: str, status: int, told: Any) -> list[str]:
        case = Case(endpoint, "upload", "owner", detail)
        return list(faults(Asked(case, status, b"", told, "application/json"), {}))

    assert not found("no_file", 400, _refusal("NO_FILE", "Aucun fichier fourni"))
    assert found("two_files", 400, _refusal("NO_FILE", "Aucun fichier fourni"))
    assert found("plain", 400, _refusal("NO_FILE", "Aucun fichier fourni"))
    file = dict.fromkeys(("originalName", "fileName", "mimeType"), "a.png")
    file |= {"id": UUID, "size": 1, "uploadedAt": "2024-01-01T00:00:00.000Z"}
    for url, is_right in (("http://relais.test/api/files/a.png", True), ("http://elsewhere/api/files/a.png", False)):
        assert bool(found("plain", 201, {"success": True, "file": file | {"url": url}})) is not is_right


def test_bytes_come_back_as_they_were_sent() -> None:
    case = Case(BY_ID["GET /api/files/:fileName"], "valid", "owner")
    for content, is_right in ((PNG, True), (PNG[:-1], False)):
        assert bool(list(faults(Asked(case, 200, content, None, "image/png"), {}))) is not is_right
