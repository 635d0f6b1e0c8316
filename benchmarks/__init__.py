"""What the wrapper and the helper cost: `python -m benchmarks`, figures and never a test of time."""
