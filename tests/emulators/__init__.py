"""The real runtime, AWS's emulator, and emulated services."""
