"""The description that the API serves: what it promises of every route."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
from app.api_docs import example_of, says_something

from docs.writers.api_page import api_page, described

API = described()
SCHEMAS = API["components"]["schemas"]


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in API["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _media(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from holder.get("content", {}).values()


def test_the_framework_promises_no_error_of_its_own() -> None:
    assert "HTTPValidationError" not in json.dumps(API)
    for name, operation in _operations():
        if "requestBody" in operation:
            assert "400" in operation["responses"] or "multipart/form-data" in operation["requestBody"]["content"], name


def test_who_is_let_in_is_said_with_what_others_are_told() -> None:
    assert API["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for name, operation in _operations():
        if "security" in operation:
            # GoTrue's word for a bad token comes with 403.
            assert {"401", "403"} & operation["responses"].keys(), name
            assert "429" in operation["responses"], name
    operations = dict(_operations())
    assert operations["POST /api/suggestions"]["security"] == [{"bearer": []}]
    assert operations["GET /api/suggestions"]["security"] == [{}, {"bearer": []}]
    assert "security" not in operations["POST /api/auth/signin"]
    assert "bad_jwt" in operations["GET /auth/v1/user"]["responses"]["403"]["description"]


def test_dependencies_and_routes_say_what_they_refuse() -> None:
    operations = dict(_operations())

    def codes(name: str) -> set[str]:
        refused = {status: answer for status, answer in operations[name]["responses"].items() if status >= "400"}
        return {code for answer in refused.values() for media in _media(answer) for code in media.get("examples", ())}

    assert {"SESSION_ENDED", "API_TOKEN_EXPIRED", "PGRST000", "INTERNAL_ERROR"} <= codes("GET /api/auth/session")
    assert "INSUFFICIENT_SCOPE" not in codes("GET /api/auth/session")
    assert "INSUFFICIENT_SCOPE" in codes("PUT /api/auth/user")
    assert {"BODY_TOO_LARGE", "MALFORMED_REQUEST", "UNKNOWN_TENANT"} <= codes("POST /api/auth/signin")
    assert {"INSUFFICIENT_ROLE", "PGRST002"} <= codes("GET /api/permissions")
    assert "INSUFFICIENT_ROLE" not in codes("GET /api/permissions/check")
    assert {"otp_disabled", "validation_failed"} <= codes("POST /auth/v1/verify")
    # Whose caller is asked for within the route.
    assert {"AUTH_TOKEN_MISSING", "RATE_LIMIT_EXCEEDED"} <= codes("POST /api/auth/email/verify/resend")
    assert codes("GET /live") == {"INTERNAL_ERROR"}


def test_every_body_and_every_answer_with_a_schema_has_an_example() -> None:
    for name, operation in _operations():
        done = [answer for status, answer in operation["responses"].items() if status < "300"]
        for holder in (operation.get("requestBody", {}), *done):
            for media in _media(holder):
                assert not says_something(media.get("schema", {})) or {"example", "examples"} & media.keys(), name


def test_every_answer_has_a_schema_and_an_empty_one_has_none() -> None:
    for name, operation in _operations():
        for status, answer in operation["responses"].items():
            if status == "204":
                assert "content" not in answer, name
            elif status < "300":
                assert all(says_something(media["schema"]) for media in answer["content"].values()), name


def test_some_object_is_not_a_schema() -> None:
    bare = {"type": "object", "additionalProperties": True}
    assert not says_something(bare)
    assert not says_something({"type": "array", "items": bare})
    assert says_something({"type": "object", "additionalProperties": {"type": "integer"}})


def test_both_spellings_of_a_name_are_described() -> None:
    comment, group = SCHEMAS["Comment"], SCHEMAS["GroupBrief"]
    assert comment["properties"]["resource_id"] == comment["properties"]["resourceId"]
    assert {"resourceId", "resource_id", "content"} <= {*comment["required"]}
    assert not any("_" in name for name in group["properties"])


def test_every_error_has_its_code_on_the_page_and_every_schema_its_place() -> None:
    page = api_page()
    for _, operation in _operations():
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert all(
                    f"| {status} | {code} |" in page for code in re.findall(r"(?:^|, )(`\w+`):", answer["description"])
                )
    assert {name for name in re.findall(r"\[(\w+)\]\(#\w+\)", page)} <= SCHEMAS.keys() | {"schemas"}
    assert all(f"\n### {name}\n" in page for name in SCHEMAS)
    assert "$ref" not in page


def test_an_example_ends_where_its_schema_goes_on() -> None:
    tree = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}}
    assert json.dumps(example_of(tree, {"$ref": "#/components/schemas/Node"})).count("next") < 10


async def test_what_cannot_be_used_is_answered_as_described(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/signin", json={})
    operation = API["paths"]["/api/auth/signin"]["post"]
    told = operation["responses"][str(answer.status_code)]["content"]["application/json"]
    assert told["examples"][answer.json()["code"]]["value"].keys() == answer.json().keys()
