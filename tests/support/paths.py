"""Where the checkout is that the tests look at."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
