"""Fuzzing: what each parser of untrusted bytes guarantees for all inputs, and a corpus."""
