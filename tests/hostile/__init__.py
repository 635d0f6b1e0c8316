"""Input and output that nobody meant: hostile bytes, names, answers; what must never come out."""
