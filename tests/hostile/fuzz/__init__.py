"""Inputs nobody meant: what each parser of foreign bytes promises for all of them, and a corpus."""
