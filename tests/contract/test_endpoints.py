"""Each endpoint of the contract, for everybody, with requests that are right and wrong: status, shape, no leak."""

import pytest

from docs.writers.compatibility_page import LEFT_OUT
from tests.contract.conftest import Answers
from tests.contract.endpoints import Endpoint, endpoints
from tests.contract.examples import EXAMPLES, Example
from tests.contract.judging import faults
from tests.contract.offered import is_offered

OFFERED = [item for item in endpoints() if is_offered(item)]


@pytest.mark.parametrize("endpoint", OFFERED, ids=[item.id for item in OFFERED])
def test_an_endpoint_keeps_to_the_contract(answers: Answers, endpoint: Endpoint) -> None:
    told = answers.of[endpoint.id]
    found = [fault for answer in told for fault in faults(answer, answers.emails)]
    assert not found, "\n".join(found)


def test_some_request_of_each_endpoint_was_right(answers: Answers) -> None:
    for item in OFFERED:
        also = EXAMPLES.get(item.id, Example()).also
        right = {item.status, 200, 201, *also}
        assert any(told.status in right for told in answers.of[item.id] if told.case.kind == "valid"), item.id


def test_missing_routes() -> None:
    """Those without a route are the ones that the page about compatibility names, with its reasons."""
    missing = sorted(item.id for item in endpoints() if not is_offered(item))
    assert missing == sorted(LEFT_OUT)


def test_every_endpoint_with_places_or_a_body_has_an_example() -> None:
    needy = {item.id for item in endpoints() if item.places or any(field.required for field in item.fields)}
    assert needy <= EXAMPLES.keys()
    assert EXAMPLES.keys() <= {item.id for item in endpoints()}
