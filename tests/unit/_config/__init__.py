"""Tests of appconfig_env._config."""
