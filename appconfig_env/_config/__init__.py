"""The environment in, Settings out: every setting and reference; pure."""
