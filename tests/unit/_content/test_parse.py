"""Documents: bytes in, data out, or an error that holds no part of them."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.resource import Resource
from appconfig_env._content import strict_yaml as _yaml
from appconfig_env._content.document import Document, DocumentError
from appconfig_env._content.parse import kind_of, parse, text_of
from appconfig_env._content.strict_json import DEEPEST

CANARY = "c4n4ry"
JSON = "application/json"
SSM = Resource("ssm", ("/x",))

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


def refused(body: bytes, content_type: str = "", format: str = "") -> str:  # noqa: A002
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
def test_the_content_type_says_what_a_document_is(content_type: str, kind: str) -> None:
    assert kind_of(content_type) == kind


def test_the_option_wins_over_the_content_type() -> None:
    assert kind_of(JSON, "text") == "text"
    assert parse(b'{"a": 1}', JSON, "text") == '{"a": 1}'
    assert parse(b'{"a": 1}', "text/plain", "json") == {"a": 1}


@given(json_data)
def test_json_means_what_it_meant(data: object) -> None:
    assert parse(json.dumps(data).encode(), JSON) == data


def test_without_a_type_objects_and_lists_are_json_and_the_rest_is_text() -> None:
    assert parse(b' {"a": 1}') == {"a": 1}
    assert parse(b"[1]", "text/plain") == [1]
    assert parse(b"5") == "5"
    assert parse(b'"x"') == '"x"'
    assert parse(b"[section]\na=1") == "[section]\na=1"
    assert parse(b"{{ template }}") == "{{ template }}"
    assert parse(b"") == ""


def test_a_byte_order_mark_is_no_part_of_a_document() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}', JSON) == {"a": 1}
    assert text_of(b"\xef\xbb\xbfx") == "x"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"a": ', "line 1 column 7"),
        (b'{"a": 1,}', "line 1 column"),
        (b"{'a': 1}", "line 1 column 2"),
        (b"[NaN]", "no NaN"),
        (b"[-Infinity]", "no -Infinity"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "too many digits"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"x": {"": 1, "": 2}}', "'' stands twice"),
        (b"[" * 100_000, "levels deep"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "levels deep"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "levels deep"),
    ],
)
def test_what_is_no_strict_json_is_refused(body: bytes, part: str) -> None:
    assert part in refused(body, JSON)


def test_json_that_is_no_good_is_not_taken_for_text_either() -> None:
    assert "stands twice" in refused(b'{"a": 1, "a": 2}')
    assert "NaN" in refused(b"[NaN]")


def test_documents_may_be_nested_and_numbers_large() -> None:
    depth = b"[" * DEEPEST + b"]" * DEEPEST
    assert isinstance(parse(depth, JSON), list)
    braces = json.dumps("{" * 1000).encode()
    assert parse(braces, JSON) == "{" * 1000
    many = json.dumps([{}] * 1000).encode()
    assert parse(many, JSON) == [{}] * 1000
    assert parse(str(10**300).encode(), JSON) == 10**300


def test_a_key_that_is_long_is_shown_in_part() -> None:
    key = json.dumps("k" * 10_000)
    assert len(refused(f"{{{key}: 1, {key}: 2}}".encode())) < 200


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv", "text", ""])
def test_binary_content_is_refused(kind: str) -> None:
    assert "binary" in refused(b"\xff\xfe\x00c4n4ry", format=kind)


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
        ("A=1\nA=2", "'A' stands twice"),
    ],
)
def test_lines_that_dotenv_would_drop_are_refused(text: str, part: str) -> None:
    assert part in refused(text.encode(), format="dotenv")


def test_a_dotenv_document_may_hold_nothing() -> None:
    assert parse(b"# nothing yet\n", format="dotenv") == {}


# What a single-quoted value can hold as it is.
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\r\x00")))
def test_any_text_survives_dotenv(value: str) -> None:
    value = "".join(value.splitlines())
    assert parse(f"A='{value}'".encode(), format="dotenv") == {"A": value}


def test_a_yaml_mapping_that_was_merged_before_its_turn_is_no_clash() -> None:
    text = b"a: &a {x: 0}\nbase:\n  inner: &i {<<: *a, x: 1}\nc: {<<: *i}\n"
    found = {"a": {"x": 0}, "base": {"inner": {"x": 1}}, "c": {"x": 1}}
    assert parse(text, "application/yaml") == found


def test_yaml_means_what_json_would_say() -> None:
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
        ("a: 1\na: 2", "'a' stands twice"),
        ("1: a\n'1': b", "'1' stands twice"),
        ("--- 1\n--- 2", "want YAML"),
        ("a: !!python/object:os.system x", "want YAML"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!int ''", "want YAML"),
        ("a: !!timestamp x", "want YAML"),
        ("a: .inf", "finite"),
        ("a: .nan", "finite"),
        ("? !!python/tuple [a]\n: b", "want YAML"),
        ("? [a]\n: b", "want YAML"),
        ("? !!binary aGk=\n: b", "keys are text"),
        ("a: &a [*a]", "levels deep"),
        ("a: &a {b: *a}", "levels deep"),
        ("[" * 5000, "want YAML"),
        (BOMB, "values at most"),
        ("a: \x00", "want YAML"),
    ],
)
def test_yaml_that_json_could_not_say_is_refused(text: str, part: str) -> None:
    assert part in refused(text.encode(), format="yaml")


@pytest.mark.parametrize(
    ("module", "kind", "part"),
    [("yaml", "yaml", "appconfig-env[yaml]"), ("dotenv", "dotenv", "python-dotenv")],
)
def test_a_format_without_its_package_says_what_to_install(
    module: str, kind: str, part: str
) -> None:
    before = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # how Python marks what is not there
    try:
        assert part in refused(b"a=1", format=kind)
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


@given(json_data)
def test_what_yaml_gives_is_what_json_can_say(data: object) -> None:
    text = json.dumps(data)
    try:
        found = _yaml.parse(text)
    except _yaml.YamlError:
        return  # 1e300 and the like are no YAML numbers, and some control signs no YAML
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv"])
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_error_repeats_the_document(kind: str, before: str, after: str) -> None:
    body = f'{before}"{CANARY}"{after}'.encode(errors="replace")
    said = ""
    try:
        parse(body, format=kind)
    except DocumentError as error:
        said = str(error)
        said += repr(None if error.__suppress_context__ else error.__context__)
    # Keys are names, and names may be said.
    assert CANARY not in said or "stands twice" in said


def test_a_documents_repr_holds_no_value() -> None:
    document = Document(SSM, CANARY.encode(), parameters={"a": CANARY}, token=CANARY)
    assert CANARY not in repr(document)


def test_a_document_without_content_says_that_nothing_changed() -> None:
    assert Document(SSM).is_unchanged
    assert not Document(SSM, b"").is_unchanged
    assert not Document(SSM, parameters={}).is_unchanged


def test_one_secret_parameter_makes_a_document_secret() -> None:
    assert not Document(SSM, parameters={"a": "1"}).is_secret
    assert Document(SSM, parameters={"a": "1"}, secret_parameters=frozenset("a")).is_secret
    assert Document(SSM, b"x", secret=True).is_secret
