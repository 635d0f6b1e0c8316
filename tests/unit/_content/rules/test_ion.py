"""Ion text: AWS's own samples, every kind of value, and errors that name the place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.ion import DEEPEST, LONGEST_NUMBER, parse
from appconfig_env._content.rules.moments import moment
from appconfig_env._content.rules.nodes import Node, PlacedError, place

# From "Samples for local development mode" in the AppConfig User Guide, with its commas at the end.
SAMPLE = """'colorway'::[
  [
    (contains $userId "beta"),
    '''{"_variant": "BetaTesters", "enabled": true, "background": "blue"}''',
  ],
  '''{"_variant": "default", "enabled": true, "background": "green"}''',
]

'button_color'::'''{"enabled": true, "color": "orange"}'''
"""


def plain(node: Node) -> Any:
    """Return a node as Python's values: names in a tuple of one, and expressions as tuples."""
    value = node.value
    if node.kind in ("list", "sexp"):
        value = [plain(one) for one in value]
        value = tuple(value) if node.kind == "sexp" else value
    elif node.kind == "struct":
        value = {name: plain(one) for name, one in value.items()}
    elif node.kind == "name":
        value = (value,)
    return {node.annotations: value} if node.annotations else value


def read(text: str) -> list[Any]:
    return [plain(node) for node in parse(text)]


def test_the_sample_of_aws_is_read() -> None:
    beta = (("contains",), ("$userId",), "beta")
    assert read(SAMPLE) == [
        {
            ("colorway",): [
                [beta, '{"_variant": "BetaTesters", "enabled": true, "background": "blue"}'],
                '{"_variant": "default", "enabled": true, "background": "green"}',
            ]
        },
        {("button_color",): '{"enabled": true, "color": "orange"}'},
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"apple"', "apple"),
        ('"Ḽơᶉëᶆ ȋṕšᶙṁ"', "Ḽơᶉëᶆ ȋṕšᶙṁ"),
        ("-7", -7),
        ("42", 42),
        ("3.14", 3.14),
        ("1.234e-5", 1.234e-5),
        ("5.", 5.0),
        ("1d3", 1000.0),
        ("0x1F", 31),
        ("-0b101", -5),
        ("1_000_000", 1000000),
        ("0", 0),
        ("-0.0", -0.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("null.string", None),
        ("2024-01", moment("2024-01")),
        ("2012-03-04T05:06:07-08:00", moment("2012-03-04T05:06:07-08:00")),
        ("$country", ("$country",)),
        ("'a b'", ("a b",)),
        ("''", ("",)),
        ("'it\\'s'", ("it's",)),
        ("trueish", ("trueish",)),
        ("null_", ("null_",)),
        ("'true'", ("true",)),
        ("'''a'''", "a"),
        ("'''a''' /* and */ '''b'''", "ab"),
        ("'''it's ''x'''", "it's ''x"),
        ("'''a\r\nb\rc'''", "a\nb\nc"),
        ('"\\n\\"\\\\\\/"', '\n"\\/'),
        ('"\\x41\\u00e9"', "Aé"),
        ('"\\U0001f600\\ud83d\\ude00"', "😀😀"),
        ('"a\\\nb"', "ab"),
        ("''''''", ""),
        ('[1, "a" ,]', [1, "a"]),
        ('["a" "b"]', ["a", "b"]),
        ("[]", []),
        ("()", ()),
        ("(split pct::10)", (("split",), {("pct",): 10})),
        ("a::'b'::1", {("a", "b"): 1}),
        ("a :: 1", {("a",): 1}),
        ("{}", {}),
        ("{a:1, 'b c':[x], \"d\":e::2,}", {"a": 1, "b c": [("x",)], "d": {("e",): 2}}),
    ],
)
def test_each_kind_of_value_is_read(text: str, value: object) -> None:
    assert read(text) == [value]
    assert type(read(text)[0]) is type(value)


def test_comments_space_and_the_version_are_left_out() -> None:
    assert read("$ion_1_0 // one\n /* two\n */ 1\t/**/2//") == [1, 2]
    assert read("") == read(" \n// nothing") == []
    assert read("[$ion_1_0]") == [[("$ion_1_0",)]]


