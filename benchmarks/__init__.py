"""What the wrapper and the helper cost: `python -m benchmarks`, never a test of time."""
