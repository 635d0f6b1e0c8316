"""Tests of appconfig_env._cli."""
