"""The shared cases: `cases/*.json`, one file a feature, each a list of requests with the answers that they must get.

    {"name": "a sentence", "request": {"method", "path", "headers", "body"},
     "response": {"status", "headers": {only those asserted; null: absent}, "body": JSON, or {"text": "…"}}}

Paths begin below the gateway's prefix. A text is compared byte for byte, JSON by its value; without a body in the
response, the body may be anything. Both this suite and the one in JavaScript read them. The files in
`cases/configured` want other settings, one set a file: a suite that only has an address cannot run those.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .configuration import Configuration
from .messages import Answer, Request

FILES = Path(__file__).with_name("cases")
#: Writes undo themselves with `Prefer: tx=rollback`.
OPEN = {"db_schemas": "api,api2", "db_aggregates_enabled": True, "db_plan_enabled": True,
        "db_tx_end": "commit-allow-override"}  # fmt: skip
#: What the files in `cases/configured` want besides.
CONFIGURED: dict[str, dict[str, str | int | bool]] = {
    "aggregates_off": {"db_aggregates_enabled": False},
    "audience": {"jwt_aud": "relais", "jwt_role_claim_key": "$.app.roles[0]"},
    "closed": {"db_anon_role": "-"},
    "max_rows": {"db_max_rows": 3},
    "no_description": {"openapi_mode": "disabled"},
    "no_override": {"db_tx_end": "rollback"},
    "no_plans": {"db_plan_enabled": False},
    "origins": {"server_cors_allowed_origins": "https://a.example, https://b.example"},
    "root_function": {"db_root_spec": "over"},
    "strict_names": {"url_use_legacy_target_names": False},
    "terse_errors": {"client_error_verbosity": "minimal"},
    "traced": {"server_trace_header": "X-Trace"},
}


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must be answered."""

    name: str
    request: Request
    status: int
    headers: dict[str, str | None]
    response: dict[str, Any] = field(repr=False)

    def problems(self, answer: Answer) -> list[str]:
        """In what an answer is not what it must be."""
        found = [] if answer.status == self.status else [f"status {answer.status}, not {self.status}"]
        for name, expected in self.headers.items():
            if answer.header(name) != expected:
                found.append(f"{name}: {answer.header(name)!r}, not {expected!r}")
        if "body" in self.response and not _same(self.response["body"], answer.body):
            found.append(f"body {answer.body.decode('utf-8', 'replace')}\nnot {json.dumps(self.response['body'])}")
        return found


def configuration_of(stem: str) -> Configuration:
    """The settings that the cases of a file are for."""
    return Configuration(stem, 1, OPEN | CONFIGURED.get(stem, {}))


def read_cases(path: Path) -> list[Case]:
    """The cases of one file."""
    return [_case(path.stem, item) for item in json.loads(path.read_text())]


def _case(feature: str, item: dict[str, Any]) -> Case:
    asked, response = item["request"], item["response"]
    path, _, query = asked["path"].partition("?")
    body = asked["body"].encode() if "body" in asked else None
    request = Request(feature, asked["method"], path, query, tuple(asked.get("headers", {}).items()), body)
    return Case(item["name"], request, response["status"], response["headers"], response)


def _same(expected: Any, body: bytes) -> bool:
    if isinstance(expected, dict) and expected.keys() == {"text"}:
        return body == expected["text"].encode()
    try:
        return json.loads(body) == expected
    except ValueError:
        return False
