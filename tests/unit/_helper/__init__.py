"""Tests of appconfig_env._helper."""
