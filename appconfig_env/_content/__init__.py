"""Turns documents into variables and flags; pure."""
