"""Tests of appconfig_env._backends.aws."""
