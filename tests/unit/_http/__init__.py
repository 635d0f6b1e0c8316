"""Tests of appconfig_env._http."""
