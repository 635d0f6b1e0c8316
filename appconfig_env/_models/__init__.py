"""Binds dataclasses and pydantic models to variables; their attributes are refreshed values."""
