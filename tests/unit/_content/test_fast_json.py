"""JSON by the C code alone, compared with the json package: same values, texts and errors."""

from __future__ import annotations

import _json
import json
import math
import subprocess
import sys
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from appconfig_env._content import fast_json

from ...support.paths import ROOT
from ...support.pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Callable


def raising(error: type[Exception]) -> Callable[..., Any]:
    def fail(*arguments: object) -> object:
        raise error(arguments)

    return fail


def future_scanner(context: Any) -> object:
    return context.future_hook


def fake_module(**names: object) -> ModuleType:
    fake = ModuleType("_json")
    vars(fake).update(names)
    return fake


# The real C code, none, and variants that another Python might have.
NATIVES = [
    _json,
    None,
    ModuleType("empty"),
    fake_module(make_scanner=raising(TypeError), make_encoder=raising(TypeError)),
    fake_module(make_scanner=future_scanner, make_encoder=raising(AttributeError)),
    fake_module(
        make_scanner=_json.make_scanner,
        make_encoder=raising(TypeError),
        encode_basestring=_json.encode_basestring,
        encode_basestring_ascii=_json.encode_basestring_ascii,
    ),
]

any_text = st.text(st.characters(exclude_categories=[]), max_size=10)
plain_text = st.text(max_size=10)
numbers = st.one_of(
    st.integers(), st.integers(min_value=10**300, max_value=10**320), st.floats(), st.booleans()
)


def values(texts: st.SearchStrategy[str], keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.one_of(st.none(), numbers, texts),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=4).map(tuple),
            st.dictionaries(keys, inner, max_size=4),
        ),
        max_leaves=10,
    )


any_value = values(any_text, st.one_of(any_text, numbers, st.none()))
documents = values(plain_text, plain_text).map(json.dumps)
space = st.text(" \t\n\r", max_size=3)
odd_space = st.text(" \n\x0b\x0c\x1c\x85\xa0\u2028\ufeff\0", max_size=2)
fragments = st.sampled_from([
    *'{}[]:,"\\-+.eE/ \t\n\r\x0b\x0c\xa0\u2028\ufeff\ud800\udc00\x00\x1f\x7fé😀',
    "true", "false", "null", "nul", "True", "NaN", "Infinity", "-Infinity", "-Inf", "nan",
    "0", "1", "01", "-0", "-1", "1.", ".5", "1.5", "1e5", "1E+5", "1e", "1e999", "-1e999", "٣",
    '"a"', '"a":', '"a":1,', '"\\u0041"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ud83d\\u"',
    "\\u00g0", '"\\x"', '"a', "'a'", "//", "/* */", "[]", "{}", '{"a":1,"a":2}', "[1,]", '{"a":1,}',
    "[,]",
])  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(documents)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 3)))
    return text[:start] + draw(st.one_of(st.just(""), fragments)) + text[end:]


texts = st.one_of(
    any_text,
    st.lists(fragments, max_size=8).map("".join),
    st.tuples(space, documents, space).map("".join),
    st.tuples(odd_space, documents, odd_space).map("".join),
    st.tuples(fragments, documents).map("".join),
    st.tuples(documents, fragments).map("".join),
    st.tuples(documents, st.integers(0, 30)).map(lambda pair: pair[0][: pair[1]]),
    damaged(),
    st.tuples(st.sampled_from(["[", '{"a":', "[[],"]), st.integers(0, 60), any_text).map(
        lambda parts: parts[0] * parts[1] + parts[2]
    ),
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda n: "[" * n[0] + "]" * n[1]),
)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise LookupError("duplicate key")
    return dict(pairs)


DECODER_OPTIONS: list[dict[str, Any]] = [
    {},
    {"object_pairs_hook": list},
    {"object_pairs_hook": unique_keys},
    {"parse_float": Decimal},
    {"parse_float": str, "parse_constant": raising(LookupError)},
    {"object_pairs_hook": unique_keys, "parse_float": float, "parse_constant": str},
]


def outcome(call: Callable[..., object], *arguments: object, **options: object) -> object:
    """The result's repr, which tells 1, 1.0 and True apart and makes nan equal; or the error."""
    try:
        return repr(call(*arguments, **options))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        return type(error), str(error), vars(error)


@settings(max_examples=10 * settings().max_examples)
@given(texts)
@example("")
@example(" ")
@example("\ufeff1")
@example(" \ufeff1")
@example("1 \x00")
@example("1" * 4300)
@example("1" * 4301)
@example("-" + "1" * 5000)
@example("1." + "1" * 5000)
@example("1" * 5000 + ".0")
@example("[" * 100_000)
@example('{"a":' * 100_000)
@example('{"a":1,"a":2} x')
@example("[1e5] x")
def test_every_text_is_decoded_or_rejected_like_json_loads(text: str) -> None:
    for options in DECODER_OPTIONS:
        expected = outcome(json.loads, text, **options)
        for native in NATIVES:
            assert outcome(fast_json.decoder(native=native, **options), text) == expected
    assert outcome(fast_json.loads, text) == outcome(json.loads, text)


