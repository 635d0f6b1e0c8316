"""Documents: what is secret, parsed once, equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import MOST_JOINED, Document, DocumentError, joined

CANARY = "c4n4ry"


def test_a_documents_repr_holds_no_value() -> None:
    document = Document(CANARY.encode(), parameters={"a": CANARY}, token=CANARY)
    assert CANARY not in repr(document)


def test_one_secret_parameter_makes_a_document_secret() -> None:
    assert not Document(parameters={"a": "1"}).is_secret
    assert Document(parameters={"a": "1"}, secret_parameters=frozenset("a")).is_secret
    assert Document(b"x", secret=True).is_secret


def test_a_document_is_parsed_once_and_only_on_demand() -> None:
    calls = []

    def parse(document: Document) -> object:
        calls.append(document)
        return len(calls)

    document = Document(b"x")
    assert [document.parsed(parse), document.parsed(parse)] == [1, 1]
    assert calls == [document]


def test_a_document_that_does_not_parse_is_not_parsed_again() -> None:
    calls = []

    def parse(document: Document) -> object:
        calls.append(document)
        raise DocumentError("line 1: no = after the name", "add it")

    document = Document(b"x")
    for _ in range(2):
        with pytest.raises(DocumentError, match=r"^line 1: no = after the name; add it$"):
            document.parsed(parse)
    assert calls == [document]


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([("a", "fix")], "a; fix"),
        ([("a", "fix"), ("b", "fix"), ("a", "fix")], "a; b; fix"),
        ([("a", "fix"), ("c", "cut")], "a; fix; c; cut"),
        ([("a", "fix"), ("c", "cut"), ("b", "fix")], "a; b; fix; c; cut"),
        ([("a", "fix"), ("a", "cut")], "a; fix; a; cut"),
    ],
)
def test_each_of_several_problems_is_followed_by_its_own_remedy(
    pairs: list[tuple[str, str]], text: str
) -> None:
    assert "; ".join(joined(DocumentError(*pair) for pair in pairs)) == text


def test_the_problems_in_one_error_are_limited() -> None:
    errors = [DocumentError(f"<{number}>", "fix") for number in range(MOST_JOINED + 2)]

    summary, hint = joined(errors)

    assert summary.endswith(f"<{MOST_JOINED - 1}>; and 2 more problems")
    assert hint == "fix"


documents = st.builds(
    Document,
    st.binary(max_size=3),
    version=st.sampled_from(["", "1"]),
    content_type=st.sampled_from(["", "text/plain"]),
    name=st.sampled_from(["", "1"]),
    parameters=st.none() | st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2),
)


@given(documents, documents)
def test_only_equal_documents_have_the_same_digest(one: Document, other: Document) -> None:
    def facts(document: Document) -> tuple[object, ...]:
        parameters = document.parameters
        listed = None if parameters is None else list(parameters.items())
        return document.body, listed or None, document.version, document.content_type, document.name

    assert (one.digest == other.digest) == (facts(one) == facts(other))


def test_where_parameters_begin_and_end_is_part_of_the_digest() -> None:
    one, other = Document(parameters={"ab": "c"}), Document(parameters={"a": "bc"})
    assert one.digest != other.digest


def test_documents_are_the_same_only_if_the_same_parts_are_secret() -> None:
    parameters = {"a": "1", "b": "2"}
    documents = [
        Document(parameters=parameters),
        Document(parameters=parameters, secret=True),
        Document(parameters=parameters, secret_parameters=frozenset("a")),
        Document(parameters=parameters, secret_parameters=frozenset("b")),
    ]
    for one in documents:
        assert [other for other in documents if one.is_same_as(other)] == [one]
        assert not one.is_same_as(None)
