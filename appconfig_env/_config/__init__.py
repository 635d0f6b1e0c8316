"""Parses the environment into Settings: every setting and reference; pure."""
