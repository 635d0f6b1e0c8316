"""The in-process API that a handler calls."""
