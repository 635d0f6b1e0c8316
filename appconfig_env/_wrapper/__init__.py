"""The exec wrapper: prefetch, set the variables, become the runtime."""
