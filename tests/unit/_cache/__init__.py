"""Tests of appconfig_env._cache."""
