"""Tests of appconfig_env._wrapper."""
