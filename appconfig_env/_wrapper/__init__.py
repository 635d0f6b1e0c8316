"""The exec wrapper: prefetch, set the variables, exec the runtime."""