@pytest.mark.parametrize(
    ("text", "where", "summary"),
    [
        ("(a", "line 1 column 1", "( is not closed"),
        ("[\n (", "line 2 column 2", "( is not closed"),
        (")", "line 1 column 1", ") without its beginning"),
        ("[1)", "line 1 column 3", "expected ], got )"),
        ("[,1]", "line 1 column 2", "a comma"),
        ("[1,,2]", "line 1 column 4", "a comma"),
        ("(a, b)", "line 1 column 3", "a comma"),
        ("1,", "line 1 column 2", "a comma"),
        ('"a', "line 1 column 1", '" is not closed'),
        ('"a\n"', "line 1 column 1", '" is not closed'),
        ("'a", "line 1 column 1", "' is not closed"),
        ("'''a''", "line 1 column 1", "''' is not closed"),
        ("1 /* a", "line 1 column 3", "/* is not closed"),
        ("a::", "line 1 column 1", "a name with ::"),
        ("1 a::b::", "line 1 column 3", "a name with ::"),
        ("[a::]", "line 1 column 5", "expected a value"),
        ("{a:}", "line 1 column 4", "expected a value"),
        ("{a 1}", "line 1 column 2", "expected a field"),
        ("{a::1}", "line 1 column 2", "expected a field"),
        ("{a:1 b:2}", "line 1 column 6", "expected a comma"),
        ("{a:1,a:2}", "line 1 column 6", "duplicate field 'a'"),
        ("{1:2}", "line 1 column 2", "expected a field"),
        ("{{aGk=}}", "line 1 column 1", "binary data"),
        ('"\\q"', "line 1 column 2", "an unknown escape"),
        ('"\\ud83d"', "line 1 column 2", "half of a surrogate"),
        ('"\\U00110000"', "line 1 column 2", "an escape beyond"),
        ("bob@x.com", "line 1 column 4", "expected a value"),
        ("012", "line 1 column 1", "expected a value"),
        ("+5", "line 1 column 1", "expected a value"),
        ("1e999", "line 1 column 1", "expected a value"),
        ("nan!", "line 1 column 4", "expected a value"),
        ("1__0", "line 1 column 1", "expected a value"),
        ("2024-02-30", "line 1 column 1", "expected a value"),
        ("12abc", "line 1 column 1", "expected a value"),
        ("9" * (LONGEST_NUMBER + 1), "line 1 column 1", "expected a value"),
        ("[" * (DEEPEST + 1), f"line 1 column {DEEPEST + 1}", f"more than {DEEPEST} levels"),
    ],
)
def test_an_error_names_the_place_and_no_value(text: str, where: str, summary: str) -> None:
    with pytest.raises(PlacedError) as raised:
        parse(text)

    assert place(text, raised.value.offset) == where
    assert raised.value.summary.startswith(summary)
    assert raised.value.hint


@given(st.text() | st.text("()[]{}'\",:/*\\ \n$a1-.T0et", max_size=30))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    offset = 0
    try:
        parse(text)
    except PlacedError as error:
        offset = error.offset

    assert 0 <= offset <= len(text)


def written(value: Any, comma: str) -> str:
    """Return a value as Ion text, in the form that `plain` returns."""
    if isinstance(value, tuple):
        return f"({' '.join(written(one, comma) for one in value)})"
    if isinstance(value, list):
        return f"[{comma.join(written(one, comma) for one in value)}]"
    if isinstance(value, dict):
        fields = [f"{written(name, comma)}: {written(one, comma)}" for name, one in value.items()]
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return (
            '"' + "".join(f"\\U{ord(one):08x}" if one in '"\\\n\r' else one for one in value) + '"'
        )
    return repr(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([", ", " ", " /* , */ ", ",\n// x\n"]))
def test_what_is_written_is_read_again(value: Any, comma: str) -> None:
    assert read(written(value, comma)) == [value]


def test_a_node_equals_the_same_value_elsewhere() -> None:
    (first,), (second,) = parse("(eq $a 1)"), parse(" ( eq $a /**/ 1 )")

    assert first == second
    assert first != parse("(eq $a 2)")[0]
    assert first != "(eq $a 1)"
    assert (second.start, second.end) == (1, 17)
    assert repr(parse('"c4n4ry"')[0]) == "<Node text at 0>"
