"""Leaves out the tests that need pydantic where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("pydantic") else ["test_pydantic_types.py"]
