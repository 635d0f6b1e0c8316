"""Data that JSON can express, and the error of a document that cannot be parsed."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import parse

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


def error_of(body: bytes, content_type: str = "", format: str = "") -> str:  # noqa: A002
    with pytest.raises(DocumentError) as caught:
        parse(body, content_type, format)
    return str(caught.value)
