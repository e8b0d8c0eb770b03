"""Where the role is found: JSONPath as RFC 9535 has it, and the older syntax."""

from typing import Any

import pytest
from app.auth.json_path_grammar import read_json_path
from app.auth.json_path_text import UnusablePath
from app.auth.role_path import RolePath

DOCUMENT: dict[str, Any] = {
    "role": "top",
    "a": {"b-c": ["zero", "one", "two", "three"], "b": {"role": "inner"}, "é": 1, "'": "single", '"': "double"},
    "roles": [
        {"name": "reader", "level": 1, "on": True},
        {"name": "writer", "level": 2.0, "on": False},
        {"name": "owner", "level": 3, "tags": ["x", "y"], "on": None},
    ],
    "names": ["tenant_a", "b", "other"],
    "mixed": [1, 1.0, True, "1", None, [1], {"a": 1}, [True]],
    "wanted": "writer",
    "null": None,
}


def found(path: str, document: Any = DOCUMENT) -> list[Any]:
    return list(read_json_path(path)(document, document))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", [DOCUMENT]),
        ("$.role", ["top"]),
        ("$.gone", []),
        ("$.null", [None]),
        ("$.a.é", [1]),
        ("$ .a\n['b'] . role", None),
        ("$ .a\n['b'] .role", ["inner"]),
        ("$['a'][\"b-c\"][0]", ["zero"]),
        ("$.a['\\'']", ["single"]),
        ('$.a["\'"]', ["single"]),
        ("$.a['\"']", ["double"]),
        ('$.a["\\""]', ["double"]),
        ("$.a['\\u00e9']", [1]),
        ("$['\\ud83d\\ude00']", []),
        ("$.a['b-c'][-1]", ["three"]),
        ("$.a['b-c'][-4]", ["zero"]),
        ("$.a['b-c'][-5]", []),
        ("$.a['b-c'][4]", []),
        ("$.role[0]", []),
        ("$.a[0]", []),
        ("$.names.b", []),
        ("$.names[*]", ["tenant_a", "b", "other"]),
        ("$.names.*", ["tenant_a", "b", "other"]),
        ("$.a.b.*", ["inner"]),
        ("$.role.*", []),
        ("$.names[0, 2, 0]", ["tenant_a", "other", "tenant_a"]),
        ("$['role', 'wanted', 'gone']", ["top", "writer"]),
        ("$.a['b-c'][1:3]", ["one", "two"]),
        ("$.a['b-c'][1 : 4 : 2]", ["one", "three"]),
        ("$.a['b-c'][::-1]", ["three", "two", "one", "zero"]),
        ("$.a['b-c'][:-2]", ["zero", "one"]),
        ("$.a['b-c'][3:0:-2]", ["three", "one"]),
        ("$.a['b-c'][::0]", []),
        ("$.a['b-c'][:]", ["zero", "one", "two", "three"]),
        ("$.a[1:]", []),
        ("$..role", ["top", "inner"]),
        ("$..['role', 'name']", ["top", "inner", "reader", "writer", "owner"]),
        ("$.roles..[0]", [DOCUMENT["roles"][0], "x"]),
        ("$.a.b..*", ["inner"]),
        ("$..level", [1, 2.0, 3]),
        ("$.roles[?@.level == 2].name", ["writer"]),
        ("$.roles[?(@.level>=2)].name", ["writer", "owner"]),
        ("$.roles[?@.level < 2 || @.level > 2].name", ["reader", "owner"]),
        ("$.roles[?@.level > 1 && @.level <= 2].name", ["writer"]),
        ("$.roles[?@.level == 1 || @.level == 3 && @.name == 'x'].name", ["reader"]),
        ("$.roles[?(@.level == 1 || @.level == 3) && @.name == 'owner'].name", ["owner"]),
        ("$.roles[?!(@.level == 1)].name", ["writer", "owner"]),
        ("$.roles[?@.tags].name", ["owner"]),
        ("$.roles[? ! @.tags].name", ["reader", "writer"]),
        ("$.roles[?@.on].name", ["reader", "writer", "owner"]),
        ("$.roles[?@.on == true].name", ["reader"]),
        ("$.roles[?@.on == null].name", ["owner"]),
        ("$.roles[?@.name != 'reader'].name", ["writer", "owner"]),
        ("$.roles[?@.name == $.wanted].name", ["writer"]),
        ("$.roles[?'owner' == @['name']].name", ["owner"]),
        ("$.roles[?@.tags[0] == 'x'].name", ["owner"]),
        ("$.roles[?@.tags == @.gone].name", ["reader", "writer"]),
        ("$.roles[?@.gone == $.gone].name", ["reader", "writer", "owner"]),
        ("$.roles[?@.tags[?@ == 'y']].name", ["owner"]),
        ("$.roles[?@.level == 1, 2].name", ["reader", "owner"]),
        ("$.a[?@.role == 'inner'].role", ["inner"]),
        ("$.mixed[?@ == 1]", [1, 1.0]),
        ("$.mixed[?@ == 1.0e0]", [1, 1.0]),
        ("$.mixed[?@ == true]", [True]),
        ("$.mixed[?@ != 1]", [True, "1", None, [1], {"a": 1}, [True]]),
        ("$.mixed[?@ == '1']", ["1"]),
        ("$.mixed[?@ == null]", [None]),
        ("$.mixed[?@ <= null]", [None]),
        ("$.mixed[?@ >= true]", [True]),
        ("$.mixed[?@ < 2]", [1, 1.0]),
        ("$.mixed[?@ < '2']", ["1"]),
        ("$.mixed[?@ > -1.5]", [1, 1.0]),
        ("$.mixed[?@ == $.mixed[5]]", [[1]]),
        ("$.mixed[?@ == $.mixed[6]]", [{"a": 1}]),
        ("$.mixed[?length(@) == 1]", ["1", [1], {"a": 1}, [True]]),
        ("$.roles[?count(@.*) > 3].name", ["owner"]),
        ("$.roles[?value(@..level) == 2].name", ["writer"]),
        ("$.roles[?value(@.*) == 2].name", []),
        ("$.names[?search(@, '^tenant_')]", ["tenant_a"]),
        ("$.names[?search(@, 'e')]", ["tenant_a", "other"]),
        ("$.names[?match(@, 'e')]", []),
        ("$.names[?match(@, '.*e.*')]", ["tenant_a", "other"]),
        ("$.names[? !search(@, 'e') && length(@) == 1]", ["b"]),
        ("$.mixed[?search(@, '1')]", ["1"]),
        ("$.names[?search(@, '[')]", []),
        ("$.names[?search(@, $.gone)]", []),
        ("$.roles[?search(@.name, $.wanted)].name", ["writer"]),
    ],
)
def test_a_json_path_finds_these_values_in_this_order(path: str, expected: list[Any] | None) -> None:
    if expected is None:
        with pytest.raises(UnusablePath):
            read_json_path(path)
        return
    values = found(path)
    assert values == expected
    assert list(map(type, values)) == list(map(type, expected))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$.",
        "$..",
        "$...a",
        "$a",
        " $.a",
        "$.a ",
        "$.1a",
        "$.b-c",
        "$. a",
        "$[",
        "$[]",
        "$[ ]",
        "$['a'",
        "$['a',]",
        "$[a]",
        "$[01]",
        "$[-0]",
        "$[1.0]",
        "$[9007199254740992]",
        "$['\\x']",
        "$['\\\"']",
        '$["\\\'"]',
        "$['\\ud800']",
        "$['a\nb']",
        "$[?]",
        "$[?@.a = 1]",
        "$[?@.a == ]",
        "$[?@.a === 1]",
        "$[?@.a == 1 &&]",
        "$[?(@.a == 1]",
        "$[?@.a == 1)]",
        "$[?1]",
        "$[?'a']",
        "$[?true]",
        "$[?!@.a == 1]",
        "$[?@.* == 1]",
        "$[?@..a == 1]",
        "$[?@[0, 1] == 1]",
        "$[?1 == @[0:1]]",
        "$[?length(@)]",
        "$[?length(@.*) == 1]",
        "$[?count(1) == 1]",
        "$[?value('a') == 1]",
        "$[?search(@)]",
        "$[?search(@, 'a', 'b')]",
        "$[?search(@, 'a') == true]",
        "$[?search (@, 'a')]",
        "$[?match(@.*, 'a')]",
        "$[?nothing(@)]",
        "$[?@.a == 01]",
        "$[?@.a == .5]",
        "$[?@.a == nul]",
        "$[?" + "(" * 2000 + "@.a" + ")" * 2000 + "]",
    ],
)
def test_a_path_that_is_ill_formed_is_refused_in_a_sentence(path: str) -> None:
    with pytest.raises(ValueError) as raised:
        RolePath(path)
    assert str(raised.value).endswith(".")
    assert "\x00" not in str(raised.value)


