"""Tests of appconfig_env.openfeature."""
