r"""JSON's corner cases: what RFC 8259 accepts, rejects and leaves to each parser.

The inputs are our own; their kinds are those of JSONTestSuite. What is read has the value that the
json package reads, and every error names the line. docs/documents.md describes the rest.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import parse, plain
from appconfig_env._content.variables import text_value

ACCEPTED = (
    # Structure.
    "{}", "[]", "[[]]", '{"":{}}', "[null]", "[[],{},[[]]]", '{"a":{"b":[{"c":null}]}}',
    " [ ] ", "\t{\n}\r\n", "[1\n,\r2\t,3 ]", '{ "a" : 1 , "b" : 2 }',
    # Scalars alone, which were not JSON before RFC 7159.
    "0", "-7", '"text"', '""', "true", "false", "null", " 1.5 ", '\n"x"\n',
    # Numbers.
    "[0]", "[-0]", "[-1]", "[0.5]", "[-0.0]", "[10]", "[1e5]", "[1E5]", "[1e+5]", "[1e-5]",
    "[0e0]", "[0E+1]", "[1.25e10]", "[0.00000000000000000000000000000000000000000001]",
    "[9007199254740993]", "[18446744073709551616]", "[-9223372036854775809]", "[1e308]",
    "[4.9e-324]", "[0.1000000000000000055511151231257827]", f"[{'7' * 600}]",
    # Strings.
    r'["\"\\\/\b\f\n\r\t"]', r'["\u0041"]', r'["\u00e9\u00E9"]', r'["\u0000"]', r'["\u0022"]',
    r'["\\u0041"]', r'["\ud83d\ude00"]', r'["\uD834\uDD1E"]', r'["a\u2028b"]', '["é"]', '["€𝄞"]',
    '["\u2028\u2029"]', '["\x7f"]', '["\ufeff"]', '["\uffff\U0010ffff"]', '["/* x */ // #"]',
    '[" \'`$\\\\"]', '["[1,{"]',
    # Names.
    '{"a b":1}', '{"":0}', r'{"\u0061":1}', r'{"a\u0000b":1}', '{"é":1,"e\u0301":2}',
    '{"a":1,"A":2}', '{"__proto__":1,"constructor":2}', '{"a.b":{"c":1},"a":{"b.c":2}}',
)  # fmt: skip

# Each on the second line, which every error must name.
REJECTED = (
    # Commas and colons.
    "[1,]", "[,1]", "[1,,2]", "[,]", "[1 2]", '["a" "b"]', '{"a":1,}', '{,"a":1}', '{"a":1,,}',
    '{"a" 1}', '{"a":}', '{"a"}', '{"a","b"}', "{:1}", '{"a"::1}', '["a":1]', '{"a":1 "b":2}',
    # Names.
    "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{[]:1}", '{"a":1,b:2}',
    # Brackets.
    "[", "{", "]", "}", "[1", '{"a":1', "[}", "{]", "[1}", '{"a":[1}', "[[]", "[1]]", '{"a":1}}',
    # More than one value, and what is not JSON.
    "1 2", "{} {}", "[] true", "{},", '{"a":1} x', "x", "tru", "True", "nil", "undefined", "None",
    "TRUE", "[nul]", "<a>", "a=1", "- 1", "#", "[1] # x", "/* x */ 1", "[1] // x", "{/**/}",
    # Numbers.
    "[+1]", "[01]", "[-01]", "[00]", "[1.]", "[.5]", "[-.5]", "[-]", "[--1]", "[1e]", "[1e+]",
    "[1.e1]", "[1.2.3]", "[1e1.5]", "[0x1F]", "[0b1]", "[0o7]", "[1_000]", "[1,000.5.1]", "[1 000]",
    "[1n]", "[1f]", "[- 1]", "[1e 5]", "[\uff11]", "[\u0661]", "[\u00bd]",
    "[NaN]", "[-NaN]", "[Infinity]", "[-Infinity]", "[+Infinity]", "[inf]", "[nan]", "[INF]",
    "NaNx", "[NaN1]", "[-Infinity0]", "1e999x", "[1e999-1]", f"[{'9' * 5000}x]", "[Infinit]",
    # Strings.
    '["a]', '["a', '"', "['a']", "[`a`]", '[a"]', '["a" + "b"]', '["a\tb"]', '["a\x00b"]',
    '["a\x1fb"]', '["a\nb"]', r'["\x41"]', r'["\a"]', r'["\0"]', r'["\u"]', r'["\u12"]',
    r'["\u123g"]', r'["\U0041"]', r'["\u 041"]', r'["\ud83d\u"]', '["\\', r'["\']', '["\\\u00e9"]',
    "[\u201ca\u201d]", r"[\u0022a\u0022]", r"\u005b1]", r'["\"]', r'["\\""]',
    # White space that JSON does not know.
    "[1\xa0]", "[\u20281]", "[\x0c]", "[\x0b1]", "[\u30001]", "[\ufeff]", "\x00", "[\x00]",
    # Accepted by RFC 8259, but not here: what is accepted must have one meaning.
    '{"a":1,"a":2}', '{"a":1,"a":1}', r'{"a":1,"\u0061":2}', '{"":1,"":2}', '[[{"k":0,"k":0}]]',
    "[1e309]", "[-1e309]", f"[{'9' * 320}.5]", "[1e99999]", f"[{'8' * 5000}]",
    "[" * 101 + "]" * 101, '{"a":' * 101 + "1" + "}" * 101, "[" * 50_000,
)  # fmt: skip

# RFC 8259 leaves these to each parser: the value of the variable, or a part of the error.
CHOSEN = (
    (b"\xef\xbb\xbf[1]", "[1]"),  # a byte order mark
    (b"[123456789012345678901234567890]", "[123456789012345678901234567890]"),
    (b"[0.1000000000000000000000000001]", "[0.1000000000000000000000000001]"),
    (b"[1e-400]", "[1e-400]"),  # numbers keep their text; as a float, it is 0.0
    (b"[-0]", "[-0]"),
    (b"[" * 100 + b"]" * 100, "[" * 100 + "]" * 100),
    (rb'["\ud83d"]', '["\ud83d"]'),  # read; but no variable can have it
    (rb'["\ude00\ud83d"]', '["\ude00\ud83d"]'),
    (rb'{"\udfaa":0}', '{"\udfaa":0}'),
    ("[1]".encode("utf-16"), "got UTF-16 text"),
    ("[1]".encode("utf-16-le"), "got UTF-16 text"),
    ("[1]".encode("utf-16-be"), "got UTF-16 text"),
    ('["é"]'.encode("utf-16-le"), "got UTF-16 text"),
    ("[1]".encode("utf-32"), "got UTF-32 text"),
    ("[1]".encode("utf-32-le"), "got UTF-32 text"),
    ("[1]".encode("utf-32-be"), "got UTF-32 text"),
    (b'\n["\xe9"]', "another encoding at line 2"),
    (b'\n["\xff"]', "another encoding at line 2"),
    (b'\n["\xc0\xaf"]', "another encoding at line 2"),  # an overlong /
    (b'\n["\xed\xa0\x80"]', "another encoding at line 2"),  # a surrogate
    (b'\n["\xf4\x90\x80\x80"]', "another encoding at line 2"),  # beyond U+10FFFF
    (b'\n["\xe2\x82"]', "another encoding at line 2"),  # cut off
    (b"\xef\xbb\n[1]", "another encoding at line 1"),  # half a byte order mark
    (b"", "got an empty document"),
    (b" \r\n\t", "got an empty document"),
    (b"\xef\xbb\xbf", "got an empty document"),
)


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_valid_has_the_value_that_the_json_package_reads(text: str) -> None:
    data = plain(parse(text.encode(), format="json"))

    assert repr(data) == repr(json.loads(text))


@pytest.mark.parametrize("text", REJECTED)
def test_what_is_invalid_or_ambiguous_is_rejected_with_its_line(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(b" \n" + text.encode(), format="json")

    assert re.search(r"\bline [23]\b", caught.value.summary)
    assert caught.value.hint


@pytest.mark.parametrize(("body", "expected"), CHOSEN)
def test_what_each_parser_decides_is_decided_as_documented(body: bytes, expected: str) -> None:
    try:
        found = text_value(parse(body, format="json"))
    except DocumentError as error:
        found = str(error)

    assert expected in found


FRAGMENTS = st.sampled_from([
    *'"{}[]:,-. \n\\ae1', '"a":', '"a"', "1e", "9" * 400, "9" * 5000, "NaN", "-Infinity", "null",
    "true", r"\u0061", r"\ud83d", "[" * 60, "/", "\x00", "é",
])  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_every_text_is_read_as_by_the_json_package_or_rejected_with_its_line(text: str) -> None:
    body = f" \n{text}".encode()
    error = ""

    try:
        data = plain(parse(body, format="json"))
    except DocumentError as caught:
        error = caught.summary

    if error:
        assert re.search(r"\bline [2-9]\b|\bline 1\d\b|empty document", error)
    else:
        assert repr(data) == repr(json.loads(text))
