"""Parsing documents into data; errors contain no part of the document."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content import strict_yaml as _yaml
from appconfig_env._content.document import Document, DocumentError
from appconfig_env._content.parse import kind_of, parse, text_of
from appconfig_env._content.strict_json import DEEPEST

CANARY = "c4n4ry"
JSON = "application/json"

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


def error_of(body: bytes, content_type: str = "", format: str = "") -> str:  # noqa: A002
    with pytest.raises(DocumentError) as caught:
        parse(body, content_type, format)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("application/vnd.api+json", "json"),
        ("application/x-yaml", "yaml"),
        ("text/yaml", "yaml"),
        ("text/x-dotenv", "dotenv"),
        ("text/plain", ""),
        ("application/octet-stream", ""),
        ("", ""),
    ],
)
def test_the_content_type_determines_the_format(content_type: str, kind: str) -> None:
    assert kind_of(content_type) == kind


def test_the_format_option_wins_over_the_content_type() -> None:
    assert kind_of(JSON, "text") == "text"
    assert parse(b'{"a": 1}', JSON, "text") == '{"a": 1}'
    assert parse(b'{"a": 1}', "text/plain", "json") == {"a": 1}


@given(json_data)
def test_json_survives_a_round_trip(data: object) -> None:
    assert parse(json.dumps(data).encode(), JSON) == data


def test_without_a_type_objects_and_lists_are_json_and_everything_else_is_text() -> None:
    assert parse(b' {"a": 1}') == {"a": 1}
    assert parse(b"[1]", "text/plain") == [1]
    assert parse(b"5") == "5"
    assert parse(b'"x"') == '"x"'
    assert parse(b"[section]\na=1") == "[section]\na=1"
    assert parse(b"{{ template }}") == "{{ template }}"
    assert parse(b"") == ""


def test_a_byte_order_mark_is_not_part_of_a_document() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}', JSON) == {"a": 1}
    assert text_of(b"\xef\xbb\xbfx") == "x"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "got an empty document"),
        (b" \n", "got an empty document"),
        (b'{"a": ', "line 1 column 7"),
        (b'{"a": 1,}', "line 1 column"),
        (b"{'a': 1}", "line 1 column 2"),
        (b"[NaN]", "NaN is not valid JSON"),
        (b"[-Infinity]", "-Infinity is not valid JSON"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "too many digits"),
        (b'{"a": 1, "a": 2}', "duplicate key 'a'"),
        (b'{"x": {"": 1, "": 2}}', "duplicate key ''"),
        (b"[" * 100_000, "levels deep"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "levels deep"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "levels deep"),
    ],
)
def test_json_that_is_not_strict_is_an_error(body: bytes, part: str) -> None:
    assert part in error_of(body, JSON)


def test_json_that_is_not_strict_is_not_treated_as_text() -> None:
    assert "duplicate key" in error_of(b'{"a": 1, "a": 2}')
    assert "NaN" in error_of(b"[NaN]")


def test_nested_documents_and_large_numbers_are_accepted_up_to_the_limits() -> None:
    depth = b"[" * DEEPEST + b"]" * DEEPEST
    assert isinstance(parse(depth, JSON), list)
    braces = json.dumps("{" * 1000).encode()
    assert parse(braces, JSON) == "{" * 1000
    many = json.dumps([{}] * 1000).encode()
    assert parse(many, JSON) == [{}] * 1000
    assert parse(str(10**300).encode(), JSON) == 10**300


def test_an_error_shows_only_the_beginning_of_a_long_key() -> None:
    key = json.dumps("k" * 10_000)
    assert len(error_of(f"{{{key}: 1, {key}: 2}}".encode())) < 200


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv", "text", ""])
def test_binary_content_is_an_error(kind: str) -> None:
    assert "binary" in error_of(b"\xff\xfe\x00c4n4ry", format=kind)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A=a=b", "a=b"),
        ("A=$HOME${PATH}", "$HOME${PATH}"),
        ('A="$HOME"', "$HOME"),
        ("A='a\nb'", "a\nb"),
        (r'A="a\nb"', "a\nb"),
        (r"A='a\nb'", r"a\nb"),
        ("A='say \"x\"'", 'say "x"'),
        ('A="it\'s"', "it's"),
        ("A=für", "für"),
        ("A=", ""),
        ("A='#1'", "#1"),
        ("export A=1", "1"),
        ("A=1\r", "1"),
        ("# comment\n\nA=1 # one", "1"),
    ],
)
def test_dotenv_values_are_taken_literally(line: str, value: str) -> None:
    assert parse(line.encode(), "text/x-dotenv") == {"A": value}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("A=1\nB", "line 2"),
        ("A=1\nnot a pair\n", "line 2"),
        ("A='open", "line 1"),
        ("A=1\nKEY=-----BEGIN\nMIIE\n-----END", "line 3"),
        ("A=1\nA=2", "duplicate name 'A'"),
    ],
)
def test_lines_that_dotenv_would_drop_are_an_error(text: str, part: str) -> None:
    assert part in error_of(text.encode(), format="dotenv")


def test_a_dotenv_document_may_be_empty() -> None:
    assert parse(b"# nothing yet\n", format="dotenv") == {}


# Characters that a single-quoted value can contain without escapes.
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\r\x00")))
def test_any_text_survives_dotenv(value: str) -> None:
    value = "".join(value.splitlines())
    assert parse(f"A='{value}'".encode(), format="dotenv") == {"A": value}


def test_a_yaml_mapping_that_is_merged_before_it_is_constructed_has_no_duplicate_keys() -> None:
    text = b"a: &a {x: 0}\nbase:\n  inner: &i {<<: *a, x: 1}\nc: {<<: *i}\n"
    expected = {"a": {"x": 0}, "base": {"inner": {"x": 1}}, "c": {"x": 1}}
    assert parse(text, "application/yaml") == expected


@pytest.mark.parametrize(
    ("merged", "expected"),
    [
        ("{<<: *one}", {"x": 1, "y": 1}),
        ("{<<: *one, x: own}", {"x": "own", "y": 1}),
        ("{x: own, <<: *one}", {"x": "own", "y": 1}),
        ("{<<: [*one, *two]}", {"x": 1, "y": 1, "z": 2}),
        ("{<<: [*two, *one]}", {"x": 2, "y": 1, "z": 2}),
        ("{<<: [*one, *two], z: own}", {"x": 1, "y": 1, "z": "own"}),
        ("{<<: *late}", {"x": "late", "y": 1}),
        ("{<<: [*late, *two]}", {"x": "late", "y": 1, "z": 2}),
        ("{<<: []}", {}),
        ("&self {<<: *self, x: own}", {"x": "own"}),
        ("{=: 1, <<: *one}", {"=": 1, "x": 1, "y": 1}),
    ],
)
def test_yaml_merges_as_specified_with_any_pyyaml(merged: str, expected: dict[str, object]) -> None:
    text = f"""
