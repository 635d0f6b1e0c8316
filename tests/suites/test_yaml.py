r"""YAML's corner cases: what YAML 1.2's core schema reads, what it rejects, and where 1.1 differs.

The inputs are our own; their kinds are those of yaml-test-suite. PyYAML, which reads YAML 1.1, does
the parsing: what it reads otherwise than 1.2 must be text or an error. docs/documents.md describes
the dialect.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import parse, plain

READ: tuple[tuple[str, object], ...] = (
    # Documents.
    ("", None), ("# nothing", None), ("---", None), ("---\n...", None), ("--- text", "text"),
    ("%YAML 1.2\n---\na: 1", {"a": 1}), ("a: 1\n...\n# end", {"a": 1}), ("\ufeffa: 1", {"a": 1}),
    ("text", "text"), ("two\nlines", "two lines"), ("a:b", "a:b"), ("12", 12),
    # Mappings and lists.
    ("a: 1\nb: 2", {"a": 1, "b": 2}), ("a:\n  b:\n    c: 1", {"a": {"b": {"c": 1}}}),
    ("- a\n- b", ["a", "b"]), ("a:\n- 1\n- 2", {"a": [1, 2]}), ("- - 1\n  - 2\n- 3", [[1, 2], 3]),
    ("- a: 1\n  b: 2", [{"a": 1, "b": 2}]), ("a:\nb:", {"a": None, "b": None}), ("-", [None]),
    ("{a: 1, b: [2, {c: 3}]}", {"a": 1, "b": [2, {"c": 3}]}), ("[]", []), ("{}", {}),
    ("{a, b: }", {"a": None, "b": None}), ("[a: 1]", [{"a": 1}]), ("[1, 2, ]", [1, 2]),
    ('{"a":1}', {"a": 1}), ('{"a":{"b":[1,2]}}', {"a": {"b": [1, 2]}}), ("? a\n: 1", {"a": 1}),
    ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}), ('"a b": 1\n\'c: d\': 2', {"a b": 1, "c: d": 2}),
    # Plain scalars.
    ("a: b c # d", {"a": "b c"}), ("a: b#c", {"a": "b#c"}), ("a: b:c", {"a": "b:c"}),
    ("a: http://x/y?z=1#w", {"a": "http://x/y?z=1#w"}), ("a: -b", {"a": "-b"}),
    ("a: ?b", {"a": "?b"}), ("a: :b", {"a": ":b"}), ("a: b\n  c\n\n  d", {"a": "b c\nd"}),
    ("a: $(id) ${HOME} `id`", {"a": "$(id) ${HOME} `id`"}), ("a: it's", {"a": "it's"}),
    ("a: b}}", {"a": "b}}"}), ("a: é€😀", {"a": "é€😀"}),
    # Quoted scalars.
    ("a: 'it''s'", {"a": "it's"}), (r"a: 'b\nc'", {"a": r"b\nc"}), ("a: ''", {"a": ""}),
    (r'a: "b\tc\n\"\\\/\x41\u00e9\U0001F600"', {"a": 'b\tc\n"\\/Aé😀'}),
    (r'a: "\ud83d\ude00"', {"a": "😀"}), (r'"\ud83d\ude00": 1', {"😀": 1}),
    (r'a: "\ud83d \ude00"', {"a": "\ud83d \ude00"}), (r'a: "\u2028"', {"a": "\u2028"}),
    ('a: "b\n  c"', {"a": "b c"}), ('a: "b\\\n  c"', {"a": "bc"}), ('a: "# b"', {"a": "# b"}),
    ('a: "1"\nb: \'true\'\nc: "null"', {"a": "1", "b": "true", "c": "null"}),
    # Block scalars.
    ("a: |\n  b\n   c\n", {"a": "b\n c\n"}), ("a: |-\n  b\n", {"a": "b"}),
    ("a: |+\n  b\n\nc: d", {"a": "b\n\n", "c": "d"}),
    ("a: >\n  b\n  c\n\n  d\n", {"a": "b c\nd\n"}),
    ("a: >-\n  b\n  c\n", {"a": "b c"}), ("a: |2\n   b\n", {"a": " b\n"}),
    ("a: |\n  # no comment\n", {"a": "# no comment\n"}), ("a: |\n  1\n", {"a": "1\n"}),
    # Anchors, aliases and merges.
    ("a: &x 1\nb: *x", {"a": 1, "b": 1}), ("a: &x [1]\nb: [*x, *x]", {"a": [1], "b": [[1], [1]]}),
    ("a: &x {k: 1}\nb: {<<: *x, k: 2}", {"a": {"k": 1}, "b": {"k": 2}}),
    ("a: &x {k: 1}\nb: {<<: [*x, {l: 2}]}", {"a": {"k": 1}, "b": {"k": 1, "l": 2}}),
    ('"<<": 1', {"<<": 1}), ("a: <<x", {"a": "<<x"}), ("a: &x\nb: *x", {"a": None, "b": None}),
    # Tags with an equivalent in JSON.
    ("a: !!str 1", {"a": "1"}), ("a: !!str", {"a": ""}), ('a: !!int "1"', {"a": 1}),
    ("a: !!float 1", {"a": 1.0}), ("a: !!bool 'true'", {"a": True}), ("a: !!null ''", {"a": None}),
    ("!!map {a: !!seq [1]}", {"a": [1]}), ("a: ! 12", {"a": "12"}), ("! {a: ! [1]}", {"a": [1]}),
    # Keys are the text that is written.
    ("1: a\n1.0: b\ntrue: c", {"1": "a", "1.0": "b", "true": "c"}),
    ("~: a\nyes: b\n=: c", {"~": "a", "yes": "b", "=": "c"}),
    ("2026-01-31: a\n0x1F: b\nnull: c", {"2026-01-31": "a", "0x1F": "b", "null": "c"}),
)  # fmt: skip

# Each from the second line on, which every error must name.
REJECTED = (
    # More than one document.
    "--- 1\n--- 2", "a: 1\n---\nb: 2", "a: 1\n...\nb: 2",
    # Structure.
    "a: 1\n b: 2", "a: b: c", "a: 1\n- 2", "- 1\nb: 2", "[1", "{a: 1", "[1}", "{a: 1]", "a: ]",
    "[1] 2", "{a: 1} b", "a: [1] b", "a:\n  - 1\n - 2", "[,1]", "{,}", "a: 'b' c", 'a: "b" c',
    "- a\n  b: 1\n c: 2",
    # Tabs as indentation.
    "a:\n\tb: 1", "a:\n  b: 1\n\tc: 2", "-\ta: 1\n\tb: 2",
    # Characters that a plain scalar cannot begin with.
    "a: @b", "a: `b`", "a: %b", "a: |b", "a: >b", "a: *b", "a: !b", "a: ]b",
    "a: - b", "a: ? b : c",
    # Quoted and block scalars.
    'a: "b', "a: 'b", r'a: "\q"', r'a: "\x4"', r'a: "\u12"', r'a: "\U00110000"', r'a: "\UFFFFFFFF"',
    "a: |0\n  b", "a: |10\n  b",
    "a: |x\n  b", 'a: "b\n---\nc"',
    # Keys.
    "? [a]\n: 1", "? {a: 1}\n: 1", "[a]: 1", "{a: 1}: 2", "a: 1\na: 1", "a: 1\n'a': 2",
    "1: a\n'1': b", "{a: 1, a: 2}", "<<: {a: 1}\na: 1\na: 2", "~: 1\n'~': 2", '"\\x61": 1\na: 2',
    "a: {b: 1,\nb: 2}",
    # Anchors, aliases and merges.
    "a: *x", "a: *x\nb: &x 1", "a: &x 1\nb: &x 2", "a: &x &y 1", "a: &x *x", "a: & b", "a: * b",
    "<<: 1", "<<: [1]", "<<: [[{a: 1}]]", "a: 1\n<<: text", "a: &x 1\n<<: *x",
    # Tags without an equivalent in JSON, and values that their tag does not fit.
    "a: !!binary aGk=", "a: !!set {b}", "a: !!omap [b: 1]", "a: !!pairs [b: 1]", "a: !Ref B",
    "a: !!timestamp 2026-01-31", "a: !!python/name:os.system", "a: !!python/tuple [1]",
    "a: !<tag:x.example,2026:y> 1", "a: !Sub {b: 1}", "a: !GetAtt [b, c]", "a: !x!y 1",
    "a: !!int 0x1F", "a: !!int 017", "a: !!int 0b1", "a: !!int 1:30", "a: !!int 1_000",
    "a: !!int 1.5", "a: !!int x", "a: !!int", "a: !!float x", "a: !!float .inf", "a: !!bool yes",
    "a: !!bool 1", "a: !!null x", "a: !!str [b]", "a: !!int {b: 1}", "a: !!map [b]", "a: !!seq b",
    # Characters.
    "a: \x00", "a: \x07", "a: \x1b[31m", "a: \x7f", "a: b\x85c", "a: b\u2028c", "a: b # \u2029c: d",
    "a: \ufffe",
    # Where PyYAML would read something else than YAML 1.2.
    "{?a: 1}", "[?a]", '"a"#b', 'a: "b"# c', "[a]# b", "[a, b,# c\n]", "&a:b c", "a: &b:c d",
    "a: &x 1\n*x: 2",
    # Limits.
    "[" * 101 + "]" * 101, "{a: " * 101 + "1" + "}" * 101, "a: " + "9" * 501, "a: 1e309",
    "a: -1.5e400",
)  # fmt: skip

# Plain scalars that YAML 1.1 or another version reads as something else: here they are text.
TEXTS = (
    "yes", "no", "on", "off", "Yes", "NO", "On", "OFF", "y", "n", "Y", "N",  # "Norway"
    "tRUE", "nULL", "None", "nil", "undefined", "--", "=", ".",
    "0123", "012345670", "08", "00", "-01", "0o14", "0x1F", "0b101", "+1", "+0", "+1.5", "1_000",
    "0x", "0o8", "1,000", "1.", "-1.", "1.e3", "1e", "e1", "1.2.3", "192.168.0.1", "1-2",
    "22:22", "1:30", "1:30:00", "190:20:30.15", "-1:30",
    "2026-01-31", "2026-01-31T10:00:00Z", "2026-01-31 10:00:00.5 +1",
    ".inf", "-.inf", ".Inf", "+.INF", ".nan", ".NaN", "inf", "nan", "Infinity", "NaN",
    "1 000", "\u0661", "½", "0 1", "12e03x", "-.", "..5",
)  # fmt: skip


@pytest.mark.parametrize(("text", "data"), READ)
def test_what_is_valid_is_read_as_in_yaml_1_2(text: str, data: object) -> None:
    found = plain(parse(text.encode(), format="yaml"))

    assert json.dumps(found, sort_keys=True) == json.dumps(data, sort_keys=True)


@pytest.mark.parametrize("text", REJECTED)
def test_what_is_invalid_or_ambiguous_is_rejected_with_its_line(text: str) -> None:
    body = f"# first\n{text}".encode()

    with pytest.raises(DocumentError) as caught:
        parse(body, format="yaml")

    assert re.search(r"\bline [2-5]\b", caught.value.summary)
    assert caught.value.hint


@pytest.mark.parametrize("text", TEXTS)
def test_a_scalar_that_versions_of_yaml_read_differently_is_text(text: str) -> None:
    assert parse(f"a: {text}".encode(), format="yaml") == {"a": text}


# The core schema of YAML 1.2.2, section 10.3.2.
CORE: tuple[tuple[str, Any], ...] = (
    (r"null|Null|NULL|~", {}.get),
    (r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda text: int(text, 8)),
    (r"0x[0-9a-fA-F]+", lambda text: int(text, 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?\.(inf|Inf|INF)", lambda text: float(text.replace(".", ""))),
)


def core(text: str) -> object:
    for pattern, read in CORE:
        if re.fullmatch(pattern, text):
            return read(text)
    return text


@given(
    st.one_of(
        st.text("0123456789+-._:eExXobinfaA~yYntrue", min_size=1, max_size=6),
        st.from_regex(r"\A[-+]?[0-9]{1,4}[.:_][0-9]{1,3}(e[0-9])?\Z"),
    )
)
@example("010")
@example("1_0")
@example("1:10")
@example("0x10")
@example("+10")
@example("1e1")
@example(".5")
def test_a_scalar_that_is_not_text_has_the_same_value_in_yaml_1_2_and_in_pyyaml(text: str) -> None:
    try:
        pyyaml = yaml.safe_load(f"[{text}]")
        found = plain(parse(f"[{text}]".encode(), format="yaml"))
    except (yaml.YAMLError, DocumentError, ValueError):
        return  # an indicator, such as -, or a date that does not exist

    if found != [text] and not isinstance(pyyaml[0], dict):  # 0: is a mapping
        assert found == [core(text)]
        assert pyyaml in (found, [text])


FRAGMENTS = st.sampled_from([
    *"a1:-?[]{},#&*!|>'\"%@`=~.\\ \n\t", "b: ", "- ", "? ", ": ", "  ", "&x ", "*x", "<<: ",
    "!!str ", "!!int ", "! ", " #", "|-\n", "0x1", "null", "---\n", "...\n", "%YAML 1.2\n",
    r"\ud83d", "1e400", "-0", "9" * 501, "\u2028", "\ufeff", "\x07", "\r\n",
])  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_every_text_becomes_json_data_or_is_rejected_with_its_line(text: str) -> None:
    error = ""

    try:
        data = plain(parse(text.encode(), format="yaml"))
    except DocumentError as caught:
        error = caught.summary

    if error:
        assert re.search(r"\bline \d|levels deep", error)
    else:
        json.dumps(data, allow_nan=False)
