"""Several parts together: real processes, sockets, imports."""