one: &one {{x: 1, y: 1}}
two: &two {{x: 2, z: 2}}
deep: {{er: &late {{<<: *one, x: late}}}}
merged: {merged}
"""
    data = parse(text.encode(), "application/yaml")
    assert isinstance(data, dict)
    assert data["merged"] == expected
    assert data["one"] == {"x": 1, "y": 1}
    assert data["deep"] == {"er": {"x": "late", "y": 1}}


@pytest.mark.parametrize("base", ["text", "[text]", "[{x: 1}, text]", "[[{x: 1}]]"])
def test_yaml_that_merges_what_is_not_a_mapping_is_rejected(base: str) -> None:
    error = error_of(f"a: 1\nmerged: {{<<: {base}}}".encode(), "application/yaml")
    assert "line 2 column " in error


def test_yaml_becomes_json_data() -> None:
    text = """
base: &base {x: 1}
list: [true, no, ~, 1.5, text]
date: 2020-01-02
merged: {<<: *base, y: 2}
overridden: {<<: *base, x: 3}
again: *base
1: number
true: word
on: word
2020-01-02: day
set: !!set {b, a}
"""
    assert parse(text.encode(), "application/yaml") == {
        "base": {"x": 1},
        "list": [True, False, None, 1.5, "text"],
        "date": "2020-01-02",
        "merged": {"x": 1, "y": 2},
        "overridden": {"x": 3},
        "again": {"x": 1},
        "1": "number",
        "true": "word",
        "on": "word",
        "2020-01-02": "day",
        "set": ["a", "b"],
    }
    assert parse(b"", format="yaml") is None
    assert parse(b"~: x", format="yaml") == {"~": "x"}


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [", "line 1"),
        ("a: 1\na: 2", "duplicate key 'a'"),
        ("1: a\n'1': b", "duplicate key '1'"),
        ("--- 1\n--- 2", "invalid YAML"),
        ("a: !!python/object:os.system x", "invalid YAML"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!int ''", "invalid YAML"),
        ("a: !!timestamp x", "invalid YAML"),
        ("a: .inf", "finite"),
        ("a: .nan", "finite"),
        ("? !!python/tuple [a]\n: b", "invalid YAML"),
        ("? [a]\n: b", "invalid YAML"),
        ("? !!binary aGk=\n: b", "keys are text"),
        ("a: &a [*a]", "levels deep"),
        ("a: &a {b: *a}", "levels deep"),
        ("[\n" * 5000, "invalid YAML"),  # on one line, PyYAML's time grows with the square
        (BOMB, "at most 100000 values"),
        ("a: \x00", "invalid YAML"),
    ],
)
def test_yaml_that_json_cannot_express_is_an_error(text: str, part: str) -> None:
    assert part in error_of(text.encode(), format="yaml")


@pytest.mark.parametrize(
    ("module", "kind", "part"),
    [("yaml", "yaml", "appconfig-env[yaml]"), ("dotenv", "dotenv", "python-dotenv")],
)
def test_a_format_without_its_package_says_what_to_install(
    module: str, kind: str, part: str
) -> None:
    before = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # makes the import fail
    try:
        assert part in error_of(b"a=1", format=kind)
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


@given(json_data)
def test_parsed_yaml_can_be_encoded_as_json(data: object) -> None:
    text = json.dumps(data)
    try:
        parsed = _yaml.parse(text)
    except _yaml.YamlError:
        return  # 1e300 and the like are not YAML numbers, and YAML excludes control characters
    json.dumps(parsed, allow_nan=False)


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv"])
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_error_repeats_the_document(kind: str, before: str, after: str) -> None:
    body = f'{before}"{CANARY}"{after}'.encode(errors="replace")
    message = ""
    try:
        parse(body, format=kind)
    except DocumentError as error:
        message = str(error)
        message += repr(None if error.__suppress_context__ else error.__context__)
    # Keys are names, and errors may contain names.
    assert CANARY not in message or "duplicate" in message


def test_a_documents_repr_holds_no_value() -> None:
    document = Document(CANARY.encode(), parameters={"a": CANARY}, token=CANARY)
    assert CANARY not in repr(document)


def test_one_secret_parameter_makes_a_document_secret() -> None:
    assert not Document(parameters={"a": "1"}).is_secret
    assert Document(parameters={"a": "1"}, secret_parameters=frozenset("a")).is_secret
    assert Document(b"x", secret=True).is_secret
