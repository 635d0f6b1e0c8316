"""Leaves out the tests that need pydantic where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

OF_PYDANTIC = ["test_pydantic_model.py", "test_settings_model.py"]
collect_ignore = [] if find_spec("pydantic_settings") else OF_PYDANTIC
