"""What the gateway says of itself is asked of it: requests made from its OpenAPI document, by schemathesis.

For `make fuzz` alone, which installs it. An answer may be any refusal, but never a mistake.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="only `make fuzz` installs schemathesis")
EXAMPLES = max(5, int(os.environ.get("RELAIS_TEST_FUZZ", "1000")) // 10_000)


# schemathesis and its parts use what newer versions of others call old.
@pytest.mark.filterwarnings("default")
def test_no_described_request_is_answered_with_a_mistake(served: str) -> None:
    described = schemathesis.openapi.from_url(f"{served}/rest/v1/")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 50

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case) -> None:
        answer = case.call(base_url=f"{served}/rest/v1")
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)

    for operation in operations:
        given(operation.as_strategy())(ask)()