def test_a_refusal_says_where_and_what_was_expected() -> None:
    with pytest.raises(UnusablePath) as raised:
        RolePath("$.a[?@.b ==]")
    assert str(raised.value) == (
        "The JSON path $.a[?@.b ==] has ] at character 12;"
        " expected @, $, a function, a string, a number, true, false or null."
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".role", "top"),
        ('."role"', "top"),
        (".gone", None),
        (".role.gone", None),
        ('.a."b-c"[0]', "zero"),
        ('.a."b-c"[9]', None),
        (".a.b.role", "inner"),
        (".a.é", "1"),
        ('.a."b-c"[?(@ == "two")]', "two"),
        ('.a."b-c"[?(@ != "zero")]', "one"),
        ('.a."b-c"[?(@ ^== "t")]', "two"),
        ('.a."b-c"[?(@ ==^ "ee")]', "three"),
        ('.a."b-c"[?(@ *== "n")]', "one"),
        ('.a."b-c"[?(@=="none")]', None),
        ('.mixed[?(@ != "2")]', "1"),
        ('.role[?(@ == "top")]', None),
        ('.a[?(@ == "single")]', None),
    ],
)
def test_the_older_syntax_is_still_read(path: str, expected: str | None) -> None:
    assert RolePath(path).first(DOCUMENT) == expected


@pytest.mark.parametrize(
    "path",
    ["role", ".", ".a.", ".a-b", ".a[-1]", ".a[x]", '.a[?(@ > "x")]', '.a[?(@ == "x")].b', ".a[?(@ == 'x')]", ".a b"],
)
def test_the_older_syntax_is_refused_in_a_sentence_as_well(path: str) -> None:
    with pytest.raises(UnusablePath, match="cannot be read from character"):
        RolePath(path)


@pytest.mark.parametrize(
    ("value", "role"),
    [("x", "x"), ("", ""), (None, "null"), (1, "1"), (True, "true"), ([1, "é"], '[1,"é"]'), ({"a": 1.5}, '{"a":1.5}')],
)
def test_a_string_is_the_role_and_anything_else_its_json(value: Any, role: str) -> None:
    assert RolePath().first({"role": value}) == role


def test_the_first_match_is_the_role() -> None:
    assert RolePath("$..role").first(DOCUMENT) == "top"
    assert RolePath("$.names[?search(@, 'o')]").first(DOCUMENT) == "other"
    assert RolePath("$.gone").first(DOCUMENT) is None
