"""What judges answers: a refusal in other words, a row in one casing."""

from typing import Any

import pytest

from tests.contract.asking import Asked, Case
from tests.contract.endpoints import endpoints
from tests.contract.judging import faults

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
