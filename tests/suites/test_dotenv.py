"""Dotenv's dialects: python-dotenv's is the documented one, and what it would guess is an error.

Lines on which python-dotenv, Node, Ruby's dotenv, Docker's --env-file or a shell differ are read as
docs/documents.md describes, or rejected with their line.
"""

from __future__ import annotations

import io
import re

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import parse

# Lines that are read, the value, and what other dialects make of them.
READ = (
    # On these, all agree except Docker, which keeps quotes, escapes, and comments after values.
    ("A=1", "1"), ("A=", ""), ("A=a b", "a b"), ("A=a=b", "a=b"), ("A==", "="), ("A=''", ""),
    ('A=""', ""), ("A='a b'", "a b"), ('A="a b"', "a b"), ("A=it's", "it's"), ("A=-1.50", "-1.50"),
    ("A=a # b", "a"), ("A='a' # b", "a"), ('A="a" # b', "a"), ("A='a # b'", "a # b"),
    ('A="a # b"', "a # b"), ("export A=1", "1"), ("  A=1", "1"), ("A=1  ", "1"), ("A=é€😀", "é€😀"),
    ("A=http://x/?a=b&c=d", "http://x/?a=b&c=d"), ("A=/a:/b", "/a:/b"), ("A=a,b;c", "a,b;c"),
    ('A={"a": 1}', '{"a": 1}'), ("A='{\"a\": \"b\"}'", '{"a": "b"}'), ("A='a\nb'", "a\nb"),
    ('A="a\nb"', "a\nb"), (r'A="a\nb"', "a\nb"), (r"A='a\nb'", r"a\nb"), (r"A=a\nb", r"a\nb"),
    ('A="it\'s"', "it's"), ("A='say \"x\"'", 'say "x"'), ("A=1\r\n", "1"),
    # A shell and Ruby would not keep these; interpolation would be a template.
    ("A=$B", "$B"), ("A=${B}", "${B}"), ('A="${B:-c}"', "${B:-c}"), ("A=$(id)", "$(id)"),
    ('A="$(id)"', "$(id)"), ("A=~/a", "~/a"), ("A=a;b", "a;b"), (r'A="a\$b"', r"a\$b"),
    ("A=a*b?", "a*b?"), ("A=1 B=2", "1 B=2"), ("export A=1 B=2", "1 B=2"), ("A=$'a'", "$'a'"),
    ("A=(1 2)", "(1 2)"), ("A=a&b|c", "a&b|c"),
    # Spaces around = are not allowed in a shell, and part of the value for Docker.
    ("A = 1", "1"), ("A= 1", "1"), ("A =1", "1"), ("A\t=\t1", "1"), ("A = 'a'", "a"),
    # Node ends an unquoted value at each #, and so does Ruby if it is the first character.
    ("A=#1", "#1"), ("A=a#b", "a#b"), ("A=a#b # c", "a#b"), ("A=#", "#"),
    # Escapes: Node knows only \n, and other dialects none in single quotes.
    (r'A="a\tb"', "a\tb"), (r'A="a\"b"', 'a"b'), (r'A="a\\b"', r"a\b"), (r'A="a\qb"', r"a\qb"),
    (r"A='a\'b'", "a'b"), (r"A='a\\b'", r"a\b"), (r'A="C:\new"', "C:\new"),
    (r"A='C:\new'", r"C:\new"), (r"A=C:\new", r"C:\new"), (r'A="\u0041\x41"', r"\u0041\x41"),
    (r"A=a\ b", r"a\ b"),
    # Quotes that do not begin a value are a part of it.
    ("A=a'b'", "a'b'"), ('A=a"b"', 'a"b"'), ("A=a`b`", "a`b`"), (r"A=\'a\'", r"\'a\'"),
    ("A=\u201ca\u201d", "\u201ca\u201d"), ("A='`a`'", "`a`"), ('A="`a`"', "`a`"),
)  # fmt: skip

# Each on the second line, which every error must name.
REJECTED = (
    # Not NAME=value: a name alone (Docker takes the value from its own environment), and others.
    "A", "export A", "A 1", "A: 1", "=1", " = 1", "set A=1", "A B=1", "1", "...", "A:1",
    "export A B", "unset A", "-----END KEY-----", "source x", "[section]", '{"A": 1}',
    # Text after the closing quote, which Node drops and a shell appends.
    "A='a' b", 'A="a" b', "A='a'b", 'A="a"b', "A='a''b'", "A='a'\"b\"", 'A="""a"""', "A='''a'''",
    "A='it''s'", r"A='a'\''b'",
    # Quotes that are not closed, which Node would keep.
    "A='", 'A="', "A='a", 'A="a', r'A="a\"', r"A='a\'", "A='a\n# b\nB=1",
    # Quotes of other dialects, which python-dotenv would keep.
    "A=`a`", "A= `a`", "export A=`a # b`", "A=`a\nb`", "A=`", "A=``", "A=\xa0`a`",
    "'A'=1", '"A"=1', "export 'A'=1", "'A B'=1",
    # A comment that begins in quotes.
    "A=a 'b # c'", 'A=--x="a # b"', "A=x`a # b`",
)  # fmt: skip

# The same on the third line or later.
REJECTED_LATER = (
    # Names that come twice: some dialects use the first value, some the last.
    ("B=1\nB=2", 3), ("B=1\nexport B=1", 3), ("B=1\n\n# x\nB=", 5), ("B=1\r\n\r\nB=2", 4),
    # Continued lines.
    ("A=a \\\n  b", 3), ("A=1\n\n\nb", 5),
)  # fmt: skip


@pytest.mark.parametrize(("line", "value"), READ)
def test_a_pair_is_read_as_documented_and_as_by_python_dotenv(line: str, value: str) -> None:
    assert parse(line.encode(), format="dotenv") == {"A": value}
    assert dotenv_values(stream=io.StringIO(line), interpolate=False) == {"A": value}


@pytest.mark.parametrize(("lines", "line"), [*((lines, 2) for lines in REJECTED), *REJECTED_LATER])
def test_what_dialects_read_differently_is_rejected_with_its_line(lines: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(f"# first\n{lines}\n".encode(), format="dotenv")

    assert re.search(rf"\bline {line}\b", caught.value.summary)
    assert caught.value.hint


@given(st.text("AB=\"'`# \n\t\\$xé\x0b\u2028\xa0", max_size=20))
def test_what_is_read_is_what_python_dotenv_reads(text: str) -> None:
    error = ""

    try:
        found = parse(text.encode(), format="dotenv")
    except DocumentError as caught:
        error = caught.summary

    if error:
        assert re.search(r"\blines? \d", error)
    elif not re.search(r"=\s+#", text):  # which versions of python-dotenv read differently
        assert found == dotenv_values(stream=io.StringIO(text), interpolate=False)
