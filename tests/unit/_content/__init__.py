"""Tests of appconfig_env._content."""
