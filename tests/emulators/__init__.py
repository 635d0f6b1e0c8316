"""Tests with the real runtime client, AWS's emulator, and emulated services."""
