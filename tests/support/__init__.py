"""Shared by the tests: fakes, servers, the canary."""
