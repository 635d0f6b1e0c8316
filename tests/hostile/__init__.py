"""Hostile input (bytes, names, responses), and the output that must never appear."""
