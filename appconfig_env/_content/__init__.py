"""A document in, variables and flags out; pure."""