@given(st.one_of(st.binary(), texts.map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"")
@example(b'"\xff"')
@example(b'"\xed\xa0\x80"')
def test_bytes_in_utf8_are_decoded_or_rejected_like_json_loads(data: bytes) -> None:
    assume(json.detect_encoding(data) == "utf-8")
    assert outcome(fast_json.loads, data) == outcome(json.loads, data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_bytes_in_another_encoding_are_an_error(encoding: str) -> None:
    assert json.loads('{"a": 1}'.encode(encoding)) == {"a": 1}
    with pytest.raises(ValueError, match=r"utf-8|BOM|property name"):
        fast_json.loads('{"a": 1}'.encode(encoding))


@settings(max_examples=3 * settings().max_examples)
@given(any_value)
@example([math.nan, math.inf, -math.inf, -0.0, 1e16, 5e-324])
@example({None: 1, True: 2, 1.5: 3, 10**30: 4, "null": 5})
@example({"b": 1, 2: 2})
@example({(1, 2): 3})
@example([object()])
@example({"a": {1, 2}})
@example(b"bytes")
@example(10**5000)
def test_every_value_is_encoded_or_rejected_like_json_dumps(value: object) -> None:
    for bits in range(8):
        sort_keys, compact, ascii_only = bool(bits & 1), bool(bits & 2), bool(bits & 4)
        expected = outcome(
            json.dumps,
            value,
            sort_keys=sort_keys,
            separators=(",", ":") if compact else (", ", ": "),
            ensure_ascii=ascii_only,
        )
        for native in NATIVES:
            actual = outcome(
                fast_json.dumps,
                value,
                sort_keys=sort_keys,
                compact=compact,
                ascii_only=ascii_only,
                native=native,
            )
            assert actual == expected
    assert outcome(fast_json.dumps, value) == outcome(json.dumps, value)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), plain_text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(plain_text, inner, max_size=4)
    ),
    max_leaves=10,
)


@given(json_values, st.booleans(), st.booleans(), st.booleans())
def test_an_encoded_value_is_decoded_to_the_same_value(
    value: object, sort_keys: bool, compact: bool, ascii_only: bool
) -> None:
    text = fast_json.dumps(value, sort_keys=sort_keys, compact=compact, ascii_only=ascii_only)
    assert fast_json.loads(text) == value
    assert fast_json.loads(text.encode()) == value


@pytest.mark.parametrize("native", NATIVES)
def test_a_circular_reference_is_an_error(native: ModuleType | None) -> None:
    circular: list[object] = []
    circular.append({"self": circular})
    with pytest.raises((RecursionError, ValueError)):
        fast_json.dumps(circular, native=native)


COMPARE = r"""
import sys
if sys.argv[2:] == ["without"]:
    sys.modules["_json"] = None
sys.path.insert(0, sys.argv[1])
from appconfig_env._content import fast_json

def outcome(call, *arguments, **options):
    try:
        return repr(call(*arguments, **options))
    except (ValueError, TypeError, RecursionError) as error:
        return type(error).__name__, str(error), sorted(map(repr, vars(error).items()))

def pairs(members):
    return members

VALID = [
    "1", " -0 ", "1.5e3", "1e999", '"a"', '"\\ud83d\\ude00\\n"', '"\ud800"', "true", "null",
    "NaN", "[-Infinity, Infinity]", "[]", "{}", '\t[1, [2.0, {"a": [], "b": {}}]]\r\n',
    '{"a": 1, "a": 2}', "[" * 200 + "]" * 200, "1" * 4300,
]
INVALID = [
    "", " ", "nul", "[1,]", '{"a":1,}', "{,}", "[1 2]", '{"a" 1}', "{1: 2}", "1 2", "[]]", "-",
    "01", '"a', '"\\x"', '"\\u12"', '"\x01"', "\ufeff1", "\xa01", "1\x0b", "[" * 100000,
    "1" * 5000,
]
VALUES = [
    None, True, 0, -1.5, float("inf"), "a\u00e9\ud800\U0001f600\x7f\n", [], {}, [[], {}],
    {"b": [1, 2.0], "a": {"d": None, "c": ""}}, {1: 2, None: 3, True: 4, 1.5: 5}, (1, 2),
    {"b": 1, 2: 2}, {(): 1}, {1, 2}, 10**400,
]
OPTIONS = [
    {"sort_keys": sort_keys, "compact": compact, "ascii_only": ascii_only}
    for sort_keys in (False, True) for compact in (False, True) for ascii_only in (False, True)
]
decode = fast_json.decoder(object_pairs_hook=pairs, parse_float=str, parse_constant=str.lower)
decoded = [(outcome(fast_json.loads, text), outcome(decode, text)) for text in VALID]
encoded = [
    [outcome(fast_json.dumps, value, **options) for options in OPTIONS] for value in VALUES
]
if fast_json.accelerator:
    assert "json" not in sys.modules, "json was loaded"
rejected = []
for text in INVALID:
    both = []
    for call in (fast_json.loads, decode):
        # As if each were the first invalid text of its process: C checks whether json is loaded.
        for name in [name for name in sys.modules if name.startswith("json")]:
            del sys.modules[name]
        both.append(outcome(call, text))
    rejected.append(tuple(both))

import json
options = {"object_pairs_hook": pairs, "parse_float": str, "parse_constant": str.lower}
for text, (plain, hooked) in zip(VALID + INVALID, decoded + rejected):
    expected = outcome(json.loads, text), outcome(json.loads, text, **options)
    assert (plain, hooked) == expected, (text[:50], plain, hooked, expected)
for value, texts in zip(VALUES, encoded):
    for options, text in zip(OPTIONS, texts):
        expected = outcome(
            json.dumps, value, sort_keys=options["sort_keys"], ensure_ascii=options["ascii_only"],
            separators=(",", ":") if options["compact"] else (", ", ": "),
        )
        assert text == expected, (value, options, text, expected)
print(fast_json.accelerator is not None)
"""


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_has_the_expected_c_code(version: str) -> None:
    assert output_of(PYTHONS[version], "-I", "-S", "-c", COMPARE, str(ROOT)) == "True\n"


def test_a_python_without_the_c_code_behaves_the_same() -> None:
    assert output_of(sys.executable, "-c", COMPARE, str(ROOT), "without") == "False\n"
