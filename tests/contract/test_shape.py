"""The checker of shapes itself."""

from typing import Any

import pytest

from tests.contract.shape import problems


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("0193f2a0-0000-7000-8000-000000000000", "uuid"),
        (None, "string|null"),
        (None, "enum(a|b)|null"),
        ("b", "enum(a|b)"),
        (True, "const(true)"),
        (3, "int(1..5)"),
        (12, "int(ms)"),
        (1.5, "number"),
        ("/api/files/a.txt", "string(/api/files/{fileName})"),
        ("2024-01-01T00:00:00.000Z", "datetime"),
        ([], ["string"]),
        ({"a": 1, "more": 2}, {"a": "int", "b?": "string"}),
        ({"x": {"v": 1}, "y": {"v": 2}}, {"<key>": {"v": "int"}}),
        (None, {"$nullable": {"a": "int"}}),
        ({"a": 1}, {"$nullable": {"a": "int"}}),
    ],
)
def test_what_has_the_shape_has_no_problems(value: Any, shape: Any) -> None:
    assert problems(value, shape) == []


@pytest.mark.parametrize(
    ("value", "shape", "at"),
    [
        ("x", "uuid", "answer"),
        (None, "string", "answer"),
        ("c", "enum(a|b)", "answer"),
        (True, "int", "answer"),
        (6, "int(1..5)", "answer"),
        ("https://elsewhere.example/api/files/a.txt", "string(/api/files/{fileName})", "answer"),
        ("1.5", "number", "answer"),
        ("2024-01-01T00:00:00+00:00", "datetime", "answer"),
        ({}, ["string"], "answer"),
        ([1], ["string"], "answer[0]"),
        ({}, {"a": "int"}, "answer.a"),
        ({"b": 1}, {"b?": "string"}, "answer.b"),
        ({"x": {"v": None}}, {"<key>": {"v": "int"}}, "answer.x.v"),
        ({"a": None}, {"$nullable": {"a": "int"}}, "answer.a"),
    ],
)
def test_what_has_not_is_told_with_its_place(value: Any, shape: Any, at: str) -> None:
    [told] = problems(value, shape)
    assert told.startswith(f"{at}:")
